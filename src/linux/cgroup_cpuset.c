/*
 * Filling new cpusets of cgroup v1, from the parent down.
 *
 * The trap: the parent may be as new and as empty as its child, so that filling begins with the
 * first ancestor that has values; and each reading and writing is paid at every container's start,
 * unless the kernel is told to copy.
 */
#include "linux/cgroup_cpuset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/cgroup_directory.h"

enum { CGROUP_CPUSET_SIZE = 4096 }; /* "0-3,8" at its longest */

static const char *const cgroup_cpuset_files[] = { "cpuset.cpus", "cpuset.mems" };

/* `made`: this one and so many above it are new. Fills the parents first where they are empty. */
static int cgroup_cpuset_fill_from(int directory, unsigned made, unsigned depth, Error *error)
{
    char value[CGROUP_CPUSET_SIZE];
    bool filled = true;
    for (size_t i = 0; i < ARRAY_LEN(cgroup_cpuset_files) && filled; i++) {
        ssize_t n =
            cgroup_directory_read(directory, cgroup_cpuset_files[i], value, sizeof(value), error);
        if (n < 0)
            return (int)n;
        filled = n > 0;
    }
    if (!filled) {
        if (depth > CGROUP_DEPTH_MAX)
            return error_set(error, ERROR_LIMIT, ELOOP, "too many cgroups with an empty cpuset");
        int parent CLEANUP(fd_closep) = openat(directory, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
            return error_errno(error, errno, "open the parent of a cpuset");
        int r = cgroup_cpuset_fill_from(parent, made > 0 ? made - 1 : 0, depth + 1, error);
        for (size_t i = 0; i < ARRAY_LEN(cgroup_cpuset_files) && r >= 0; i++) {
            const char *file = cgroup_cpuset_files[i];
            ssize_t n = cgroup_directory_read(parent, file, value, sizeof(value), error);
            r = n < 0 ? (int)n : cgroup_directory_write(directory, file, value, error);
        }
        if (r < 0)
            return r;
    }
    /* A new parent: from now on the kernel copies its values when a child is made. */
    if (made > 0 && depth > 0)
        return cgroup_directory_write(directory, "cgroup.clone_children", "1", error);
    return 0;
}

int cgroup_cpuset_fill(int directory, unsigned made, Error *error)
{
    return cgroup_cpuset_fill_from(directory, made, 0, error);
}
