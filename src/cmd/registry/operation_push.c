/*
 * Writing: distribution-spec, "Push". The registry gives the addresses that an upload continues at;
 * they are followed only where they are the registry's own.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/registry/operation.h"
#include "cmd/registry/url.h"
#include "spec/oci_image.h"

enum {
    OPERATION_CHUNK = 64 * 1024 * 1024,
    OPERATION_PROGRESS_STEP = 256 * 1024,
    OPERATION_STRAYS = 3,
};

static Host *operation_target(const OperationContext *context)
{
    const HostList *hosts = &context->caller.session->hosts;
    return hosts->items[hosts->count - 1];
}

static int operation_need_digest(const OperationContext *context, Error *error)
{
    return context->request->digest ? 0
                                    : error_set(error, ERROR_USAGE, EINVAL, "a digest is missing");
}

int operation_exists(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    Host *host = operation_target(context);
    ExchangeAnswer answer;
    int r = operation_need_digest(context, error);
    if (r < 0)
        return r;
    CallRequest call = {
        .method = "HEAD",
        .path = arena_printf(arena, "/blobs/%s", context->request->digest),
        .body_fd = -1,
    };
    r = call_repeat(&context->caller, host, &call, &answer, error);
    if (r == 0 && answer.status == 404)
        return 0;
    if (r == 0)
        r = answer_check(host, &answer, context->request->digest, arena, error);
    context->reply->found = r == 0;
    return r;
}

/*** An upload. ***/

typedef struct OperationUpload {
    OperationContext *context;
    Host *host;
    const char *location; /* where it continues; NULL: it has not begun */
    int64_t chunk, offset, told;
    int result; /* of the last request, and its answer */
    ExchangeAnswer answer;
} OperationUpload;

static int operation_take_location(OperationUpload *upload, const ExchangeAnswer *answer,
                                   Error *error)
{
    if (!answer->location || !url_is_clean(answer->location) ||
        !url_has_authority(answer->location, upload->host->authority))
        return error_set(error, ERROR_CORRUPT, EPROTO,
                         "%s sends the upload to another place, which is not followed",
                         upload->host->name);
    upload->location = answer->location;
    return 0;
}

/* 1: the blob is there already (mounted), 0: an upload was opened. */
static int operation_begin(OperationUpload *upload, const char *query, Error *error)
{
    Arena *arena = upload->context->caller.arena;
    ExchangeAnswer answer;
    CallRequest call = {
        .method = "POST",
        .path = arena_printf(arena, "/blobs/uploads/%s", query),
        .body = "",
        .body_fd = -1,
        .body_max = EXCHANGE_TEXT_MAX,
    };
    int r = call_repeat(&upload->context->caller, upload->host, &call, &answer, error);
    if (r == 0)
        r = answer_check(upload->host, &answer, "upload", arena, error);
    if (r < 0)
        return r;
    if (answer.status == 201)
        return 1;
    uint64_t least;
    upload->chunk = OPERATION_CHUNK;
    if (answer.chunk_min && str_to_u64(answer.chunk_min, &least) == 0 && least > OPERATION_CHUNK)
        upload->chunk = least < INT64_MAX ? (int64_t)least : INT64_MAX;
    return operation_take_location(upload, &answer, error);
}

int operation_mount(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    OperationUpload upload = { .context = context, .host = operation_target(context) };
    int r = operation_need_digest(context, error);
    if (r < 0)
        return r;
    const char *query =
        arena_printf(arena, "?mount=%s&from=%s", url_escape(context->request->digest, arena),
                     url_escape(context->request->name ? context->request->name : "", arena));
    r = operation_begin(&upload, query, error);
    if (r == 0) { /* not mounted: what it opened instead is not used */
        ExchangeAnswer answer;
        CallRequest call = {
            .method = "DELETE", .url = upload.location, .body_fd = -1, .body_max = EXCHANGE_TEXT_MAX
        };
        (void)!call_run(&context->caller, upload.host, &call, &answer, NULL, NULL);
    }
    context->reply->found = r == 1;
    return r < 0 ? r : 0;
}

static void operation_progress(void *context, int64_t sent)
{
    OperationUpload *upload = context;
    int64_t now = upload->offset + sent;
    if (now - upload->told < OPERATION_PROGRESS_STEP && now != upload->context->request->size)
        return;
    upload->told = now;
    RegistryReply reply = { .id = upload->context->request->id, .bytes = now };
    (void)!registrycall_send_reply(upload->context->socket, &reply, NULL);
}

/* Bytes from upload->offset on: a chunk (PATCH), or the rest with the digest (PUT). */
static int operation_send(OperationUpload *upload, bool last, Error *error)
{
    OperationContext *context = upload->context;
    Arena *arena = context->caller.arena;
    int64_t rest = context->request->size - upload->offset;
    int64_t size = last ? rest : upload->chunk;
    CallRequest call = {
        .method = last ? "PUT" : "PATCH",
        .url = last ? arena_printf(arena, "%s%cdigest=%s", upload->location,
                                   strchr(upload->location, '?') ? '&' : '?',
                                   url_escape(context->request->digest, arena))
                    : upload->location,
        .body_fd = context->fd,
        .body_offset = upload->offset,
        .body_size = size,
        .body_max = EXCHANGE_TEXT_MAX,
        .progress = operation_progress,
        .progress_context = upload,
    };
    strlist_append(arena, &call.headers, "Content-Type: application/octet-stream");
    if (size > 0 && (!last || upload->offset > 0))
        strlist_append(arena, &call.headers,
                       arena_printf(arena, "Content-Range: %lld-%lld", (long long)upload->offset,
                                    (long long)(upload->offset + size - 1)));
    int r = upload->result =
        call_run(&context->caller, upload->host, &call, &upload->answer, NULL, error);
    if (r == 0)
        r = answer_check(upload->host, &upload->answer, context->request->digest, arena, error);
    if (r < 0)
        return r;
    upload->offset += size;
    return last ? 0 : operation_take_location(upload, &upload->answer, error);
}

/* "0-1023": how much the registry has; -1: it does not say. "0-0" is what docker's says of nothing.
 */
static int64_t operation_range_end(const char *range)
{
    uint64_t end;
    const char *dash = range ? strchr(range, '-') : NULL;
    if (!dash || str_to_u64(dash + 1, &end) < 0 || end >= INT64_MAX)
        return -1;
    return end == 0 ? 0 : (int64_t)end + 1;
}

/* An upload that broke goes on where the registry says it is; if it does not say, a new one begins
 * (docker's own forgets an upload that broke in the middle of a chunk). */
static int operation_continue(OperationUpload *upload, Error *error)
{
    ExchangeAnswer answer;
    CallRequest call = {
        .method = "GET", .url = upload->location, .body_fd = -1, .body_max = EXCHANGE_TEXT_MAX
    };
    if (upload->location &&
        call_run(&upload->context->caller, upload->host, &call, &answer, NULL, NULL) == 0 &&
        (answer.status == 204 || answer.status == 200)) {
        int64_t end = operation_range_end(answer.range);
        if (end >= 0 && end <= upload->context->request->size &&
            (!answer.location || operation_take_location(upload, &answer, NULL) == 0)) {
            upload->offset = upload->told = end;
            return 0;
        }
    }
    upload->offset = upload->told = 0;
    return operation_begin(upload, "", error);
}

static int operation_upload_once(OperationUpload *upload, Error *error)
{
    upload->result = 0;
    upload->answer = (ExchangeAnswer){ 0 };
    int r = operation_continue(upload, error);
    while (r == 0 && upload->context->request->size - upload->offset > upload->chunk)
        r = operation_send(upload, false, error);
    return r < 0 ? r : operation_send(upload, true, error);
}

int operation_upload(OperationContext *context, Error *error)
{
    OperationUpload upload = { .context = context, .host = operation_target(context) };
    AnswerRetry retry = { .open = &context->caller.session->open };
    struct stat st;
    unsigned strays = 0;
    int r = operation_need_digest(context, error);
    if (r == 0 &&
        (context->fd < 0 || fstat(context->fd, &st) < 0 || st.st_size != context->request->size))
        r = error_set(error, ERROR_CORRUPT, EINVAL, "the blob's file has not the size said");
    if (r < 0)
        return r;
    for (;;) {
        int64_t before = upload.offset;
        error_clear(error);
        r = operation_upload_once(&upload, error);
        if (upload.offset > before)
            retry.tries = 0; /* whole chunks count, so it ends */
        /* 416: it is not where we thought (libcurl repeats what broke before any answer); asked, it
         * says where. */
        bool astray = r < 0 && upload.result == 0 && upload.answer.status == 416;
        if (astray && ++strays <= OPERATION_STRAYS)
            continue;
        if (r == 0 || !answer_again(&retry, upload.result, &upload.answer))
            return r;
    }
}

int operation_put(OperationContext *context, Error *error)
{
    Arena *arena = context->caller.arena;
    const RegistryRequest *request = context->request;
    Host *host = operation_target(context);
    if (!operation_name_valid(request->name) || !oci_media_type(request->media_type) ||
        context->fd < 0 || request->size > OCI_MAX_DOCUMENT_BYTES)
        return error_set(error, ERROR_USAGE, EINVAL, "not a manifest that can be sent");
    CallRequest call = {
        .method = "PUT",
        .path = arena_printf(arena, "/manifests/%s", request->name),
        .body_fd = context->fd,
        .body_size = request->size,
        .body_max = EXCHANGE_TEXT_MAX,
    };
    strlist_append(arena, &call.headers,
                   arena_printf(arena, "Content-Type: %s", request->media_type));
    ExchangeAnswer answer;
    int r = call_repeat(&context->caller, host, &call, &answer, error);
    if (r == 0)
        r = answer_check(host, &answer, arena_printf(arena, "manifest %s", request->name), arena,
                         error);
    if (r == 0)
        context->reply->digest = oci_digest_is_valid(answer.digest) ? answer.digest : NULL;
    context->reply->found = r == 0 && oci_digest_is_valid(answer.subject);
    return r;
}
