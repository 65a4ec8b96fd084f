/*
 * The invariant: of what a server wrote at most one line of printable text gets into a message.
 */
#include "cmd/registry/answer.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

enum { ANSWER_TRIES = 4, ANSWER_FIRST_WAIT_MS = 500, ANSWER_WAIT_MAX_MS = 60 * 1000 };

/* {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "..."}]}: distribution-spec, "Error codes".
 */
const char *answer_reason(const ExchangeAnswer *answer, Arena *arena)
{
    const JsonValue *value;
    if (str_empty(answer->text) ||
        json_parse(answer->text, strlen(answer->text), NULL, arena, &value, NULL) < 0)
        return NULL;
    const JsonValue *errors = json_member(value, "errors");
    const JsonValue *first = errors && errors->type == JSON_ARRAY ? errors->first : NULL;
    const char *message = json_member_string(first, "message");
    if (str_empty(message))
        message = json_member_string(first, "code");
    if (str_empty(message))
        message = json_member_string(value, "details"); /* token servers */
    char *text = arena_strndup(arena, message ? message : "", 200);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return *text ? text : NULL;
}

/* Seconds, or a date (RFC 9110, 10.2.3). Negative: it says nothing. */
static int64_t answer_retry_after_ms(const ExchangeAnswer *answer)
{
    uint64_t seconds;
    if (!answer->retry_after)
        return -1;
    if (str_to_u64(answer->retry_after, &seconds) == 0)
        return seconds < INT32_MAX ? (int64_t)seconds * 1000 : INT64_MAX;
    time_t date = curl_getdate(answer->retry_after, NULL), now = time(NULL);
    return date < 0 ? -1 : date <= now ? 0 : (int64_t)(date - now) * 1000;
}

int answer_check(const Host *host, const ExchangeAnswer *answer, const char *what, Arena *arena,
                 Error *error)
{
    static const struct {
        long status;
        ErrorKind kind;
        int code;
        const char *meaning;
    } rows[] = {
        { 401, ERROR_DENIED, EACCES, "access is denied" },
        { 403, ERROR_DENIED, EACCES, "access is denied" },
        { 404, ERROR_NOT_FOUND, ENOENT, "not found" },
        { 405, ERROR_UNSUPPORTED, EOPNOTSUPP, "the registry does not support this" },
        { 413, ERROR_LIMIT, EFBIG, "too large for the registry" },
        { 416, ERROR_CORRUPT, ERANGE, "the registry has less than was said" },
        { 429, ERROR_LIMIT, EBUSY, "too many requests: the registry limits the rate" },
    };
    if (answer->status >= 200 && answer->status < 300)
        return 0;
    const char *reason = answer_reason(answer, arena);
    if (answer->status == 401 && !host->login.username && !host->login.identity_token)
        return error_set(error, ERROR_DENIED, EACCES,
                         "%s: %s: authentication is required (ambit login %s)", host->name, what,
                         host->name);
    int64_t patience_ms = answer_retry_after_ms(answer);
    if (answer->status == 429 && patience_ms > 0)
        reason = arena_printf(arena, "%s%stry again in %lld s", reason ? reason : "",
                              reason ? "; " : "", (long long)(patience_ms / 1000));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].status == answer->status)
            return error_set(error, rows[i].kind, rows[i].code, "%s: %s: %s%s%s%s", host->name,
                             what, rows[i].meaning, reason ? " (" : "", reason ? reason : "",
                             reason ? ")" : "");
    return error_set(error, ERROR_SYSTEM, EIO, "%s: %s: status %ld%s%s%s", host->name, what,
                     answer->status, reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

static bool answer_passes(int result, const ExchangeAnswer *answer)
{
    static const long statuses[] = { 408, 429, 500, 502, 503, 504 };
    if (result < 0)
        return answer->passing;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (answer->status == statuses[i])
            return true;
    return false;
}

bool answer_again(AnswerRetry *retry, int result, const ExchangeAnswer *answer)
{
    unsigned tries = retry->open->tries > 0 ? (unsigned)retry->open->tries : ANSWER_TRIES;
    if (!answer_passes(result, answer) || ++retry->tries >= tries)
        return false;
    int64_t ms = retry->open->retry_delay_ms;
    unsigned doublings = 2 * (retry->tries - 1); /* 0.5, 2, 8 s */
    if (ms == 0)
        ms = doublings > 7 ? ANSWER_WAIT_MAX_MS : ANSWER_FIRST_WAIT_MS << doublings;
    int64_t wanted_ms = result == 0 ? answer_retry_after_ms(answer) : -1;
    if (wanted_ms > ANSWER_WAIT_MAX_MS)
        return false;
    if (wanted_ms >= 0)
        ms = wanted_ms;
    struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    (void)nanosleep(&time, NULL);
    return true;
}
