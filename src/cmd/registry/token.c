/*
 * The order of preference is bearer, basic. The trap: the realm is the server's word: it may name a
 * place that is there to collect passwords. It gets those of this registry only, which the registry
 * knows anyway, and never over a wire that others can read.
 */
#include "cmd/registry/token.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "cmd/registry/answer.h"
#include "cmd/registry/challenge.h"
#include "cmd/registry/url.h"

enum { TOKEN_ANSWER_MAX = 256 * 1024, TOKEN_SIZE_MAX = 32 * 1024 };

/*** Basic. ***/

const char *token_basic(const char *username, const char *password, Arena *arena)
{
    const char *pair = arena_printf(arena, "%s:%s", username, password ? password : "");
    return arena_printf(arena, "Basic %s", base64_encode(pair, strlen(pair), arena));
}

/*** Bearer. ***/

static bool token_realm_allowed(const Host *host, const Challenge *challenge, Arena *arena)
{
    if (!url_is_clean(challenge->realm))
        return false;
    if (str_starts(challenge->realm, "https://"))
        return true;
    /* host->lock is held by the caller */
    return str_starts(challenge->realm, "http://") && host->scheme == HOST_HTTP &&
           (url_has_authority(challenge->realm, host->authority) ||
            url_authority_is_loopback(url_authority(challenge->realm, arena)));
}

static void token_add_scope(StrBuf *query, const char *scope, Arena *arena)
{
    strbuf_printf(query, "&scope=%s", url_escape(scope, arena));
}

/* "service=...&scope=...": for the address or the body of the request. */
static const char *token_query(const Session *session, const Host *host, const Challenge *challenge,
                               Arena *arena)
{
    const RegistryOpen *open = &session->open;
    StrBuf query CLEANUP(strbuf_done) = { 0 };
    strbuf_printf(&query, "service=%s",
                  url_escape(challenge->service ? challenge->service : "", arena));
    const char *own = host->repository ? arena_printf(arena, "repository:%s:%s", host->repository,
                                                      open->push ? "pull,push" : "pull")
                                       : NULL;
    if (own)
        token_add_scope(&query, own, arena);
    for (size_t i = 0; i < open->mount_from.count; i++)
        token_add_scope(
            &query, arena_printf(arena, "repository:%s:pull", open->mount_from.items[i]), arena);
    /* What is asked for beyond that; what concerns our repository we know better. */
    if (challenge->scope && (!own || !str_starts(challenge->scope, "repository:")))
        token_add_scope(&query, challenge->scope, arena);
    return arena_strdup(arena, strbuf_text(&query));
}

static bool token_is_clean(const char *token)
{
    return !str_empty(token) && strlen(token) <= TOKEN_SIZE_MAX &&
           token[strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-._~+/=:")] == '\0';
}

static int token_read(const Host *host, const char *realm, const ExchangeAnswer *answer,
                      Arena *arena, TokenGrant *ret_grant, Error *error)
{
    const JsonValue *value;
    int r = answer_check(host, answer, arena_printf(arena, "token of %s", realm), arena, error);
    if (r < 0)
        return r;
    r = json_parse(answer->text, strlen(answer->text), NULL, arena, &value, error);
    if (r < 0)
        return error_wrap(error, "token of %s", realm);
    const char *token = json_member_string(value, "token");
    if (str_empty(token))
        token = json_member_string(value, "access_token");
    if (!token_is_clean(token))
        return error_set(error, ERROR_CORRUPT, EPROTO, "%s: no token in its answer", realm);
    const char *identity = json_member_string(value, "refresh_token");
    ret_grant->authorization = arena_printf(arena, "Bearer %s", token);
    ret_grant->identity = token_is_clean(identity) ? identity : NULL;
    return 0;
}

/* With an identity token it is traded in (OAuth 2); else name and password, if there are any, come
 * along. */
static void token_prepare(const TokenRequest *request, const Challenge *challenge,
                          ExchangeRequest *exchange)
{
    const RegistryLogin *login = &request->host->login;
    Arena *arena = request->arena;
    const char *query = token_query(request->session, request->host, challenge, arena);
    if (login->identity_token) {
        exchange->method = "POST";
        exchange->url = challenge->realm;
        exchange->body =
            arena_printf(arena, "grant_type=refresh_token&client_id=ambit&%s&refresh_token=%s",
                         query, url_escape(login->identity_token, arena));
        return;
    }
    const char *name = login->username;
    exchange->method = "GET";
    exchange->url = arena_printf(arena, "%s%c%s%s%s%s", challenge->realm,
                                 strchr(challenge->realm, '?') ? '&' : '?', query,
                                 name ? "&account=" : "", name ? url_escape(name, arena) : "",
                                 request->login ? "&client_id=ambit&offline_token=true" : "");
    exchange->authorization = name ? token_basic(name, login->password, arena) : NULL;
}

/* The token server does not know the caller. */
static int token_refused(const Host *host, const ExchangeAnswer *answer, Arena *arena, Error *error)
{
    const RegistryLogin *login = &host->login;
    const char *reason = answer_reason(answer, arena), *what;
    if (login->identity_token)
        what = arena_printf(arena, "the login is no longer good: ambit login %s", host->name);
    else if (login->username)
        what = "the user name or the password is wrong";
    else
        what = arena_printf(arena, "authentication is required (ambit login %s)", host->name);
    return error_set(error, ERROR_DENIED, EACCES, "%s: %s%s%s%s", host->name, what,
                     reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

static int token_bearer(const TokenRequest *request, const Challenge *challenge,
                        TokenGrant *ret_grant, Error *error)
{
    const Host *host = request->host;
    Arena *arena = request->arena;
    if (!challenge->realm || !token_realm_allowed(host, challenge, arena))
        return error_set(error, ERROR_DENIED, EACCES,
                         "%s sends for tokens to \"%.100s\", which is no place with TLS",
                         host->name, challenge->realm ? challenge->realm : "");
    /* Whom the registry's user trusts for the registry may also vouch for where it sends for
     * tokens, as docker has it: both belong to one house. The client's key is shown to the registry
     * alone. */
    ExchangeTrust foreign = { .authorities = host->trust.authorities,
                              .insecure = host->trust.insecure };
    bool own = url_has_authority(challenge->realm, host->authority);
    ExchangeRequest exchange = { .trust = own ? &host->trust : &foreign,
                                 .body_fd = -1,
                                 .body_max = TOKEN_ANSWER_MAX };
    token_prepare(request, challenge, &exchange);
    ExchangeAnswer answer;
    const char *realm = url_authority(challenge->realm, arena);
    AnswerRetry retry = { .open = &request->session->open };
    int r;
    do {
        error_clear(error);
        r = exchange_run(request->exchanger, &exchange, arena, &answer, error);
    } while (answer_again(&retry, r, &answer));
    if (r == 0 && answer.status == 401)
        return token_refused(host, &answer, arena, error);
    return r < 0 ? r : token_read(host, realm, &answer, arena, ret_grant, error);
}

int token_obtain(const TokenRequest *request, TokenGrant *ret_grant, Error *error)
{
    const Host *host = request->host;
    ChallengeList parsed = { 0 };
    for (size_t i = 0; i < request->challenges->count; i++)
        challenge_parse(request->challenges->items[i], request->arena, &parsed);
    const Challenge *bearer = challenge_find(&parsed, "bearer");
    if (bearer)
        return token_bearer(request, bearer, ret_grant, error);
    if (!challenge_find(&parsed, "basic"))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "%s asks for a kind of authentication that is not supported", host->name);
    if (!host->login.username)
        return error_set(error, ERROR_DENIED, EACCES,
                         "%s: authentication is required (ambit login %s)", host->name, host->name);
    *ret_grant = (TokenGrant){ .authorization = token_basic(host->login.username,
                                                            host->login.password, request->arena) };
    return 0;
}
