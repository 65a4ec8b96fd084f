/*
 * What a cgroup uses now, against its limits: for `stats`, `explain` and `events`.
 */
#pragma once

#include "linux/cgroup.h"

#define CGROUP_USAGE_NONE UINT64_MAX /* not known here, or no limit */

/* Every number may be CGROUP_USAGE_NONE. */
typedef struct CgroupUsage {
    uint64_t memory_bytes, memory_limit_bytes, memory_peak_bytes;
    uint64_t memory_cache_bytes; /* file pages the kernel can drop first (inactive_file) */
    uint64_t swap_bytes;         /* swap alone */
    uint64_t swap_limit_bytes;   /* swap alone: what memory + swap leaves on v1 */
    uint64_t oom_kills;
    uint64_t cpu_us, cpu_user_us, cpu_system_us;
    uint64_t cpu_quota_us, cpu_period_us;
    uint64_t cpu_shares; /* v1's scale; on v2 see cpu_weight */
    uint64_t cpu_weight; /* v2 */
    uint64_t periods, throttled_periods, throttled_us;
    uint64_t pids, pids_limit;
    uint64_t io_read_bytes, io_write_bytes, io_reads, io_writes;
    char cpuset_cpus[128], cpuset_mems[128]; /* in effect; "" unknown; cut when longer */
} CgroupUsage;

/* Each file once; what is missing stays unknown and is no error. */
int cgroup_usage(const Cgroup *cgroup, CgroupUsage *ret_usage, Error *error) MUST_CHECK;
/* The cheap part of it: how often the kernel's OOM killer struck; after a container's end. */
int cgroup_usage_oom_kills(const Cgroup *cgroup, uint64_t *ret_count, Error *error) MUST_CHECK;
