/*
 * Values of limits that are more than a number or a size. As with docker 0 is the default: what has
 * not been asked for.
 */
#include "engine/request.h"

#include <errno.h>
#include <string.h>

#include "linux/rlimit.h"

enum {
    REQUEST_CPU_HIGHEST = 8191, /* the kernel's own bound, NR_CPUS */
    REQUEST_WEIGHT_MIN = 10,
    REQUEST_WEIGHT_MAX = 1000,
    REQUEST_SHARES_MIN = 2,
    REQUEST_SHARES_MAX = 262144,
};

static int request_bad(Error *error, const char *value, const char *is_not)
{
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not %s", value, is_not);
}

int request_parse_memory_swap(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    uint64_t bytes;
    if (str_eq(value, "-1")) {
        request->limits.memory_swap_bytes = -1;
        return 0;
    }
    if (str_to_bytes(value, &bytes) < 0 || bytes > INT64_MAX)
        return request_bad(error, value, "a size (examples: 512m, 1.5g) or -1 (no limit)");
    request->limits.memory_swap_bytes = (int64_t)bytes;
    return 0;
}

int request_parse_swappiness(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    int64_t number;
    if (str_to_i64(value, &number) < 0 || number < -1 || number > 100)
        return request_bad(error, value, "a number from 0 to 100, or -1 (the host's)");
    request->limits.memory_swappiness = number;
    return 0;
}

int request_parse_cpus(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    uint64_t nano = 0, scale = 1000000000;
    const char *p = value;
    for (; *p >= '0' && *p <= '9' && nano < 1000000 * 1000000000ULL; p++)
        nano = nano * 10 + (uint64_t)(*p - '0') * 1000000000;
    bool digits = p > value;
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9' && scale > 1; p++, digits = true)
            nano += (uint64_t)(*p - '0') * (scale /= 10);
        while (*p == '0')
            p++;
    }
    if (!digits || *p)
        return request_bad(error, value, "a number of CPUs (examples: 0.5, 2)");
    request->limits.cpus_nano = nano;
    return 0;
}

/* A decimal number without sign; moves the cursor. -1 if there is none or it is too high. */
static int64_t request_list_number(const char **cursor)
{
    const char *p = *cursor;
    int64_t number = 0;
    for (; *p >= '0' && *p <= '9' && number <= REQUEST_CPU_HIGHEST; p++)
        number = number * 10 + (*p - '0');
    if (p == *cursor || number > REQUEST_CPU_HIGHEST)
        return -1;
    *cursor = p;
    return number;
}

int64_t request_list_highest(const char *list)
{
    int64_t highest = -1;
    for (const char *p = list;; p++) {
        int64_t first = request_list_number(&p), last = first;
        if (first >= 0 && *p == '-') {
            p++;
            last = request_list_number(&p);
        }
        if (first < 0 || last < first || (*p && *p != ','))
            return -1;
        if (last > highest)
            highest = last;
        if (!*p)
            return highest;
    }
}

int request_parse_cpuset_cpus(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (request_list_highest(value) < 0)
        return request_bad(error, value, "a list of CPUs (example: 0-2,4)");
    request->limits.cpuset_cpus = value;
    return 0;
}

int request_parse_cpuset_mems(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (request_list_highest(value) < 0)
        return request_bad(error, value, "a list of memory nodes (example: 0,1)");
    request->limits.cpuset_mems = value;
    return 0;
}

int request_parse_pids(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    int64_t number;
    if (str_to_i64(value, &number) < 0 || number < -1)
        return request_bad(error, value, "a number of processes, or -1 (no limit)");
    request->limits.pids = number ? number : -1; /* docker's default */
    return 0;
}

/* --- ulimits ------------------------------------------------------------------------------- */

static int request_ulimit_value(const char *text, uint64_t *ret_value)
{
    if (str_eq(text, "-1") || str_eq(text, "unlimited")) {
        *ret_value = RLIMIT_UNLIMITED;
        return 0;
    }
    return str_to_u64(text, ret_value);
}

int request_parse_ulimit(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    size_t length = strcspn(value, "=");
    const char *word = arena_strndup(arena, value, length);
    RequestUlimit limit = { 0 };
    int resource = rlimit_from_name(word);
    if (resource >= 0)
        limit.name = rlimit_name(resource);
    StrList parts = strlist_split(arena, value[length] ? value + length + 1 : "", ':');
    if (parts.count < 1 || parts.count > 2 ||
        request_ulimit_value(parts.items[0], &limit.soft) < 0 ||
        request_ulimit_value(parts.items[parts.count - 1], &limit.hard) < 0)
        return request_bad(error, value, "NAME=SOFT[:HARD] (example: nofile=1024:4096)");
    if (!limit.name)
        return error_set(error, ERROR_USAGE, EINVAL, "there is no limit '%s' (see setrlimit(2))",
                         word);
    if (limit.soft > limit.hard)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s': the soft limit is above the hard one",
                         value);
    for (size_t i = 0; i < request->ulimit_count; i++) {
        if (str_eq(request->ulimits[i].name, limit.name)) {
            request->ulimits[i] = limit;
            return 0;
        }
    }
    RequestUlimit *added =
        arena_append(arena, &request->ulimits, &request->ulimit_count, sizeof(*added));
    *added = limit;
    return 0;
}

/* --- weights ------------------------------------------------------------------------------- */

static int request_weight(const char *value, uint64_t min, uint64_t max, uint64_t *weight,
                          Error *error)
{
    uint64_t number;
    if (str_to_u64(value, &number) < 0 || (number && (number < min || number > max)))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a weight from %llu to %llu",
                         value, (unsigned long long)min, (unsigned long long)max);
    *weight = number;
    return 0;
}

int request_parse_shares(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_weight(value, REQUEST_SHARES_MIN, REQUEST_SHARES_MAX,
                          &request->limits.cpu_shares, error);
}

int request_parse_weight(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_weight(value, REQUEST_WEIGHT_MIN, REQUEST_WEIGHT_MAX,
                          &request->limits.blkio_weight, error);
}

/* --- block devices ------------------------------------------------------------------------- */

/* PATH:VALUE; a path may hold colons. */
static int request_parse_throttle(RunRequest *request, RequestThrottleKind kind, const char *value,
                                  Arena *arena, Error *error)
{
    static const struct {
        bool bytes;
        const char *is_not;
    } forms[REQUEST_THROTTLE_MAX] = {
        [REQUEST_THROTTLE_READ_BPS] = { true, "DEVICE:RATE (example: /dev/sda:10mb)" },
        [REQUEST_THROTTLE_WRITE_BPS] = { true, "DEVICE:RATE (example: /dev/sda:10mb)" },
        [REQUEST_THROTTLE_READ_IOPS] = { false, "DEVICE:NUMBER (example: /dev/sda:1000)" },
        [REQUEST_THROTTLE_WRITE_IOPS] = { false, "DEVICE:NUMBER (example: /dev/sda:1000)" },
        [REQUEST_THROTTLE_WEIGHT] = { false, "DEVICE:WEIGHT (example: /dev/sda:200)" },
    };
    const char *colon = strrchr(value, ':');
    uint64_t number = 0;
    int r = -EINVAL;
    if (colon && value[0] == '/')
        r = forms[kind].bytes ? str_to_bytes(colon + 1, &number) : str_to_u64(colon + 1, &number);
    if (r < 0 || number == 0)
        return request_bad(error, value, forms[kind].is_not);
    if (kind == REQUEST_THROTTLE_WEIGHT)
        r = request_weight(colon + 1, REQUEST_WEIGHT_MIN, REQUEST_WEIGHT_MAX, &number, error);
    if (r < 0)
        return r;
    RequestLimits *limits = &request->limits;
    RequestThrottle *throttle =
        arena_append(arena, &limits->throttles, &limits->throttle_count, sizeof(*throttle));
    *throttle = (RequestThrottle){
        .kind = kind,
        .device = arena_strndup(arena, value, (size_t)(colon - value)),
        .value = number,
    };
    return 0;
}

int request_parse_weight_device(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_throttle(request, REQUEST_THROTTLE_WEIGHT, value, arena, error);
}

int request_parse_read_bps(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_throttle(request, REQUEST_THROTTLE_READ_BPS, value, arena, error);
}

int request_parse_write_bps(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_throttle(request, REQUEST_THROTTLE_WRITE_BPS, value, arena, error);
}

int request_parse_read_iops(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_throttle(request, REQUEST_THROTTLE_READ_IOPS, value, arena, error);
}

int request_parse_write_iops(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    return request_parse_throttle(request, REQUEST_THROTTLE_WRITE_IOPS, value, arena, error);
}
