/*
 * The invariant: what a server sends is bounded before it is kept (headers, error texts) or handed
 * on (bodies). The trap: a handle keeps its options from request to request; all of them are reset
 * before each, only the connection lives on.
 */
#include "cmd/registry/exchange.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/registry/url.h"

#define EXCHANGE_NOBODY "this machine has no certificate authorities (package ca-certificates)"

enum {
    EXCHANGE_BUFFER = 256 * 1024,
    EXCHANGE_HEADERS_MAX = 64 * 1024,
    EXCHANGE_CONNECT_SECONDS = 20,
    EXCHANGE_STALL_SECONDS = 60,
};

typedef struct Exchange {
    const ExchangeRequest *request;
    CURL *curl;
    Arena *arena;
    ExchangeAnswer answer;
    size_t header_bytes;
    StrBuf text;
    int sink_error;
    bool too_long;
    int64_t sent;
    struct curl_slist *headers;
    char message[CURL_ERROR_SIZE];
} Exchange;

int exchanger_init(Exchanger *exchanger, Error *error)
{
    exchanger->curl = curl_easy_init();
    return exchanger->curl ? 0 : error_set(error, ERROR_SYSTEM, ENOMEM, "curl_easy_init");
}

/*** What comes in. ***/

static void exchange_keep(Exchange *exchange, const char *name, const char *value)
{
    ExchangeAnswer *answer = &exchange->answer;
    const struct {
        const char *name;
        const char **member;
    } rows[] = {
        { "content-type", &answer->content_type },
        { "docker-content-digest", &answer->digest },
        { "link", &answer->link },
        { "retry-after", &answer->retry_after },
        { "range", &answer->range },
        { "oci-subject", &answer->subject },
        { "oci-chunk-min-length", &answer->chunk_min },
        { "location", &answer->location },
    };
    if (strcasecmp(name, "www-authenticate") == 0)
        strlist_append(exchange->arena, &answer->challenges, value);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcasecmp(name, rows[i].name) == 0)
            *rows[i].member = arena_strdup(exchange->arena, value);
}

static long exchange_status(const Exchange *exchange)
{
    long status = 0;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t exchange_on_header(char *data, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    size_t length = size * count;
    exchange->header_bytes += length;
    if (exchange->header_bytes > EXCHANGE_HEADERS_MAX || memchr(data, '\0', length))
        return 0;
    char *line = arena_strndup(exchange->arena, data, length);
    if (str_starts(line, "HTTP/")) { /* a new answer: a proxy's or an interim one came before */
        exchange->answer = (ExchangeAnswer){ .length = -1 };
        /* A server that refuses may not have read the body; it would take the rest of it for the
         * connection's next request. */
        if (exchange->request->body_fd >= 0 && exchange_status(exchange) >= 300)
            (void)curl_easy_setopt(exchange->curl, CURLOPT_FORBID_REUSE, 1L);
        return length;
    }
    char *colon = strchr(line, ':');
    if (!colon)
        return length;
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t end = strlen(value); end > 0 && strchr(" \t\r\n", value[end - 1]); end--)
        value[end - 1] = '\0';
    exchange_keep(exchange, line, value);
    return length;
}

static size_t exchange_on_body(char *data, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    const ExchangeRequest *request = exchange->request;
    size_t length = size * count;
    long status = exchange_status(exchange);
    bool wanted = status >= 200 && status < 300;
    exchange->answer.received += (int64_t)length;
    if (wanted && exchange->answer.received > request->body_max) {
        exchange->too_long = true;
        return 0;
    }
    if (wanted && request->sink) {
        exchange->sink_error = request->sink(request->sink_context, status, data, length);
        return exchange->sink_error < 0 ? 0 : length;
    }
    /* The text of an error: what goes beyond the bound is not read at all. */
    if (!wanted && exchange->text.length + length > EXCHANGE_TEXT_MAX)
        return 0;
    strbuf_add_bytes(&exchange->text, data, length);
    return length;
}

static size_t exchange_on_read(char *buffer, size_t size, size_t count, void *context)
{
    Exchange *exchange = context;
    const ExchangeRequest *request = exchange->request;
    int64_t rest = request->body_size - exchange->sent;
    size_t wanted = size * count;
    if (rest < (int64_t)wanted)
        wanted = (size_t)rest;
    ssize_t n;
    do
        n = wanted == 0
                ? 0
                : pread(request->body_fd, buffer, wanted, request->body_offset + exchange->sent);
    while (n < 0 && errno == EINTR);
    if (n < 0 || (n == 0 && wanted > 0)) {
        exchange->sink_error = n < 0 ? -errno : -EIO;
        return CURL_READFUNC_ABORT;
    }
    exchange->sent += n;
    if (request->progress)
        request->progress(request->progress_context, exchange->sent);
    return (size_t)n;
}

static int exchange_on_seek(void *context, curl_off_t offset, int origin)
{
    Exchange *exchange = context;
    if (origin != SEEK_SET || offset < 0 || offset > exchange->request->body_size)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange->sent = offset;
    return CURL_SEEKFUNC_OK;
}

/*** What goes out. ***/

static void exchange_set_blob(CURL *curl, CURLoption option, const char *text)
{
    struct curl_blob blob = { .data = (void *)text,
                              .len = strlen(text),
                              .flags = CURL_BLOB_NOCOPY };
    (void)curl_easy_setopt(curl, option, &blob);
}

static void exchange_set_trust(CURL *curl, const ExchangeTrust *trust)
{
    if (trust->insecure) {
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    /* From memory: where this runs there are no files. An empty text libcurl takes for a broken
     * one before it speaks to anybody; without any it finds out whether TLS is spoken. */
    if (str_empty(trust->authorities)) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
        (void)curl_easy_setopt(curl, CURLOPT_PROXY_CAINFO, NULL);
        (void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
        (void)curl_easy_setopt(curl, CURLOPT_PROXY_CAPATH, NULL);
    } else {
        exchange_set_blob(curl, CURLOPT_CAINFO_BLOB, trust->authorities);
        exchange_set_blob(curl, CURLOPT_PROXY_CAINFO_BLOB, trust->authorities);
    }
    if (trust->certificate)
        exchange_set_blob(curl, CURLOPT_SSLCERT_BLOB, trust->certificate);
    if (trust->key)
        exchange_set_blob(curl, CURLOPT_SSLKEY_BLOB, trust->key);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void exchange_set_body(CURL *curl, Exchange *exchange)
{
    const ExchangeRequest *request = exchange->request;
    if (str_eq(request->method, "HEAD"))
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (request->body_fd >= 0) {
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_size);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, exchange_on_read);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, exchange);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, exchange_on_seek);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, exchange);
    } else if (request->body) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)strlen(request->body));
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    } else {
        return;
    }
    /* No round trip to be told that the body is welcome. */
    exchange->headers = curl_slist_append(exchange->headers, "Expect:");
}

static void exchange_prepare(Exchange *exchange)
{
    const ExchangeRequest *request = exchange->request;
    CURL *curl = exchange->curl;
    curl_easy_reset(curl);
    for (size_t i = 0; i < request->headers.count; i++)
        exchange->headers = curl_slist_append(exchange->headers, request->headers.items[i]);
    if (request->authorization) {
        char *line = arena_printf(exchange->arena, "Authorization: %s", request->authorization);
        exchange->headers = curl_slist_append(exchange->headers, line);
    }
    exchange_set_body(curl, exchange);
    exchange_set_trust(curl, request->trust);
    (void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    /* What is meant is this machine, not the proxy's: as for docker, podman and Go's programs. */
    if (url_authority_is_loopback(url_authority(request->url, exchange->arena)))
        (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (!str_eq(request->method, "HEAD"))
        (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers);
    /* Credentials for a proxy are not for the hosts behind it. */
    (void)curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)EXCHANGE_BUFFER);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)EXCHANGE_BUFFER);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)EXCHANGE_CONNECT_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)EXCHANGE_STALL_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "ambit/" AMBIT_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->message);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, exchange_on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, exchange_on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
}

/*** The end. ***/

/* Location may be relative to the address that was asked. */
static const char *exchange_resolve(const Exchange *exchange, const char *location)
{
    char *whole = NULL;
    const char *resolved = NULL;
    CURLU *url = curl_url();
    if (url && curl_url_set(url, CURLUPART_URL, exchange->request->url, 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK)
        resolved = arena_strdup(exchange->arena, whole);
    curl_free(whole);
    curl_url_cleanup(url);
    return resolved;
}

static void exchange_finish(Exchange *exchange)
{
    ExchangeAnswer *answer = &exchange->answer;
    curl_off_t length = -1;
    answer->status = exchange_status(exchange);
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (answer->location)
        answer->location = exchange_resolve(exchange, answer->location);
    answer->length = length;
    answer->text = arena_strdup(exchange->arena, strbuf_text(&exchange->text));
}

/* `scheme://host` of a URL, for messages: what follows may hold secrets. */
static const char *exchange_origin(const char *url, Arena *arena)
{
    const char *host = strstr(url, "://");
    size_t length = host ? strcspn(host + 3, "/?#") + 3 + (size_t)(host - url) : 0;
    return arena_strndup(arena, url, length);
}

static int exchange_failed(Exchange *exchange, CURLcode code, Error *error)
{
    const char *origin = exchange_origin(exchange->request->url, exchange->arena);
    const char *why = *exchange->message ? exchange->message : curl_easy_strerror(code);
    bool nobody = str_empty(exchange->request->trust->authorities);
    exchange->answer.tls_failed = code == CURLE_SSL_CONNECT_ERROR;
    if (exchange->too_long)
        return error_set(error, ERROR_CORRUPT, EFBIG, "%s sent more than the %lld bytes expected",
                         origin, (long long)exchange->request->body_max);
    if (exchange->sink_error == -EPIPE)
        return error_set(error, ERROR_SYSTEM, ECANCELED, "cancelled");
    if (exchange->sink_error < 0)
        return error_errno(error, exchange->sink_error, "transfer");
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return error_set(error, ERROR_NOT_FOUND, EHOSTUNREACH, "%s: %s", origin, why);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(error, ERROR_DENIED, EACCES, "%s: the certificate is not trusted: %s",
                         origin, nobody ? EXCHANGE_NOBODY : why);
    case CURLE_SSL_CLIENTCERT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        /* The other side's last word, which it will say again (TLS 1.3: a client's certificate is
         * missing). */
        if (strstr(why, "CONNECT tunnel failed"))
            return error_set(error, ERROR_DENIED, EACCES, "%s: %s", origin, why);
        if (strstr(why, " alert "))
            return error_set(
                error, ERROR_DENIED, EACCES, "%s refuses the connection%s: %s", origin,
                strstr(why, "certificate") ? " (a client's certificate is wanted)" : "", why);
        exchange->answer.passing = true;
        return error_set(error, ERROR_SYSTEM, EIO, "%s: %s", origin, why);
    default: return error_set(error, ERROR_SYSTEM, EIO, "%s: %s", origin, why);
    }
}

int exchange_run(Exchanger *exchanger, const ExchangeRequest *request, Arena *arena,
                 ExchangeAnswer *ret_answer, Error *error)
{
    Exchange exchange = {
        .request = request,
        .curl = exchanger->curl,
        .arena = arena,
        .answer.length = -1,
    };
    exchange_prepare(&exchange);
    CURLcode code = curl_easy_perform(exchange.curl);
    int r = 0;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && !exchange.too_long &&
                             exchange.sink_error == 0 && exchange.text.length > 0))
        exchange_finish(&exchange);
    else
        r = exchange_failed(&exchange, code, error);
    curl_slist_free_all(exchange.headers);
    strbuf_done(&exchange.text);
    *ret_answer = exchange.answer;
    return r;
}
