/*
 * Resource limits. The trap: RLIM_INFINITY is all ones, as is RLIMIT_UNLIMITED, so 64-bit values
 * pass through unchanged; on a 32-bit libc only prlimit64 tells the truth.
 */
#include "linux/rlimit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/str.h"
#include "linux/syscalls.h"

_Static_assert(sizeof(rlim_t) == 8 && RLIM_INFINITY == RLIMIT_UNLIMITED, "limits have 64 bits");

static const struct {
    int resource;
    const char *name, *short_name;
} rlimit_table[] = {
    { RLIMIT_AS, "RLIMIT_AS", "as" },
    { RLIMIT_CORE, "RLIMIT_CORE", "core" },
    { RLIMIT_CPU, "RLIMIT_CPU", "cpu" },
    { RLIMIT_DATA, "RLIMIT_DATA", "data" },
    { RLIMIT_FSIZE, "RLIMIT_FSIZE", "fsize" },
    { RLIMIT_LOCKS, "RLIMIT_LOCKS", "locks" },
    { RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", "memlock" },
    { RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", "msgqueue" },
    { RLIMIT_NICE, "RLIMIT_NICE", "nice" },
    { RLIMIT_NOFILE, "RLIMIT_NOFILE", "nofile" },
    { RLIMIT_NPROC, "RLIMIT_NPROC", "nproc" },
    { RLIMIT_RSS, "RLIMIT_RSS", "rss" },
    { RLIMIT_RTPRIO, "RLIMIT_RTPRIO", "rtprio" },
    { RLIMIT_RTTIME, "RLIMIT_RTTIME", "rttime" },
    { RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING", "sigpending" },
    { RLIMIT_STACK, "RLIMIT_STACK", "stack" },
};

int rlimit_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rlimit_table); i++)
        if (str_eq(name, rlimit_table[i].name) || str_eq(name, rlimit_table[i].short_name))
            return rlimit_table[i].resource;
    return RLIMIT_INVALID;
}

const char *rlimit_name(int resource)
{
    for (size_t i = 0; i < ARRAY_LEN(rlimit_table); i++)
        if (rlimit_table[i].resource == resource)
            return rlimit_table[i].name;
    return NULL;
}

const char *rlimit_short_name(int resource)
{
    for (size_t i = 0; i < ARRAY_LEN(rlimit_table); i++)
        if (rlimit_table[i].resource == resource)
            return rlimit_table[i].short_name;
    return NULL;
}

static const char *rlimit_print(uint64_t value, char buffer[24])
{
    if (value == RLIMIT_UNLIMITED)
        return "unlimited";
    (void)snprintf(buffer, 24, "%" PRIu64, value);
    return buffer;
}

static const char *rlimit_title(int resource)
{
    const char *name = rlimit_name(resource);
    return name ? name : "a resource limit";
}

int rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard, Error *error)
{
    uint64_t limits[2];
    if (syscall(SYS_prlimit64, pid, resource, NULL, limits) < 0)
        return error_errno(error, errno, "read %s", rlimit_title(resource));
    *ret_soft = limits[0];
    *ret_hard = limits[1];
    return 0;
}

int rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard, Error *error)
{
    const uint64_t limits[2] = { soft, hard };
    if (syscall(SYS_prlimit64, pid, resource, limits, NULL) == 0)
        return 0;

    int code = errno;
    uint64_t soft_now = 0, hard_now = 0;
    char text[24], wanted[24];
    if (code == EPERM && rlimit_get(pid, resource, &soft_now, &hard_now, NULL) == 0) {
        if (hard > hard_now)
            return error_set(error, ERROR_DENIED, EPERM,
                             "%s: the hard limit is %s and raising it to %s takes CAP_SYS_RESOURCE",
                             rlimit_title(resource), rlimit_print(hard_now, text),
                             rlimit_print(hard, wanted));
        if (resource == RLIMIT_NOFILE)
            return error_set(error, ERROR_DENIED, EPERM,
                             "RLIMIT_NOFILE: %s is above /proc/sys/fs/nr_open",
                             rlimit_print(hard, wanted));
    }
    if (code == EINVAL && soft > hard)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "%s: the soft limit %s is above the hard one, %s", rlimit_title(resource),
                         rlimit_print(soft, text), rlimit_print(hard, wanted));
    return error_errno(error, code, "set %s", rlimit_title(resource));
}
