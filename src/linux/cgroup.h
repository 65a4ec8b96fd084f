/*
 * Control groups: cgroups(7). One container has one path below each hierarchy in use; this file
 * knows hosts with v1, v2 and both (hybrid), cgroup_v1.c and cgroup_v2.c know what a limit is
 * called in theirs. Values in bytes, microseconds, or as said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

typedef enum CgroupMode {
    CGROUP_NONE,    /* nothing mounted */
    CGROUP_V1,
    CGROUP_V2,
    CGROUP_HYBRID,  /* v1 controllers, and a v2 tree without them */
} CgroupMode;

typedef enum CgroupController {
    CGROUP_CPU,
    CGROUP_CPUACCT,
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
    CGROUP_SYSTEMD, /* the named v1 hierarchy */
    CGROUP_CONTROLLER_MAX,
} CgroupController;

#define CGROUP_BIT(controller) (1u << (controller))

/* What this host has: read once from /proc/self/mountinfo and /proc/self/cgroup. Lives in the
 * arena. */
typedef struct CgroupHost {
    CgroupMode mode;
    uint32_t available;                         /* CGROUP_BITs that can be used */
    const char *mount[CGROUP_CONTROLLER_MAX];   /* v1: where the hierarchy is mounted */
    const char *own_path[CGROUP_CONTROLLER_MAX]; /* v1: the caller's own cgroup in it */
    const char *unified_mount;                  /* the v2 tree, or NULL */
    const char *unified_own_path;
} CgroupHost;

int cgroup_host_read(Arena *arena, CgroupHost *ret_host, Error *error) MUST_CHECK;
const char *cgroup_controller_name(CgroupController controller, CgroupMode mode);

/* A container's cgroup: its directories, open. */
typedef struct Cgroup {
    CgroupMode mode;
    uint32_t controllers;           /* bits of those in use */
    const char *path;               /* below each mount, begins with '/'; owned by the arena given */
    int fds[CGROUP_CONTROLLER_MAX]; /* v1: one directory descriptor per hierarchy (co-mounted
                                       controllers share the number), else -1 */
    int unified_fd;                 /* v2 directory, or -1 */
} Cgroup;

#define CGROUP_EMPTY ((Cgroup){ .unified_fd = -1 })

/* mkdir -p in every hierarchy of `controllers` (v2: enables them on the way down). Fails with
 * ERROR_CONFLICT when the last component exists already and `exclusive`. On failure nothing made
 * by this call stays. A controller that the host lacks: ERROR_UNSUPPORTED and its name. */
int cgroup_create(const CgroupHost *host, const char *path, uint32_t controllers, bool exclusive,
                  Arena *arena, Cgroup *ret_cgroup, Error *error) MUST_CHECK;
int cgroup_open(const CgroupHost *host, const char *path, uint32_t controllers, Arena *arena,
                Cgroup *ret_cgroup, Error *error) MUST_CHECK;
/* One value into one file ("memory.max"); v1: in that controller's hierarchy. */
int cgroup_write(const Cgroup *cgroup, CgroupController controller, const char *file,
                 const char *value, Error *error) MUST_CHECK;
int cgroup_read(const Cgroup *cgroup, CgroupController controller, const char *file, char *buffer,
                size_t size, Error *error) MUST_CHECK;

/*
 * Attaching. The cheap way first (start-up cost: a write of another process's pid waits 10 ms for
 * RCU): on v1 the child writes "0" to `tasks` files opened beforehand, on v2 clone3 takes unified_fd.
 */
int cgroup_open_tasks(const Cgroup *cgroup, int *ret_fds, size_t *ret_count, Error *error) MUST_CHECK;
int cgroup_enter_tasks(const int *fds, size_t count, Error *error) MUST_CHECK; /* child: itself */
int cgroup_attach(const Cgroup *cgroup, pid_t pid, Error *error) MUST_CHECK;   /* by pid: slow */

/* Kills everything in it: cgroup.kill, else freeze + SIGKILL each + thaw, else repeated SIGKILL. */
int cgroup_kill(const Cgroup *cgroup, int signal, Error *error) MUST_CHECK;
/* Removes it and the cgroups below it; EBUSY is retried for up to timeout_ms. Missing: success. */
int cgroup_remove(const Cgroup *cgroup, unsigned timeout_ms, Error *error) MUST_CHECK;
int cgroup_freeze(const Cgroup *cgroup, bool frozen, Error *error) MUST_CHECK;
int cgroup_pids(const Cgroup *cgroup, Arena *arena, pid_t **ret_pids, size_t *ret_count,
                Error *error) MUST_CHECK;
void cgroup_done(Cgroup *cgroup);

/* The limits, hierarchy-neutral; the translation to files is one table row each in cgroup_v1.c and
 * cgroup_v2.c. `set` has a CGROUP_LIMIT_ bit for each member that is given. */
typedef struct CgroupLimit {
    int64_t memory, memory_swap, memory_reservation, memory_kernel, memory_kernel_tcp; /* bytes; -1: no limit; swap = memory + swap */
    int64_t swappiness;
    int64_t disable_oom_killer;
    int64_t cpu_shares, cpu_quota_us, cpu_period_us, cpu_burst_us, cpu_idle;
    int64_t cpu_rt_runtime_us, cpu_rt_period_us;
    const char *cpuset_cpus, *cpuset_mems;
    int64_t pids;
    int64_t io_weight, io_leaf_weight; /* 10 to 1000, blkio's scale */
    uint32_t set;
} CgroupLimit;

typedef struct CgroupDeviceLimit { /* one device of blkio/io */
    uint32_t major, minor;
    enum { CGROUP_READ_BPS, CGROUP_WRITE_BPS, CGROUP_READ_IOPS, CGROUP_WRITE_IOPS, CGROUP_DEVICE_WEIGHT, CGROUP_DEVICE_LEAF_WEIGHT } kind;
    uint64_t value;
} CgroupDeviceLimit;

enum {
    CGROUP_LIMIT_MEMORY = 1 << 0, CGROUP_LIMIT_MEMORY_SWAP = 1 << 1,
    CGROUP_LIMIT_MEMORY_RESERVATION = 1 << 2, CGROUP_LIMIT_MEMORY_KERNEL = 1 << 3,
    CGROUP_LIMIT_MEMORY_KERNEL_TCP = 1 << 4, CGROUP_LIMIT_SWAPPINESS = 1 << 5,
    CGROUP_LIMIT_DISABLE_OOM = 1 << 6, CGROUP_LIMIT_CPU_SHARES = 1 << 7,
    CGROUP_LIMIT_CPU_QUOTA = 1 << 8, CGROUP_LIMIT_CPU_PERIOD = 1 << 9,
    CGROUP_LIMIT_CPU_BURST = 1 << 10, CGROUP_LIMIT_CPU_IDLE = 1 << 11,
    CGROUP_LIMIT_CPU_RT_RUNTIME = 1 << 12, CGROUP_LIMIT_CPU_RT_PERIOD = 1 << 13,
    CGROUP_LIMIT_CPUSET_CPUS = 1 << 14, CGROUP_LIMIT_CPUSET_MEMS = 1 << 15,
    CGROUP_LIMIT_PIDS = 1 << 16, CGROUP_LIMIT_IO_WEIGHT = 1 << 17,
    CGROUP_LIMIT_IO_LEAF_WEIGHT = 1 << 18,
};

/* Which controllers the limits need: CGROUP_BITs. */
uint32_t cgroup_limit_controllers(const CgroupLimit *limit);
int cgroup_limit_apply(const Cgroup *cgroup, const CgroupLimit *limit, Error *error) MUST_CHECK;
int cgroup_device_limit_apply(const Cgroup *cgroup, const CgroupDeviceLimit *limit, Error *error) MUST_CHECK;

/* Device rules, first to last: v1 devices.allow/deny, v2 an eBPF program. */
typedef struct CgroupDeviceRule {
    bool allow;
    char type;             /* 'a', 'b', 'c' */
    int64_t major, minor;  /* -1: any */
    bool read, write, mknod;
} CgroupDeviceRule;
int cgroup_devices_apply(const Cgroup *cgroup, const CgroupDeviceRule *rules, size_t count, Error *error) MUST_CHECK;

/* What it uses now, against its limits. UINT64_MAX: not known or no limit. */
typedef struct CgroupUsage {
    uint64_t memory_bytes, memory_limit_bytes, memory_peak_bytes, swap_bytes, swap_limit_bytes;
    uint64_t oom_kills;
    uint64_t cpu_us, cpu_user_us, cpu_system_us, cpu_quota_us, cpu_period_us, cpu_shares, throttled_us;
    uint64_t pids, pids_limit;
    uint64_t io_read_bytes, io_write_bytes;
    char cpuset_cpus[128], cpuset_mems[128]; /* "" unknown; cut when longer */
} CgroupUsage;
int cgroup_usage(const Cgroup *cgroup, CgroupUsage *ret_usage, Error *error) MUST_CHECK;
/* Any process's cgroup, for `explain`: opened from /proc/<pid>/cgroup. */
int cgroup_open_of_pid(const CgroupHost *host, pid_t pid, Arena *arena, Cgroup *ret_cgroup, Error *error) MUST_CHECK;
