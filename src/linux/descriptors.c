/*
 * The gaps between what is kept, one close_range each. The trap: a filter around us may answer
 * anything, so every failure but a bad argument of ours leads to the slow way.
 */
#include "linux/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "linux/syscalls.h"

enum { DESCRIPTORS_FIRST = 3, DESCRIPTORS_MANY = 1 << 20 };

static int descriptors_compare(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static void descriptors_close_gap(unsigned first, unsigned last)
{
    if (first > last || sys_close_range(first, last, 0) == 0)
        return;
    struct rlimit limit = { 0 };
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    /* The limit may have been lowered below what is open. */
    unsigned end = limit.rlim_max > DESCRIPTORS_MANY ? DESCRIPTORS_MANY : (unsigned)limit.rlim_max;
    for (unsigned fd = first; fd <= last && fd < end; fd++)
        (void)close((int)fd);
}

static bool descriptors_kept(int fd, const int *keep, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keep[i] == fd)
            return true;
    return false;
}

void descriptors_close_from(unsigned first)
{
    descriptors_close_gap(first, ~0U);
}

int descriptors_close(unsigned preserve, int *keep, size_t count, Error *error)
{
    if (count > DESCRIPTORS_KEEP_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "%zu descriptors to keep open", count);
    if (count > 1)
        qsort(keep, count, sizeof(*keep), descriptors_compare);
    unsigned first = DESCRIPTORS_FIRST + preserve;
    for (unsigned fd = DESCRIPTORS_FIRST; fd < first; fd++) {
        int flags = fcntl((int)fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) && !descriptors_kept((int)fd, keep, count))
            (void)close((int)fd);
    }
    for (size_t i = 0; i < count; i++) {
        if (keep[i] < 0 || (unsigned)keep[i] < first)
            continue;
        if ((unsigned)keep[i] > first)
            descriptors_close_gap(first, (unsigned)keep[i] - 1);
        first = (unsigned)keep[i] + 1;
    }
    descriptors_close_from(first);
    return 0;
}
