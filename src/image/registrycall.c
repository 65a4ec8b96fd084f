/*
 * Both sides of the socket. The trap: a body comes through a pipe while its answer comes through
 * the socket; who reads one and not the other waits for ever, unless, as here, the body is bounded
 * and read first: the far side closes its end before it answers.
 */
#include "image/registrycall.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/field.h"
#include "spec/oci_image.h"

static const JsonLimits registrycall_limits = { .bytes = REGISTRYCALL_MESSAGE_MAX,
                                                .depth = 8,
                                                .values = 4096 };

static const Field open_fields[] = {
    FIELD_STR(RegistryOpen, "domain", domain, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STR(RegistryOpen, "repository", repository, 0),
    FIELD_STR(RegistryOpen, "suffix", suffix, 0),
    FIELD_BOOL(RegistryOpen, "push", push, 0),
    FIELD_STRLIST(RegistryOpen, "mountFrom", mount_from, 0),
    FIELD_BOOL(RegistryOpen, "insecure", insecure, 0),
    FIELD_BOOL(RegistryOpen, "direct", direct, 0),
    FIELD_I64(RegistryOpen, "tries", tries, 0, FIELD_RANGE(0, REGISTRYCALL_TRIES_MAX)),
    FIELD_I64(RegistryOpen, "retryDelayMs", retry_delay_ms, 0,
              FIELD_RANGE(0, REGISTRYCALL_DELAY_MAX_MS)),
    FIELD_STR(RegistryOpen, "certificates", certificates, 0),
    FIELD_STR(RegistryOpen, "authFile", auth_file, 0),
    FIELD_STR(RegistryOpen, "username", username, 0),
    FIELD_STR(RegistryOpen, "password", password, 0),
    FIELD_STR(RegistryOpen, "identityToken", identity_token, 0),
};
static const FieldTable open_table =
    FIELD_DOCUMENT(RegistryOpen, open_fields, &registrycall_limits);

static const char *const registrycall_operations[] = {
    [REGISTRY_MANIFEST] = "manifest",   [REGISTRY_RESOLVE] = "resolve", [REGISTRY_BLOB] = "blob",
    [REGISTRY_TAGS] = "tags",           [REGISTRY_SEARCH] = "search",   [REGISTRY_LOGIN] = "login",
    [REGISTRY_REFERRERS] = "referrers", [REGISTRY_EXISTS] = "exists",   [REGISTRY_MOUNT] = "mount",
    [REGISTRY_UPLOAD] = "upload",       [REGISTRY_PUT] = "put",         NULL,
};

static const Field request_fields[] = {
    FIELD_I32(RegistryRequest, "id", id, FIELD_REQUIRED, FIELD_RANGE(1, INT32_MAX)),
    FIELD_ENUM(RegistryRequest, "operation", operation, FIELD_REQUIRED, registrycall_operations),
    FIELD_STR(RegistryRequest, "name", name, 0),
    FIELD_STR(RegistryRequest, "digest", digest, 0, .check = oci_digest_check),
    FIELD_STR(RegistryRequest, "mediaType", media_type, 0),
    FIELD_STR(RegistryRequest, "query", query, 0),
    FIELD_I64(RegistryRequest, "offset", offset, 0, FIELD_RANGE(0, INT64_MAX)),
    FIELD_I64(RegistryRequest, "size", size, 0, FIELD_RANGE(0, INT64_MAX)),
};
static const FieldTable request_table =
    FIELD_DOCUMENT(RegistryRequest, request_fields, &registrycall_limits);

static const Field failure_fields[] = {
    FIELD_STR(RegistryFailure, "kind", kind, FIELD_REQUIRED),
    FIELD_I32(RegistryFailure, "code", code, FIELD_REQUIRED, FIELD_RANGE(1, 4095)),
    FIELD_STR(RegistryFailure, "message", message, FIELD_REQUIRED),
};
static const FieldTable failure_table = FIELD_TABLE(RegistryFailure, failure_fields);

static const Field reply_fields[] = {
    FIELD_I32(RegistryReply, "id", id, FIELD_REQUIRED, FIELD_RANGE(0, INT32_MAX)),
    FIELD_BOOL(RegistryReply, "done", done, 0),
    FIELD_OBJECT(RegistryReply, "failure", failure, 0, &failure_table),
    FIELD_I64(RegistryReply, "bytes", bytes, 0, FIELD_RANGE(0, INT64_MAX)),
    FIELD_STR(RegistryReply, "mediaType", media_type, 0),
    FIELD_STR(RegistryReply, "digest", digest, 0, .check = oci_digest_check),
    FIELD_I64(RegistryReply, "size", size, 0, FIELD_RANGE(0, INT64_MAX)),
    FIELD_BOOL(RegistryReply, "found", found, 0),
    FIELD_STR(RegistryReply, "next", next, 0),
    FIELD_STR(RegistryReply, "identityToken", identity_token, 0),
    FIELD_STR(RegistryReply, "source", source, 0),
};
static const FieldTable reply_table =
    FIELD_DOCUMENT(RegistryReply, reply_fields, &registrycall_limits);

static int registrycall_send(int socket, const FieldTable *table, const void *message, int fd,
                             Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(table, message, false, &text);
    if (text.length > REGISTRYCALL_MESSAGE_MAX)
        return error_set(error, ERROR_LIMIT, EMSGSIZE, "a message to ambit-registry is too long");
    int r = fd_send(socket, text.data, text.length, &fd, fd >= 0 ? 1 : 0);
    return r < 0 ? error_errno(error, r, "ambit-registry") : 0;
}

void registrycall_name(RegistryOpen *open, const Reference *reference, Arena *arena)
{
    open->domain = reference->domain;
    open->repository = reference->path;
    open->suffix = reference->digest ? arena_printf(arena, "@%s", reference->digest)
                   : reference->tag  ? arena_printf(arena, ":%s", reference->tag)
                                     : NULL;
}

int registrycall_send_open(int socket, const RegistryOpen *open, Error *error)
{
    return registrycall_send(socket, &open_table, open, -1, error);
}

int registrycall_send_request(int socket, const RegistryRequest *request, int fd, Error *error)
{
    return registrycall_send(socket, &request_table, request, fd, error);
}

int registrycall_send_reply(int socket, const RegistryReply *reply, Error *error)
{
    return registrycall_send(socket, &reply_table, reply, -1, error);
}

static int registrycall_receive(int socket, const FieldTable *table, Arena *arena, void *ret,
                                int *ret_fd, Error *error)
{
    char *text CLEANUP(mem_freep) = mem_alloc(REGISTRYCALL_MESSAGE_MAX);
    int fd CLEANUP(fd_closep) = -1;
    size_t count = ret_fd ? 1 : 0;
    ssize_t n = fd_receive(socket, text, REGISTRYCALL_MESSAGE_MAX, &fd, &count);
    if (n == -ECONNRESET)
        n = 0;
    if (n <= 0)
        return n < 0 ? error_errno(error, (int)n, "ambit-registry") : 0;
    int r = field_parse(table, text, (size_t)n, arena, ret, error);
    if (r < 0)
        return error_wrap(error, "ambit-registry");
    if (ret_fd)
        *ret_fd = count == 1 ? TAKE_FD(fd) : -1;
    return 1;
}

int registrycall_receive_open(int socket, Arena *arena, RegistryOpen *ret, Error *error)
{
    return registrycall_receive(socket, &open_table, arena, ret, NULL, error);
}

int registrycall_receive_request(int socket, Arena *arena, RegistryRequest *ret, int *ret_fd,
                                 Error *error)
{
    return registrycall_receive(socket, &request_table, arena, ret, ret_fd, error);
}

int registrycall_receive_reply(int socket, Arena *arena, RegistryReply *ret, Error *error)
{
    return registrycall_receive(socket, &reply_table, arena, ret, NULL, error);
}

int registrycall_failure(const RegistryReply *reply, Error *error)
{
    if (!reply->failure)
        return 0;
    return error_set(error, error_kind_named(reply->failure->kind), reply->failure->code, "%s",
                     reply->failure->message);
}

/* Sends with the writing end of a pipe, of which the reading end is returned; -1 without a body. */
static int registrycall_start(int socket, const RegistryRequest *request, bool has_body,
                              int *ret_fd, Error *error)
{
    int ends[2] = { -1, -1 };
    if (has_body && pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    int r = registrycall_send_request(socket, request, ends[1], error);
    fd_close(ends[1]);
    if (r < 0)
        fd_close(ends[0]);
    else
        *ret_fd = ends[0];
    return r;
}

int registrycall_ask(int socket, const RegistryRequest *request, RegistryBody *ret_body,
                     Arena *arena, RegistryReply *ret_reply, Error *error)
{
    RegistryReply reply = { 0 };
    int fd CLEANUP(fd_closep) = -1;
    int r = registrycall_start(socket, request, ret_body != NULL, &fd, error);
    if (r < 0)
        return r;
    int body =
        fd < 0 ? 0 : fd_read_all(fd, ret_body->limit, arena, &ret_body->data, &ret_body->size);
    fd_closep(&fd); /* or who sends more than we take would wait for ever */
    do {
        r = registrycall_receive_reply(socket, arena, &reply, error);
        if (r == 0)
            r = error_set(error, ERROR_SYSTEM, EPIPE, "ambit-registry ended without an answer");
        if (r < 0)
            return r;
    } while (reply.id != request->id || !reply.done);
    if (body == -EFBIG)
        return error_set(error, ERROR_LIMIT, EFBIG,
                         "the registry's answer is larger than %zu bytes", ret_body->limit);
    if (body < 0)
        return error_errno(error, body, "read the registry's answer");
    *ret_reply = reply;
    return registrycall_failure(&reply, error);
}
