/*
 * The invariant: of what a server wrote at most one line of printable text gets into a message.
 */
#include "cmd/registry/answer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

enum { ANSWER_TRIES_MAX = 5, ANSWER_WAIT_MAX_SECONDS = 60 };

/* {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "..."}]}: distribution-spec, "Error codes".
 */
static const char *answer_reason(const ExchangeAnswer *answer, Arena *arena)
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

int answer_check(const Host *host, const ExchangeAnswer *answer, const char *what, Arena *arena,
                 Error *error)
{
    static const struct {
        long status;
        ErrorKind kind;
        int code;
        const char *meaning;
    } rows[] = {
        { 401, ERROR_DENIED, EACCES, "authentication is required (ambit login)" },
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
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].status == answer->status)
            return error_set(error, rows[i].kind, rows[i].code, "%s: %s: %s%s%s%s", host->authority,
                             what, rows[i].meaning, reason ? " (" : "", reason ? reason : "",
                             reason ? ")" : "");
    return error_set(error, ERROR_SYSTEM, EIO, "%s: %s: status %ld%s%s%s", host->authority, what,
                     answer->status, reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
}

bool answer_again(AnswerRetry *retry, int result, const ExchangeAnswer *answer)
{
    long status = result < 0 ? 0 : answer->status;
    bool passing = result < 0 ? answer->passing
                              : status == 408 || status == 429 || status == 500 || status == 502 ||
                                    status == 503 || status == 504;
    if (!passing || ++retry->tries >= ANSWER_TRIES_MAX)
        return false;
    uint64_t seconds, milliseconds = 250ULL << (2 * (retry->tries - 1)); /* 0.25, 1, 4, 16 s */
    if (result == 0 && answer->retry_after && str_to_u64(answer->retry_after, &seconds) == 0) {
        if (seconds > ANSWER_WAIT_MAX_SECONDS)
            return false;
        milliseconds = seconds * 1000;
    }
    struct timespec time = { (time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000 };
    (void)nanosleep(&time, NULL);
    return true;
}
