/*
 * The invariant: an Authorization header leaves for the host's own authority only, whoever sent us
 * where (CVE-2020-15157 and its like); and a connection that began with TLS never continues
 * without.
 */
#include "cmd/registry/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/registry/token.h"
#include "cmd/registry/url.h"

enum {
    CALL_REDIRECTS_MAX = 5,
    CALL_AUTHORIZATIONS_MAX = 2,
};

/*** What the threads share about a host. ***/

static HostScheme call_scheme(Host *host)
{
    (void)pthread_mutex_lock(&host->lock);
    HostScheme scheme = host->scheme;
    (void)pthread_mutex_unlock(&host->lock);
    return scheme;
}

static void call_decide(Host *host, HostScheme scheme)
{
    (void)pthread_mutex_lock(&host->lock);
    host->scheme = scheme;
    (void)pthread_mutex_unlock(&host->lock);
}

static const char *call_authorization(Host *host, Arena *arena, unsigned *ret_generation)
{
    (void)pthread_mutex_lock(&host->lock);
    const char *copy = arena_strdup(arena, host->authorization);
    *ret_generation = host->generation;
    (void)pthread_mutex_unlock(&host->lock);
    return copy;
}

/* Answers a 401. The lock is held meanwhile: the other threads wait for the same answer. 1: this
 * one got a new authorization; 0: somebody else has. */
static int call_authorize(const Caller *caller, Host *host, const StrList *challenges,
                          unsigned generation, const char **ret_identity, Error *error)
{
    int r = 0;
    (void)pthread_mutex_lock(&host->lock);
    if (host->generation == generation || ret_identity) {
        TokenRequest request = {
            .session = caller->session,
            .exchanger = caller->exchanger,
            .host = host,
            .challenges = challenges,
            .arena = caller->arena,
            .login = ret_identity != NULL,
        };
        TokenGrant grant = { 0 };
        r = token_obtain(&request, &grant, error);
        if (r == 0) {
            free(host->authorization);
            host->authorization = mem_strdup(grant.authorization);
            host->generation++;
        }
        if (r == 0 && ret_identity)
            *ret_identity = grant.identity;
        r = r < 0 ? r : 1;
    }
    (void)pthread_mutex_unlock(&host->lock);
    return r;
}

/*** One request. ***/

typedef struct Call {
    const Caller *caller;
    Host *host;
    const CallRequest *request;
    const char *url;
    unsigned redirects, authorizations, generation;
    bool fresh; /* what it is authorized by was got for it: another one would do no better */
} Call;

static const char *call_url(const Call *call)
{
    const CallRequest *request = call->request;
    const Host *host = call->host;
    Arena *arena = call->caller->arena;
    if (request->url)
        return request->url;
    const char *scheme = call_scheme(call->host) == HOST_HTTP ? "http" : "https";
    const char *root = request->whole_host ? "" : host->root;
    bool below = !request->whole_host && !request->whole_registry;
    const char *url = arena_printf(arena, "%s://%s%s%s%s%s", scheme, host->authority, root,
                                   below ? "/" : "", below ? host->repository : "", request->path);
    if (!host->name_space)
        return url;
    return arena_printf(arena, "%s%cns=%s", url, strchr(url, '?') ? '&' : '?', host->name_space);
}

static bool call_is_own(const Call *call)
{
    return url_has_authority(call->url, call->host->authority);
}

static int call_exchange(Call *call, ExchangeAnswer *answer, Error *error)
{
    const CallRequest *request = call->request;
    const Host *host = call->host;
    /* Another host is trusted as strangers are: by the system's authorities. */
    ExchangeTrust foreign = { .authorities = call->caller->session->authorities };
    bool own = call_is_own(call);
    ExchangeRequest exchange = {
        .method = request->method,
        .url = call->url,
        .trust = own ? &host->trust : &foreign,
        .authorization =
            own ? call_authorization(call->host, call->caller->arena, &call->generation) : NULL,
        .body = request->body,
        .body_fd = request->body_fd,
        .body_offset = request->body_offset,
        .body_size = request->body_size,
        .sink = request->sink,
        .sink_context = request->sink_context,
        .body_max = request->body_max,
        .progress = request->progress,
        .progress_context = request->progress_context,
    };
    for (size_t i = 0; i < request->headers.count; i++)
        strlist_append(call->caller->arena, &exchange.headers, request->headers.items[i]);
    for (size_t i = 0; own && i < host->headers.count; i++)
        strlist_append(call->caller->arena, &exchange.headers, host->headers.items[i]);
    return exchange_run(call->caller->exchanger, &exchange, call->caller->arena, answer, error);
}

/* Over TLS first; a host that may be spoken to without and does not know TLS is asked again.
 * Returns 1 for "again". */
static int call_fall_back(Call *call, const ExchangeAnswer *answer, Error *error)
{
    if (!call->host->plain_allowed || call_scheme(call->host) != HOST_UNDECIDED ||
        call->request->url || !answer->tls_failed)
        return 0;
    call_decide(call->host, HOST_HTTP);
    error_clear(error);
    return 1;
}

static bool call_is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int call_redirect(Call *call, const ExchangeAnswer *answer, Error *error)
{
    const char *from = call->url;
    if (++call->redirects > CALL_REDIRECTS_MAX)
        return error_set(error, ERROR_CORRUPT, ELOOP, "%s: more than %d redirects",
                         call->host->name, CALL_REDIRECTS_MAX);
    if (!str_eq(call->request->method, "GET") && !str_eq(call->request->method, "HEAD"))
        return error_set(error, ERROR_CORRUPT, EPROTO, "%s redirects a %s, which is not followed",
                         call->host->name, call->request->method);
    if (!answer->location || !url_is_clean(answer->location))
        return error_set(error, ERROR_CORRUPT, EPROTO, "%s redirects to nowhere", call->host->name);
    if (!str_starts(answer->location, "https://") &&
        (str_starts(from, "https://") || !str_starts(answer->location, "http://") ||
         !(url_authority_is_loopback(url_authority(answer->location, call->caller->arena)) ||
           call->caller->session->open.insecure)))
        return error_set(error, ERROR_DENIED, EACCES,
                         "%s redirects to a place without TLS, which is not followed",
                         call->host->name);
    call->url = answer->location;
    return 1;
}

/* 1: again, 0: `answer` is it, negative: failed. */
static int call_step(Call *call, ExchangeAnswer *answer, const char **ret_identity, Error *error)
{
    int r = call_exchange(call, answer, error);
    if (r < 0) {
        int again = call_fall_back(call, answer, error);
        call->url = again ? call_url(call) : call->url;
        return again ? 1 : r;
    }
    if (call_scheme(call->host) == HOST_UNDECIDED && call_is_own(call))
        call_decide(call->host, HOST_HTTPS);
    if (call_is_redirect(answer->status))
        return call_redirect(call, answer, error);
    if (answer->status != 401 || !call_is_own(call) || call->fresh ||
        call->authorizations++ >= CALL_AUTHORIZATIONS_MAX || answer->challenges.count == 0)
        return 0;
    r = call_authorize(call->caller, call->host, &answer->challenges, call->generation,
                       ret_identity, error);
    call->fresh = r > 0;
    return r < 0 ? r : 1;
}

int call_run(const Caller *caller, Host *host, const CallRequest *request,
             ExchangeAnswer *ret_answer, const char **ret_identity, Error *error)
{
    Call call = { .caller = caller, .host = host, .request = request };
    call.url = call_url(&call);
    int r;
    do {
        *ret_answer = (ExchangeAnswer){ 0 };
        r = call_step(&call, ret_answer, ret_identity, error);
    } while (r > 0);
    return r;
}

int call_repeat(const Caller *caller, Host *host, const CallRequest *request,
                ExchangeAnswer *ret_answer, Error *error)
{
    AnswerRetry retry = { .open = &caller->session->open };
    int r;
    do {
        error_clear(error);
        r = call_run(caller, host, request, ret_answer, NULL, error);
    } while (answer_again(&retry, r, ret_answer));
    return r;
}
