/*
 * Resource limits, hierarchy-neutral (runtime-spec config-linux.md#control-groups), and what they
 * become in the files of cgroup v1 and v2.
 *
 * Translation is pure (cgroup_limit_translate) and yields a list of settings, so that it can be
 * shown and tested without a kernel; applying is one loop over that list.
 */
#pragma once

#include "linux/cgroup.h"

/* Which members of a CgroupLimit are given. */
enum {
    CGROUP_LIMIT_MEMORY = 1 << 0,
    CGROUP_LIMIT_MEMORY_SWAP = 1 << 1,
    CGROUP_LIMIT_MEMORY_RESERVATION = 1 << 2,
    CGROUP_LIMIT_MEMORY_KERNEL = 1 << 3,
    CGROUP_LIMIT_MEMORY_KERNEL_TCP = 1 << 4,
    CGROUP_LIMIT_SWAPPINESS = 1 << 5,
    CGROUP_LIMIT_DISABLE_OOM = 1 << 6,
    CGROUP_LIMIT_CPU_SHARES = 1 << 7,
    CGROUP_LIMIT_CPU_QUOTA = 1 << 8,
    CGROUP_LIMIT_CPU_PERIOD = 1 << 9,
    CGROUP_LIMIT_CPU_BURST = 1 << 10,
    CGROUP_LIMIT_CPU_IDLE = 1 << 11,
    CGROUP_LIMIT_CPU_RT_RUNTIME = 1 << 12,
    CGROUP_LIMIT_CPU_RT_PERIOD = 1 << 13,
    CGROUP_LIMIT_CPUSET_CPUS = 1 << 14,
    CGROUP_LIMIT_CPUSET_MEMS = 1 << 15,
    CGROUP_LIMIT_PIDS = 1 << 16,
    CGROUP_LIMIT_IO_WEIGHT = 1 << 17,
    CGROUP_LIMIT_IO_LEAF_WEIGHT = 1 << 18,
};

typedef struct CgroupLimit {
    uint32_t set;      /* CGROUP_LIMIT_ bits */
    bool memory_check; /* refuse a memory limit below the present use (memory.checkBeforeUpdate) */
    int64_t memory;    /* bytes; -1: no limit */
    int64_t memory_swap;        /* memory + swap, bytes; -1: no limit */
    int64_t memory_reservation; /* bytes; -1: none */
    int64_t memory_kernel;      /* ignored: kernels since 5.16 and v2 have no such limit */
    int64_t memory_kernel_tcp;  /* bytes; v1 only */
    int64_t swappiness;         /* 0 to 100; v1 only */
    int64_t disable_oom_killer; /* 1: tasks wait instead; v1 only */
    int64_t cpu_shares;         /* v1's scale: 2 to 262144, 1024 is usual; 0: left alone */
    int64_t cpu_quota_us;       /* per period; -1 (or 0): no limit */
    int64_t cpu_period_us;      /* 1,000 to 1,000,000; 0: left alone */
    int64_t cpu_burst_us;
    int64_t cpu_idle;          /* 1: SCHED_IDLE for the whole cgroup (Linux 5.15) */
    int64_t cpu_rt_runtime_us; /* v1 only */
    int64_t cpu_rt_period_us;  /* v1 only */
    const char *cpuset_cpus;   /* "0-2,7"; "": left alone */
    const char *cpuset_mems;
    int64_t pids;           /* -1: no limit */
    int64_t io_weight;      /* 10 to 1000, blkio's scale; 0: left alone */
    int64_t io_leaf_weight; /* the same; v1 with CFQ (before 5.0) only */
} CgroupLimit;

/* Which controllers the limits need: CGROUP_BITs. */
uint32_t cgroup_limit_controllers(const CgroupLimit *limit);

/* One value for one file. */
typedef struct CgroupSetting {
    CgroupController controller;
    const char *file;
    const char *value;
    const char *absent; /* why the file may be missing, for the error; NULL: no known reason */
    bool optional;      /* a missing file is no error: without it things are as asked */
    bool or_next;       /* if the file is missing the next setting serves instead; skipped if not */
} CgroupSetting;

/*
 * What the limits are in the files of `mode` (CGROUP_V2, or v1 for the others), in the order of
 * writing. ERROR_USAGE for values that contradict each other, ERROR_UNSUPPORTED for what this
 * version of cgroups cannot promise. The array lives in the arena.
 */
int cgroup_limit_translate(const CgroupLimit *limit, CgroupMode mode, Arena *arena,
                           CgroupSetting **ret_settings, size_t *ret_count,
                           Error *error) MUST_CHECK;
/* What translation leaves out without an error, one line for people each. */
void cgroup_limit_notes(const CgroupLimit *limit, CgroupMode mode, Arena *arena,
                        StrList *ret_notes);

/*
 * Translates and writes. Values which the kernel refuses only because of another one's present
 * value (memory above the old memory + swap, quota below the old burst) are tried again after the
 * others. On failure the settings before the failing one stay.
 */
int cgroup_limit_apply(const Cgroup *cgroup, const CgroupLimit *limit, Error *error) MUST_CHECK;

typedef enum CgroupDeviceLimitKind {
    CGROUP_READ_BPS,  /* bytes per second; 0: no limit */
    CGROUP_WRITE_BPS, /* the same */
    CGROUP_READ_IOPS, /* operations per second; 0: no limit */
    CGROUP_WRITE_IOPS,
    CGROUP_DEVICE_WEIGHT,      /* 10 to 1000, blkio's scale */
    CGROUP_DEVICE_LEAF_WEIGHT, /* the same; v1 with CFQ only */
} CgroupDeviceLimitKind;

typedef struct CgroupDeviceLimit { /* one block device in blkio or io */
    uint32_t major, minor;
    CgroupDeviceLimitKind kind;
    uint64_t value;
} CgroupDeviceLimit;

int cgroup_device_limit_translate(const CgroupDeviceLimit *limit, CgroupMode mode, Arena *arena,
                                  CgroupSetting **ret_settings, size_t *ret_count,
                                  Error *error) MUST_CHECK;
int cgroup_device_limit_apply(const Cgroup *cgroup, const CgroupDeviceLimit *limit,
                              Error *error) MUST_CHECK;

/* `page_size` is the kernel's word, "2MB" or "1GB"; reservations are limited as well where the
 * kernel can (5.7). */
int cgroup_limit_hugetlb(const Cgroup *cgroup, const char *page_size, uint64_t bytes,
                         Error *error) MUST_CHECK;
/* -1: no limit. `device` as in /sys/class/infiniband. */
int cgroup_limit_rdma(const Cgroup *cgroup, const char *device, int64_t handles, int64_t objects,
                      Error *error) MUST_CHECK;
/* v1 only: the class id of packets, and the priority on one interface. */
int cgroup_limit_net_class(const Cgroup *cgroup, uint32_t class_id, Error *error) MUST_CHECK;
int cgroup_limit_net_priority(const Cgroup *cgroup, const char *interface, uint32_t priority,
                              Error *error) MUST_CHECK;
/*
 * One entry of runtime-spec's linux.resources.unified. v2 only. `file` must be CONTROLLER.NAME of
 * a limit: no '/', and none of cgroup.* (CVE-2023-6476: the caller's words choose the file).
 */
int cgroup_limit_unified(const Cgroup *cgroup, const char *file, const char *value,
                         Error *error) MUST_CHECK;
/* The controllers which such a key needs: a CGROUP_BIT, or 0 if it has none. */
uint32_t cgroup_limit_unified_controller(const char *file);
