/*
 * What this host has of control groups: versions, controllers, where they are mounted.
 *
 * A path of a cgroup begins with '/' and counts from what the host's mount shows: in a container
 * whose /sys/fs/cgroup shows a part of the host's tree, "/" is the top of that part.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef enum CgroupMode {
    CGROUP_NONE, /* nothing usable is mounted */
    CGROUP_V1,
    CGROUP_V2,
    CGROUP_HYBRID, /* v1 controllers, and a v2 tree without them: handled as v1, with CGROUP_UNIFIED
                    */
} CgroupMode;

typedef enum CgroupController {
    CGROUP_CPU,
    CGROUP_CPUACCT, /* v1 only; part of cpu on v2 */
    CGROUP_CPUSET,
    CGROUP_MEMORY,
    CGROUP_DEVICES, /* v1 only; on v2 an eBPF program */
    CGROUP_FREEZER, /* v1 only; built into v2 */
    CGROUP_IO,      /* "blkio" on v1 */
    CGROUP_PIDS,
    CGROUP_HUGETLB,
    CGROUP_NET_CLS,
    CGROUP_NET_PRIO,
    CGROUP_PERF_EVENT,
    CGROUP_RDMA,
    CGROUP_MISC,
    CGROUP_SYSTEMD, /* the named v1 hierarchy: no controller, known to systemd */
    CGROUP_UNIFIED, /* hybrid only: the v2 tree as one more hierarchy, by which systemd tracks */
    CGROUP_CONTROLLER_MAX,
    CGROUP_CONTROLLER_INVALID = -1,
} CgroupController;

#define CGROUP_BIT(controller) (1u << (controller))

/* "memory"; IO is "blkio" with v1 and hybrid; SYSTEMD is "name=systemd", UNIFIED "unified". */
const char *cgroup_controller_name(CgroupController controller, CgroupMode mode);
/* By either of its names; CGROUP_CONTROLLER_INVALID for an unknown one. */
CgroupController cgroup_controller_from_name(const char *name, size_t length);

/*
 * What this host has: read once from /proc/self/mountinfo and /proc/self/cgroup. Everything in it
 * lives in the arena it was read into. Co-mounted controllers (cpu,cpuacct) have equal mounts.
 */
typedef struct CgroupHost {
    CgroupMode mode;
    uint32_t available;                          /* CGROUP_BITs that can be used */
    const char *mount[CGROUP_CONTROLLER_MAX];    /* v1: where the hierarchy is mounted, or NULL */
    const char *root[CGROUP_CONTROLLER_MAX];     /* v1: which of its cgroups the mount shows */
    const char *own_path[CGROUP_CONTROLLER_MAX]; /* v1: the caller's own cgroup, below the mount;
                                                    NULL: it is not visible there */
    const char *unified_mount;                   /* the v2 tree, or NULL */
    const char *unified_root;
    const char *unified_own_path;
} CgroupHost;

/* A host without any cgroup mount is not an error: CGROUP_NONE. */
int cgroup_host_read(Arena *arena, CgroupHost *ret_host, Error *error) MUST_CHECK;
/* The pure part: the two files' texts. On v2 `available` is left 0 (it needs cgroup.controllers).
 */
void cgroup_host_parse(const char *mountinfo, const char *self_cgroup, Arena *arena,
                       CgroupHost *ret_host);

/* A list of names ("memory,pids", or separated by blanks on v2) as CGROUP_BITs, unknown ones left
 * out; ends at a newline. */
uint32_t cgroup_controllers_parse(const char *text, char separator);
/* What every v2 cgroup has without a controller of that name in cgroup.controllers. */
uint32_t cgroup_controllers_v2_builtin(void);

/*
 * Steps through the text of a /proc/PID/cgroup: false at its end. *ret_controllers is 0 in the line
 * of the v2 tree; hierarchies unknown here are left out.
 */
bool cgroup_proc_line(const char **text, Arena *arena, uint32_t *ret_controllers,
                      const char **ret_path);
/* Such a path as seen below a mount that shows `root`: a part of `path` or "/"; NULL: not there. */
const char *cgroup_path_below(const char *path, const char *root);
