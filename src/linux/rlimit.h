/*
 * Resource limits: getrlimit(2), prlimit(2).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { RLIMIT_INVALID = -1 };
#define RLIMIT_UNLIMITED UINT64_MAX

/* "RLIMIT_NOFILE" (runtime-spec config.md#posix-process) or "nofile" (ulimit): the number. */
int rlimit_from_name(const char *name);
/* "RLIMIT_NOFILE"; NULL for an unknown number. "nofile" is rlimit_name(n) + 7 in lower case. */
const char *rlimit_name(int resource);
const char *rlimit_short_name(int resource); /* "nofile" */

/*
 * Sets the limit of a process (0: the caller). Raising the hard limit without CAP_SYS_RESOURCE:
 * -EPERM, and the message names the limit that is there and the one that was asked for.
 */
int rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard, Error *error) MUST_CHECK;
int rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard, Error *error)
    MUST_CHECK;
