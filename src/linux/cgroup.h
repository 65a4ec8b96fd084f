/*
 * Control groups: cgroups(7), Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst of the kernel.
 *
 * One container has one path, and a directory of that path below each hierarchy in use. This
 * header is about those directories: making, finding, entering, emptying and removing them, on
 * hosts with v1 hierarchies, with the one tree of v2, or with both (hybrid: the v1 hierarchies
 * have the controllers, the v2 tree is left alone). What limits them: cgroup_limit.h and
 * cgroup_devices.h; what they use: cgroup_usage.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "linux/cgroup_host.h"

enum { CGROUP_PATH_MAX = 1024 }; /* bytes of a cgroup's path, with the terminator */

/* A container's cgroup: its directories, open (O_PATH). Release with cgroup_done. */
typedef struct Cgroup {
    CgroupMode mode;
    uint32_t controllers; /* CGROUP_BITs of those in use */
    const char *path;     /* below each mount, begins with '/'; owned by the arena given */
    int fds[CGROUP_CONTROLLER_MAX]; /* v1: a directory per hierarchy, else -1. Co-mounted
                                       controllers share the number */
    int unified_fd;                 /* v2: the directory, else -1. For CLONE_INTO_CGROUP too */
    bool foreign;                   /* from cgroup_open_of_pid: not to be removed */
} Cgroup;

/* An empty one, which cgroup_done accepts: `Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY`. */
#define CGROUP_EMPTY                                                               \
    ((Cgroup){                                                                     \
        .fds = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, \
        .unified_fd = -1,                                                          \
    })
_Static_assert(CGROUP_CONTROLLER_MAX == 16, "CGROUP_EMPTY lists one -1 per controller");

void cgroup_done(Cgroup *cgroup);

/*
 * mkdir -p in the hierarchies of `controllers` (v2: in the tree, and enables them on the way down;
 * those which v2 has no controller for - CPUACCT, DEVICES, FREEZER, SYSTEMD - cost nothing there).
 * v1: a new cpuset has its parent's cpus and mems. ERROR_CONFLICT when the last component is there
 * already and it or one below has processes (an empty one is taken); cgroup_create_shared uses it
 * all the same. On failure nothing made by this call stays.
 * ERROR_UNSUPPORTED names a controller that the host lacks or that cannot be enabled, and why.
 */
int cgroup_create(const CgroupHost *host, const char *path, uint32_t controllers, Arena *arena,
                  Cgroup *ret_cgroup, Error *error) MUST_CHECK;
int cgroup_create_shared(const CgroupHost *host, const char *path, uint32_t controllers,
                         Arena *arena, Cgroup *ret_cgroup, Error *error) MUST_CHECK;

/* The general form of both. */
typedef struct CgroupRequest {
    const char *path;
    uint32_t controllers;
    uint32_t optional; /* those of them that are left out where the caller may not have them: v2
                          does not pass them on, v1's directory is another's. ret_cgroup says it */
    bool shared;
} CgroupRequest;
int cgroup_create_as(const CgroupHost *host, const CgroupRequest *request, Arena *arena,
                     Cgroup *ret_cgroup, Error *error) MUST_CHECK;

/* Those of the directories that exist: ret_cgroup->controllers says which. None: ERROR_NOT_FOUND.
 */
int cgroup_open(const CgroupHost *host, const char *path, uint32_t controllers, Arena *arena,
                Cgroup *ret_cgroup, Error *error) MUST_CHECK;
/*
 * The cgroup of any process, for `explain`: from /proc/<pid>/cgroup. Each hierarchy has its own
 * path there; ret_cgroup->path is the one that most of them have, but for "/".
 */
int cgroup_open_of_pid(const CgroupHost *host, pid_t pid, Arena *arena, Cgroup *ret_cgroup,
                       Error *error) MUST_CHECK;

/* Its directories, each once; borrowed. Returns how many. */
size_t cgroup_directories(const Cgroup *cgroup, int ret_fds[CGROUP_CONTROLLER_MAX]);
/* The directory with a controller's files: of that hierarchy, or the v2 one; -1: not in use. */
int cgroup_directory(const Cgroup *cgroup, CgroupController controller);

/* One value into one file ("memory.max"), with one write. Errors name the file's full path. */
int cgroup_write(const Cgroup *cgroup, CgroupController controller, const char *file,
                 const char *value, Error *error) MUST_CHECK;
/* A file's text, at most size - 1 bytes of it; the final newline is cut. */
int cgroup_read(const Cgroup *cgroup, CgroupController controller, const char *file, char *buffer,
                size_t size, Error *error) MUST_CHECK;

/*
 * Attaching. Writing another process's pid waits for RCU (10 ms after idle), so the cheap ways
 * come first: v2: clone3 takes unified_fd. v1: the child writes "0" to `tasks` files which the
 * parent opened beforehand, before it becomes multi-threaded (only the calling thread moves).
 * ret_fds has room for CGROUP_CONTROLLER_MAX descriptors, which the caller closes; v2: *ret_count
 * is 0. See docs/design/0005-attach-order.md.
 */
int cgroup_open_tasks(const Cgroup *cgroup, int *ret_fds, size_t *ret_count, Error *error)
    MUST_CHECK;
int cgroup_enter_tasks(const int *fds, size_t count, Error *error) MUST_CHECK; /* the caller */
int cgroup_attach(const Cgroup *cgroup, pid_t pid, Error *error) MUST_CHECK;   /* by pid: slow */

/* The directory in which all processes are found, or -1: one of those in `cgroup`. */
int cgroup_processes_directory(const Cgroup *cgroup);
/* All processes in it and in the cgroups below, each once, ascending; those of another pid
 * namespace, whose number the kernel gives as 0, are left out. */
int cgroup_pids(const Cgroup *cgroup, Arena *arena, pid_t **ret_pids, size_t *ret_count,
                Error *error) MUST_CHECK;

/*
 * Removes it and the cgroups below it in all its hierarchies, not the parents. EBUSY (processes
 * that are still dying) is retried for up to timeout_ms, then the error names one that lives.
 * Missing directories are success. The descriptors stay open until cgroup_done.
 */
int cgroup_remove(const Cgroup *cgroup, unsigned timeout_ms, Error *error) MUST_CHECK;

/*
 * Signals all processes in it and below: SIGKILL by cgroup.kill (v2, Linux 5.14); otherwise frozen
 * meanwhile, so that none can be forked away; without a freezer in repeated rounds. SIGKILL also
 * ends processes of a frozen cgroup; other signals leave it frozen (on v1 they wait in it, on v2
 * those that kill do so). An empty cgroup is success.
 * Does not wait for the end of the processes.
 */
int cgroup_kill(const Cgroup *cgroup, int signal, Error *error) MUST_CHECK;
/* Returns when all processes are frozen (or after 2 s: error, thawed again), or thawed. */
int cgroup_freeze(const Cgroup *cgroup, bool frozen, Error *error) MUST_CHECK;
/* 1, 0, or a negative errno. */
int cgroup_is_frozen(const Cgroup *cgroup, Error *error) MUST_CHECK;

/* For the files beside this one. */
int cgroup_check_path(const char *path, Error *error) MUST_CHECK;
/* The descriptor of an earlier controller that is mounted together with this one, or -1. */
int cgroup_shared_directory(const CgroupHost *host, const Cgroup *cgroup, int controller);
