/*
 * All that a cgroup counts, in the terms of cgroup v1 that runc's callers know: for `events`. What
 * people read is cgroup_usage.h.
 */
#pragma once

#include "base/field.h"
#include "linux/cgroup.h"

#define CGROUP_STATS_NO_LIMIT UINT64_MAX

typedef struct CgroupStatsMemory {
    uint64_t limit_bytes, usage_bytes, max_bytes, failures;
} CgroupStatsMemory;

typedef struct CgroupStatsNumber { /* a line of memory.stat */
    const char *name;
    uint64_t value;
} CgroupStatsNumber;

typedef struct CgroupStatsIo {
    uint64_t major, minor;
    const char *operation; /* "Read", "Write", ... */
    uint64_t value;
} CgroupStatsIo;

typedef struct CgroupStatsHugetlb {
    const char *page_size; /* "2MB" */
    uint64_t usage_bytes, max_bytes, failures;
} CgroupStatsHugetlb;

typedef struct CgroupStatsPressure { /* a line of cpu.pressure: [0] some, [1] full */
    double average_10, average_60, average_300;
    uint64_t total_us;
} CgroupStatsPressure;

typedef struct CgroupStatsPressures {
    bool known;
    CgroupStatsPressure lines[2];
} CgroupStatsPressures;

typedef struct CgroupStatsCpu { /* nanoseconds */
    uint64_t total, user, kernel;
    LIST_OF(uint64_t) per_cpu, per_cpu_kernel, per_cpu_user; /* v1 only */
    uint64_t periods, throttled_periods, throttled;
    CgroupStatsPressures pressure;
} CgroupStatsCpu;

/* What is not known is 0 or empty. */
typedef struct CgroupStats {
    CgroupStatsCpu cpu;
    uint64_t cache_bytes;
    CgroupStatsMemory memory, memory_and_swap, kernel, kernel_tcp;
    LIST_OF(CgroupStatsNumber) memory_numbers;
    CgroupStatsPressures memory_pressure;
    uint64_t pids, pids_limit;
    LIST_OF(CgroupStatsIo) io_bytes, io_operations;
    CgroupStatsPressures io_pressure;
    LIST_OF(CgroupStatsHugetlb) hugetlb;
    const char *cpus, *mems; /* lists in effect ("0-3,7"), or NULL */
} CgroupStats;

/* Missing files are no error; everything lives in the arena. */
void cgroup_stats_read(const Cgroup *cgroup, Arena *arena, CgroupStats *ret_stats);

/*
 * A descriptor that is readable when the kernel's OOM killer strikes in the cgroup or the cgroup
 * goes (v1: an eventfd of memory.oom_control; v2: inotify of memory.events), and what it was then:
 * 1 a new kill, 0 none, -ENODEV the cgroup is gone. `kills` counts on.
 */
int cgroup_stats_watch_oom(const Cgroup *cgroup, Error *error) MUST_CHECK;
int cgroup_stats_oom(const Cgroup *cgroup, int watch, uint64_t *kills) MUST_CHECK;
