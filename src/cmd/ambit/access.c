/*
 * Words into what the helper is told.
 */
#include "access.h"

#include <errno.h>
#include <string.h>

#include "base/duration.h"

int access_parse_retry(void *values, const Option *option, const char *value, Arena *arena UNUSED,
                       Error *error)
{
    uint64_t retries;
    if (str_to_u64(value, &retries) < 0 || retries >= REGISTRYCALL_TRIES_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a number from 0 to %d", value,
                         REGISTRYCALL_TRIES_MAX - 1);
    *(uint64_t *)option_member(values, option) = retries + 1;
    return 0;
}

int access_parse_retry_delay(void *values, const Option *option, const char *value,
                             Arena *arena UNUSED, Error *error)
{
    uint64_t ms;
    if (duration_parse(value, &ms) < 0 || ms < 1 || ms > REGISTRYCALL_DELAY_MAX_MS)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not a duration of at most ten minutes (500ms, 10s)", value);
    *(uint64_t *)option_member(values, option) = ms;
    return 0;
}

int access_open(const Access *access, Arena *arena, RegistryOpen *ret_open, Error *error)
{
    (void)error;
    *ret_open = (RegistryOpen){
        .insecure = access->tls_verify == OPTION_FALSE,
        .certificates = access->certificates,
        .auth_file = access->auth_file,
        .tries = (int64_t)access->tries,
        .retry_delay_ms = (int64_t)access->retry_delay_ms,
    };
    if (!access->credentials)
        return 0;
    char *name = arena_strdup(arena, access->credentials);
    char *colon = strchr(name, ':');
    ret_open->username = name;
    ret_open->password = "";
    if (colon) {
        *colon = '\0';
        ret_open->password = colon + 1;
    }
    return 0;
}
