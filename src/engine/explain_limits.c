/*
 * What the process may use: its cgroup's limits and use, and its resource limits where they differ
 * from those of the person who asks.
 */
#include "engine/explain_parts.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "linux/cgroup_usage.h"
#include "linux/process.h"
#include "linux/rlimit.h"

static OptU64 explain_number(uint64_t number)
{
    if (number == CGROUP_USAGE_NONE)
        return (OptU64){ 0 };
    return (OptU64){ true, number };
}

static const char *explain_cgroup_version(CgroupMode mode)
{
    switch (mode) {
    case CGROUP_V1: return "v1";
    case CGROUP_V2: return "v2";
    case CGROUP_HYBRID: return "hybrid";
    case CGROUP_NONE: break;
    }
    return "none";
}

static void explain_usage(const CgroupUsage *usage, Arena *arena, ExplainCgroup *cgroup)
{
    cgroup->memory = explain_number(usage->memory_bytes);
    cgroup->memory_limit = explain_number(usage->memory_limit_bytes);
    cgroup->memory_peak = explain_number(usage->memory_peak_bytes);
    cgroup->memory_cache = explain_number(usage->memory_cache_bytes);
    cgroup->swap = explain_number(usage->swap_bytes);
    cgroup->swap_limit = explain_number(usage->swap_limit_bytes);
    cgroup->oom_kills = explain_number(usage->oom_kills);
    cgroup->cpu_us = explain_number(usage->cpu_us);
    cgroup->cpu_quota_us = explain_number(usage->cpu_quota_us);
    cgroup->cpu_period_us = explain_number(usage->cpu_period_us);
    cgroup->cpu_weight = explain_number(usage->cpu_weight);
    cgroup->cpu_shares = explain_number(usage->cpu_shares);
    cgroup->throttled = explain_number(usage->throttled_periods);
    cgroup->throttled_us = explain_number(usage->throttled_us);
    cgroup->pids = explain_number(usage->pids);
    cgroup->pids_limit = explain_number(usage->pids_limit);
    cgroup->io_read = explain_number(usage->io_read_bytes);
    cgroup->io_written = explain_number(usage->io_write_bytes);
    if (*usage->cpuset_cpus)
        cgroup->cpus = arena_strdup(arena, usage->cpuset_cpus);
    if (*usage->cpuset_mems)
        cgroup->memory_nodes = arena_strdup(arena, usage->cpuset_mems);
}

/*
 * On v1 a process can be in a cgroup of its own for memory and in the top one for cpu: those
 * hierarchies say nothing about it. Returns a copy without them; the descriptors stay the
 * original's.
 */
static Cgroup explain_own_hierarchies(const CgroupHost *host, const Cgroup *cgroup)
{
    Cgroup own = *cgroup;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        struct stat here, top;
        if (own.fds[c] < 0 || !host->mount[c] || fstat(own.fds[c], &here) < 0 ||
            stat(host->mount[c], &top) < 0 || here.st_dev != top.st_dev ||
            here.st_ino != top.st_ino)
            continue;
        own.fds[c] = -1;
        own.controllers &= ~CGROUP_BIT(c);
    }
    return own;
}

int explain_cgroup(pid_t pid, Arena *arena, Explanation *explanation, Error *error)
{
    CgroupHost host;
    int r = cgroup_host_read(arena, &host, error);
    if (r < 0 || host.mode == CGROUP_NONE)
        return r;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    CgroupUsage usage;
    r = cgroup_open_of_pid(&host, pid, arena, &cgroup, error);
    if (r < 0)
        return r;
    Cgroup own = explain_own_hierarchies(&host, &cgroup);
    r = cgroup_usage(&own, &usage, error);
    if (r < 0)
        return r;
    explanation->cgroup = arena_alloc(arena, sizeof(*explanation->cgroup));
    explanation->cgroup->version = explain_cgroup_version(host.mode);
    explanation->cgroup->path = cgroup.path;
    if (!str_eq(cgroup.path, "/")) /* the top one has no limits, and uses what the host uses */
        explain_usage(&usage, arena, explanation->cgroup);
    return 0;
}

static OptU64 explain_rlimit_number(rlim_t number)
{
    if (number == RLIM_INFINITY)
        return (OptU64){ 0 };
    return (OptU64){ true, number };
}

int explain_rlimits(int proc_fd, Arena *arena, Explanation *explanation, Error *error)
{
    struct rlimit limits[RLIM_NLIMITS];
    int r = process_limits(proc_fd, limits, error);
    if (r < 0)
        return r;
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit own;
        const char *name = rlimit_short_name(i);
        if (!name || getrlimit(i, &own) < 0 ||
            (own.rlim_cur == limits[i].rlim_cur && own.rlim_max == limits[i].rlim_max))
            continue;
        ExplainRlimit *limit = arena_append(arena, &explanation->rlimits.items,
                                            &explanation->rlimits.count, sizeof(*limit));
        *limit = (ExplainRlimit){
            .name = name,
            .soft = explain_rlimit_number(limits[i].rlim_cur),
            .hard = explain_rlimit_number(limits[i].rlim_max),
            .host_soft = explain_rlimit_number(own.rlim_cur),
            .host_hard = explain_rlimit_number(own.rlim_max),
        };
    }
    return 0;
}
