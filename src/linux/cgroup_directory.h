/*
 * One open directory of a cgroup hierarchy (O_PATH): its files, its processes, those below it. Used
 * by the other files about cgroups; knows nothing of versions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/* The full path, for messages: "/sys/fs/cgroup/pids/c1"; of an open file too. */
const char *cgroup_directory_name(int directory, char *buffer, size_t size);
/* One write. A file that the directory lacks: ERROR_UNSUPPORTED with ENOENT. */
int cgroup_directory_write(int directory, const char *file, const char *value, Error *error)
    MUST_CHECK;
/* At most size - 1 bytes, the final newline is cut. The length, or a negative errno. */
ssize_t cgroup_directory_read(int directory, const char *file, char *buffer, size_t size,
                              Error *error) MUST_CHECK;
/* The processes in it and below, sorted, each once. */
int cgroup_directory_pids(int directory, Arena *arena, pid_t **ret_pids, size_t *ret_count,
                          Error *error) MUST_CHECK;

/*
 * Calls visit for the directory and those below it, parents first, until one answers negative;
 * that, or -ELOOP when they are nested deeper than CGROUP_DEPTH_MAX, is the result. Cgroups that
 * vanish meanwhile are left out.
 */
enum { CGROUP_DEPTH_MAX = 128 };
int cgroup_directory_walk(int directory, int (*visit)(void *context, int directory), void *context)
    MUST_CHECK;

/*
 * For those nested too deep to walk: removes all cgroups below, from the deepest up, and where one
 * has processes ends those on the way to it, thawed if it is v1's freezer. EBUSY at `deadline_us`.
 */
int cgroup_directory_end_below(int directory, uint64_t deadline_us, Error *error) MUST_CHECK;

/*
 * Removes `name` (its last component) and all below. EBUSY is retried until `deadline_us` of the
 * monotonic clock; the error then names a process that is still there. Missing: success.
 */
int cgroup_directory_remove(int directory, const char *name, uint64_t deadline_us, Error *error)
    MUST_CHECK;
