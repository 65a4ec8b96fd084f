/*
 * Reading: manifests, blobs, lists. Each host that may answer is asked in turn; the error told is
 * that of the last, which is the registry itself.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/registry/operation.h"
#include "cmd/registry/url.h"
#include "spec/oci_image.h"

enum {
    OPERATION_LIST_MAX = 4 * 1024 * 1024,
    OPERATION_GETS_ON = 64 * 1024, /* a try that brings so much does not count as one */
};

bool operation_name_valid(const char *name)
{
    if (oci_digest_is_valid(name))
        return true;
    size_t length = name ? strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_.-")
                         : 0;
    return length > 0 && length <= 128 && name[length] == '\0' && *name != '.' && *name != '-';
}

typedef struct OperationSink {
    int fd;
    int64_t from;     /* where this try was to begin */
    int64_t received; /* in this try */
    int64_t written;  /* in all tries */
} OperationSink;

/* A server may answer a Range with the whole: what we have already is passed over. */
static int operation_write(void *context, long status, const void *data, size_t size)
{
    OperationSink *sink = context;
    int64_t skip = status == 206 ? 0 : sink->from - sink->received;
    sink->received += (int64_t)size;
    if (skip > 0) {
        size_t skipped = (int64_t)size < skip ? size : (size_t)skip;
        data = (const char *)data + skipped;
        size -= skipped;
    }
    int r = size == 0 ? 0 : fd_write_all(sink->fd, data, size);
    if (r == 0)
        sink->written += (int64_t)size;
    return r;
}

static int operation_need_fd(const OperationContext *context, Error *error)
{
    return context->fd >= 0 ? 0 : error_set(error, ERROR_USAGE, EBADF, "a descriptor is missing");
}

static void operation_tell(OperationContext *context, const Host *host,
                           const ExchangeAnswer *answer)
{
    RegistryReply *reply = context->reply;
    reply->media_type = answer->content_type;
    if (answer->content_type) /* without parameters: "; charset=utf-8" */
        reply->media_type = arena_strndup(context->caller.arena, answer->content_type,
                                          strcspn(answer->content_type, "; \t"));
    reply->digest = oci_digest_is_valid(answer->digest) ? answer->digest : NULL;
    reply->size = answer->received > 0 || answer->length < 0 ? answer->received : answer->length;
    reply->source = host->name;
}

/*** Documents: small, kept in memory, and only a whole one is handed on. ***/

static void operation_accept(OperationContext *context, CallRequest *call)
{
    for (const char *const *type = oci_media_accepted(); *type; type++)
        strlist_append(context->caller.arena, &call->headers,
                       arena_printf(context->caller.arena, "Accept: %s", *type));
}

static int operation_document_of(OperationContext *context, Host *host, const CallRequest *call,
                                 const char *what, ExchangeAnswer *answer, Error *error)
{
    int r = call_repeat(&context->caller, host, call, answer, error);
    if (r == 0)
        r = answer_check(host, answer, what, context->caller.arena, error);
    if (r < 0 || context->fd < 0)
        return r;
    r = fd_write_all(context->fd, answer->text, strlen(answer->text));
    return r < 0 ? error_errno(error, r, "%s", what) : 0;
}

static bool operation_asks(const OperationContext *context, const Host *host)
{
    bool by_digest = oci_digest_is_valid(context->request->name) || context->request->digest;
    return host->pull && (by_digest || host->resolve);
}

/* Every host that may, until one answers. */
static int operation_document(OperationContext *context, const CallRequest *call, const char *what,
                              Error *error)
{
    const HostList *hosts = &context->caller.session->hosts;
    int r = error_set(error, ERROR_NOT_FOUND, EHOSTUNREACH, "%s: no host may be asked", what);
    for (size_t i = 0; i < hosts->count; i++) {
        ExchangeAnswer answer;
        if (!operation_asks(context, hosts->items[i]))
            continue;
        error_clear(error);
        r = operation_document_of(context, hosts->items[i], call, what, &answer, error);
        if (r < 0)
            continue;
        operation_tell(context, hosts->items[i], &answer);
        if (answer.link && strstr(answer.link, "rel=\"next\""))
            context->reply->next = answer.link;
        return 0;
    }
    return r;
}

static int operation_get_manifest(OperationContext *context, const char *method, Error *error)
{
    Arena *arena = context->caller.arena;
    const char *name = context->request->name;
    if (!operation_name_valid(name))
        return error_set(error, ERROR_USAGE, EINVAL, "neither a tag nor a digest");
    CallRequest call = {
        .method = method,
        .path = arena_printf(arena, "/manifests/%s", name),
        .body_fd = -1,
        .body_max = OCI_MAX_DOCUMENT_BYTES,
    };
    operation_accept(context, &call);
    return operation_document(context, &call, arena_printf(arena, "manifest %s", name), error);
}

int operation_manifest(OperationContext *context, Error *error)
{
    int r = operation_need_fd(context, error);
    return r < 0 ? r : operation_get_manifest(context, "GET", error);
}

int operation_resolve(OperationContext *context, Error *error)
{
    return operation_get_manifest(context, "HEAD", error);
}

/*** Blobs: handed on as they come; a broken transfer continues where it broke. ***/

static int operation_blob_once(OperationContext *context, Host *host, OperationSink *sink,
                               ExchangeAnswer *answer, Error *error)
{
    Arena *arena = context->caller.arena;
    const RegistryRequest *request = context->request;
    sink->from = request->offset + sink->written;
    sink->received = 0;
    CallRequest call = {
        .method = "GET",
        .path = arena_printf(arena, "/blobs/%s", request->digest),
        .body_fd = -1,
        .sink = operation_write,
        .sink_context = sink,
        .body_max = request->size,
    };
    if (sink->from > 0)
        strlist_append(arena, &call.headers,
                       arena_printf(arena, "Range: bytes=%lld-", (long long)sink->from));
    return call_run(&context->caller, host, &call, answer, NULL, error);
}

static int operation_blob_of(OperationContext *context, Host *host, OperationSink *sink,
                             Error *error)
{
    ExchangeAnswer answer;
    AnswerRetry retry = { .open = &context->caller.session->open };
    int r;
    do {
        int64_t before = sink->written;
        error_clear(error);
        r = operation_blob_once(context, host, sink, &answer, error);
        if (sink->written - before >= OPERATION_GETS_ON)
            retry.tries = 0;
    } while (answer_again(&retry, r, &answer));
    if (r == 0)
        r = answer_check(host, &answer, context->request->digest, context->caller.arena, error);
    if (r < 0)
        return r;
    operation_tell(context, host, &answer);
    context->reply->size = sink->written;
    return 0;
}

int operation_blob(OperationContext *context, Error *error)
{
    const HostList *hosts = &context->caller.session->hosts;
    OperationSink sink = { .fd = context->fd };
    int r = operation_need_fd(context, error);
    if (r == 0 && !context->request->digest)
        r = error_set(error, ERROR_USAGE, EINVAL, "a digest is missing");
    if (r < 0)
        return r;
    for (size_t i = 0; i < hosts->count; i++) {
        if (!hosts->items[i]->pull)
            continue;
        error_clear(error);
        r = operation_blob_of(context, hosts->items[i], &sink, error);
        if (r == 0 || r == -ECANCELED)
            return r;
    }
    return r;
}

/*** Lists. ***/

/* A page's query as a registry gave it; nothing that would change the path. */
static bool operation_query_valid(const char *query)
{
    return strlen(query) < 2048 && query[strcspn(query, " #\r\n\t\\\"<>")] == '\0';
}

/* <...?QUERY>; rel="next" */
static void operation_next_page(OperationContext *context)
{
    RegistryReply *reply = context->reply;
    const char *begin = reply->next ? strchr(reply->next, '?') : NULL;
    reply->next =
        begin ? arena_strndup(context->caller.arena, begin + 1, strcspn(begin + 1, ">")) : NULL;
}

int operation_tags(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    const char *query = context->request->query;
    if (query && !operation_query_valid(query))
        return error_set(error, ERROR_CORRUPT, EPROTO, "the registry's next page is not valid");
    CallRequest call = {
        .method = "GET",
        .path = arena_printf(arena, "/tags/list%s%s", query ? "?" : "", query ? query : ""),
        .body_fd = -1,
        .body_max = OPERATION_LIST_MAX,
    };
    int r = operation_need_fd(context, error);
    if (r == 0)
        r = operation_document(context, &call, "list of tags", error);
    if (r < 0)
        return r;
    operation_next_page(context);
    return 0;
}

int operation_referrers(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    const RegistryRequest *request = context->request;
    const char *query = request->query;
    if (!request->digest || (query && !operation_query_valid(query)))
        return error_set(error, ERROR_USAGE, EINVAL, "referrers: neither a digest nor a page");
    if (!query && request->name)
        query = arena_printf(arena, "artifactType=%s", url_escape(request->name, arena));
    CallRequest call = {
        .method = "GET",
        .path = arena_printf(arena, "/referrers/%s%s%s", request->digest, query ? "?" : "",
                             query ? query : ""),
        .body_fd = -1,
        .body_max = OPERATION_LIST_MAX,
    };
    int r = operation_need_fd(context, error);
    if (r == 0)
        r = operation_document(context, &call, "referrers", error);
    if (r != -ENOENT) {
        operation_next_page(context);
        return r;
    }
    /* distribution-spec, "Unavailable Referrers API": an index under a tag made of the digest. */
    error_clear(error);
    call.path = arena_printf(arena, "/manifests/sha256-%s", oci_digest_hex(request->digest));
    operation_accept(context, &call);
    return operation_document(context, &call, "referrers", error);
}

int operation_search(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    const RegistryRequest *request = context->request;
    Host *host = context->caller.session->hosts.items[context->caller.session->hosts.count - 1];
    CallRequest call = {
        .method = "GET",
        .path = arena_printf(arena, "/v1/search?q=%s&n=%lld",
                             url_escape(request->name ? request->name : "", arena),
                             (long long)request->size),
        .whole_host = true,
        .body_fd = -1,
        .body_max = OPERATION_LIST_MAX,
    };
    ExchangeAnswer answer;
    int r = operation_need_fd(context, error);
    if (r == 0)
        r = operation_document_of(context, host, &call, "search", &answer, error);
    if (r != -ENOENT)
        return r;
    /* A registry without a search lists what it has; who asked looks through it. */
    error_clear(error);
    call.path = "/_catalog?n=1000";
    call.whole_host = false;
    call.whole_registry = true;
    return operation_document_of(context, host, &call, "list of repositories", &answer, error);
}

int operation_login(OperationContext *context, Error *error)
{
    const HostList *hosts = &context->caller.session->hosts;
    Host *host = hosts->items[hosts->count - 1];
    CallRequest call = {
        .method = "GET",
        .path = "/",
        .whole_registry = true,
        .login = true,
        .body_fd = -1,
        .body_max = OPERATION_LIST_MAX,
    };
    ExchangeAnswer answer;
    int r =
        call_run(&context->caller, host, &call, &answer, &context->reply->identity_token, error);
    if (r == 0 && answer.status == 401)
        return error_set(error, ERROR_DENIED, EACCES, "%s: the user name or the password is wrong",
                         host->name);
    return r < 0 ? r : answer_check(host, &answer, "login", context->caller.arena, error);
}
