/*
 * Resource limits as data: hierarchy-neutral (runtime-spec config-linux.md#control-groups), and
 * as settings, one value for one file, which is what they become. Both are pure.
 */
#pragma once

#include "linux/cgroup_host.h"

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

/* One value for one file. */
typedef struct CgroupSetting {
    CgroupController controller;
    const char *field; /* for the error: "cpu.quota"; of a device below blockIO */
    const char *file;
    const char *value;
    const char *absent; /* why the file may be missing, for the error; NULL: no known reason */
    bool optional;      /* a missing file is no error: without it things are as asked */
    bool or_next;       /* if the file is missing the next setting serves instead; skipped if not */
} CgroupSetting;
