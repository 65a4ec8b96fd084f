/*
 * Usage: a table of files per version, each with the function that understands it.
 *
 * Invariant: each file is read once, with one read; a missing one leaves its numbers unknown. The
 * traps: v1 writes "no limit" as the largest multiple of the page size, in other units and in
 * other files than v2 (nanoseconds, and swap only as the sum with memory).
 */
#include "linux/cgroup_usage.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux/cgroup_directory.h"

enum { CGROUP_USAGE_TEXT_SIZE = 16384 }; /* io.stat has a line per device */

/* v1's words for no limit: LONG_MAX rounded down to a page, whatever the page's size. */
#define CGROUP_USAGE_V1_UNLIMITED (INT64_MAX & ~0xffffLL)

typedef void CgroupUsageParse(const char *text, void *member);

/* A number; "max", "-1" and what v1 means by no limit: none. */
static void cgroup_usage_number(const char *text, void *member)
{
    uint64_t *number = member;
    if (str_to_u64(text, number) < 0 || *number >= (uint64_t)CGROUP_USAGE_V1_UNLIMITED)
        *number = CGROUP_USAGE_NONE;
}

/* Nanoseconds. */
static void cgroup_usage_ns(const char *text, void *member)
{
    uint64_t *number = member;
    cgroup_usage_number(text, member);
    if (*number != CGROUP_USAGE_NONE)
        *number /= 1000;
}

static void cgroup_usage_list(const char *text, void *member)
{
    (void)snprintf(member, sizeof((CgroupUsage){ 0 }.cpuset_cpus), "%s", text);
}

/* The number after `key` at the start of a line. */
static uint64_t cgroup_usage_key(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length + 1, NULL, 10);
    }
    return CGROUP_USAGE_NONE;
}

static void cgroup_usage_cpu_max(const char *text, void *member)
{
    CgroupUsage *usage = member;
    char quota[48];
    (void)snprintf(quota, sizeof(quota), "%s", text); /* "max 100000" */
    char *period = strchr(quota, ' ');
    if (!period)
        return;
    *period++ = '\0';
    cgroup_usage_number(quota, &usage->cpu_quota_us);
    cgroup_usage_number(period, &usage->cpu_period_us);
}

static void cgroup_usage_cpu_stat_v1(const char *text, void *member)
{
    CgroupUsage *usage = member;
    usage->periods = cgroup_usage_key(text, "nr_periods");
    usage->throttled_periods = cgroup_usage_key(text, "nr_throttled");
    uint64_t ns = cgroup_usage_key(text, "throttled_time");
    usage->throttled_us = ns == CGROUP_USAGE_NONE ? ns : ns / 1000;
}

static void cgroup_usage_cpu_stat_v2(const char *text, void *member)
{
    CgroupUsage *usage = member;
    usage->cpu_us = cgroup_usage_key(text, "usage_usec");
    usage->cpu_user_us = cgroup_usage_key(text, "user_usec");
    usage->cpu_system_us = cgroup_usage_key(text, "system_usec");
    usage->periods = cgroup_usage_key(text, "nr_periods");
    usage->throttled_periods = cgroup_usage_key(text, "nr_throttled");
    usage->throttled_us = cgroup_usage_key(text, "throttled_usec");
}

static void cgroup_usage_cache_v1(const char *text, void *member)
{
    *(uint64_t *)member = cgroup_usage_key(text, "total_inactive_file");
}

static void cgroup_usage_cache_v2(const char *text, void *member)
{
    *(uint64_t *)member = cgroup_usage_key(text, "inactive_file");
}

/* memory.oom_control and memory.events have the same key. */
static void cgroup_usage_oom(const char *text, void *member)
{
    *(uint64_t *)member = cgroup_usage_key(text, "oom_kill");
}

/* The sum over all lines of the number after `word` (" Read ", "rbytes="). */
static uint64_t cgroup_usage_sum(const char *text, const char *word)
{
    uint64_t sum = 0;
    for (const char *p = text; (p = strstr(p, word));) {
        p += strlen(word);
        sum += strtoull(p, NULL, 10);
    }
    return sum;
}

static void cgroup_usage_io_bytes_v1(const char *text, void *member)
{
    CgroupUsage *usage = member;
    usage->io_read_bytes = cgroup_usage_sum(text, " Read ");
    usage->io_write_bytes = cgroup_usage_sum(text, " Write ");
}

static void cgroup_usage_io_count_v1(const char *text, void *member)
{
    CgroupUsage *usage = member;
    usage->io_reads = cgroup_usage_sum(text, " Read ");
    usage->io_writes = cgroup_usage_sum(text, " Write ");
}

static void cgroup_usage_io_v2(const char *text, void *member)
{
    CgroupUsage *usage = member;
    usage->io_read_bytes = cgroup_usage_sum(text, "rbytes=");
    usage->io_write_bytes = cgroup_usage_sum(text, "wbytes=");
    usage->io_reads = cgroup_usage_sum(text, "rios=");
    usage->io_writes = cgroup_usage_sum(text, "wios=");
}

typedef struct CgroupUsageRow {
    CgroupController controller;
    const char *file;
    CgroupUsageParse *parse;
    size_t offset; /* of the member; 0 with the functions that take the whole */
} CgroupUsageRow;

#define CGROUP_USAGE_AT(member) offsetof(CgroupUsage, member)
_Static_assert(offsetof(CgroupUsage, memory_bytes) == 0, "its row also has offset 0");

static const CgroupUsageRow cgroup_usage_v1[] = {
    { CGROUP_MEMORY, "memory.usage_in_bytes", cgroup_usage_number, CGROUP_USAGE_AT(memory_bytes) },
    { CGROUP_MEMORY, "memory.limit_in_bytes", cgroup_usage_number,
      CGROUP_USAGE_AT(memory_limit_bytes) },
    { CGROUP_MEMORY, "memory.max_usage_in_bytes", cgroup_usage_number,
      CGROUP_USAGE_AT(memory_peak_bytes) },
    { CGROUP_MEMORY, "memory.memsw.usage_in_bytes", cgroup_usage_number,
      CGROUP_USAGE_AT(swap_bytes) },
    { CGROUP_MEMORY, "memory.memsw.limit_in_bytes", cgroup_usage_number,
      CGROUP_USAGE_AT(swap_limit_bytes) },
    { CGROUP_MEMORY, "memory.stat", cgroup_usage_cache_v1, CGROUP_USAGE_AT(memory_cache_bytes) },
    { CGROUP_MEMORY, "memory.oom_control", cgroup_usage_oom, CGROUP_USAGE_AT(oom_kills) },
    { CGROUP_CPUACCT, "cpuacct.usage", cgroup_usage_ns, CGROUP_USAGE_AT(cpu_us) },
    { CGROUP_CPUACCT, "cpuacct.usage_user", cgroup_usage_ns, CGROUP_USAGE_AT(cpu_user_us) },
    { CGROUP_CPUACCT, "cpuacct.usage_sys", cgroup_usage_ns, CGROUP_USAGE_AT(cpu_system_us) },
    { CGROUP_CPU, "cpu.cfs_quota_us", cgroup_usage_number, CGROUP_USAGE_AT(cpu_quota_us) },
    { CGROUP_CPU, "cpu.cfs_period_us", cgroup_usage_number, CGROUP_USAGE_AT(cpu_period_us) },
    { CGROUP_CPU, "cpu.shares", cgroup_usage_number, CGROUP_USAGE_AT(cpu_shares) },
    { CGROUP_CPU, "cpu.stat", cgroup_usage_cpu_stat_v1, 0 },
    { CGROUP_PIDS, "pids.current", cgroup_usage_number, CGROUP_USAGE_AT(pids) },
    { CGROUP_PIDS, "pids.max", cgroup_usage_number, CGROUP_USAGE_AT(pids_limit) },
    { CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", cgroup_usage_io_bytes_v1, 0 },
    { CGROUP_IO, "blkio.throttle.io_serviced_recursive", cgroup_usage_io_count_v1, 0 },
    { CGROUP_CPUSET, "cpuset.effective_cpus", cgroup_usage_list, CGROUP_USAGE_AT(cpuset_cpus) },
    { CGROUP_CPUSET, "cpuset.effective_mems", cgroup_usage_list, CGROUP_USAGE_AT(cpuset_mems) },
};

static const CgroupUsageRow cgroup_usage_v2[] = {
    { CGROUP_MEMORY, "memory.current", cgroup_usage_number, CGROUP_USAGE_AT(memory_bytes) },
    { CGROUP_MEMORY, "memory.max", cgroup_usage_number, CGROUP_USAGE_AT(memory_limit_bytes) },
    { CGROUP_MEMORY, "memory.peak", cgroup_usage_number, CGROUP_USAGE_AT(memory_peak_bytes) },
    { CGROUP_MEMORY, "memory.swap.current", cgroup_usage_number, CGROUP_USAGE_AT(swap_bytes) },
    { CGROUP_MEMORY, "memory.swap.max", cgroup_usage_number, CGROUP_USAGE_AT(swap_limit_bytes) },
    { CGROUP_MEMORY, "memory.stat", cgroup_usage_cache_v2, CGROUP_USAGE_AT(memory_cache_bytes) },
    { CGROUP_MEMORY, "memory.events", cgroup_usage_oom, CGROUP_USAGE_AT(oom_kills) },
    { CGROUP_CPU, "cpu.stat", cgroup_usage_cpu_stat_v2, 0 },
    { CGROUP_CPU, "cpu.max", cgroup_usage_cpu_max, 0 },
    { CGROUP_CPU, "cpu.weight", cgroup_usage_number, CGROUP_USAGE_AT(cpu_weight) },
    { CGROUP_PIDS, "pids.current", cgroup_usage_number, CGROUP_USAGE_AT(pids) },
    { CGROUP_PIDS, "pids.max", cgroup_usage_number, CGROUP_USAGE_AT(pids_limit) },
    { CGROUP_IO, "io.stat", cgroup_usage_io_v2, 0 },
    { CGROUP_CPUSET, "cpuset.cpus.effective", cgroup_usage_list, CGROUP_USAGE_AT(cpuset_cpus) },
    { CGROUP_CPUSET, "cpuset.mems.effective", cgroup_usage_list, CGROUP_USAGE_AT(cpuset_mems) },
};

/* Everything unknown. */
static void cgroup_usage_start(CgroupUsage *usage)
{
    memset(usage, 0xff, offsetof(CgroupUsage, cpuset_cpus));
    usage->cpuset_cpus[0] = usage->cpuset_mems[0] = '\0';
}

/* 0, or 1 if the file is not there, or a negative errno. */
static int cgroup_usage_row(const Cgroup *cgroup, const CgroupUsageRow *row, CgroupUsage *usage,
                            Error *error)
{
    int directory = cgroup_directory(cgroup, row->controller);
    if (directory < 0)
        return 1;
    char text[CGROUP_USAGE_TEXT_SIZE];
    Error attempt;
    ssize_t n = cgroup_directory_read(directory, row->file, text, sizeof(text), &attempt);
    if (n >= 0) {
        row->parse(text, (char *)usage + row->offset);
        return 0;
    }
    if (attempt.kind == ERROR_UNSUPPORTED)
        return 1;
    if (error)
        *error = attempt;
    return (int)n;
}

/* v1 counts swap only together with memory. */
static void cgroup_usage_split_swap(CgroupUsage *usage)
{
    if (usage->swap_bytes != CGROUP_USAGE_NONE && usage->memory_bytes != CGROUP_USAGE_NONE)
        usage->swap_bytes = usage->swap_bytes > usage->memory_bytes
                                ? usage->swap_bytes - usage->memory_bytes
                                : 0; /* the two were read at different times */
    if (usage->swap_limit_bytes == CGROUP_USAGE_NONE)
        return;
    usage->swap_limit_bytes = usage->memory_limit_bytes != CGROUP_USAGE_NONE &&
                                      usage->swap_limit_bytes > usage->memory_limit_bytes
                                  ? usage->swap_limit_bytes - usage->memory_limit_bytes
                                  : 0;
}

int cgroup_usage(const Cgroup *cgroup, CgroupUsage *ret_usage, Error *error)
{
    bool v2 = cgroup->mode == CGROUP_V2;
    const CgroupUsageRow *rows = v2 ? cgroup_usage_v2 : cgroup_usage_v1;
    size_t count = v2 ? ARRAY_LEN(cgroup_usage_v2) : ARRAY_LEN(cgroup_usage_v1);
    CgroupUsage usage;
    cgroup_usage_start(&usage);
    for (size_t i = 0; i < count; i++) {
        int r = cgroup_usage_row(cgroup, &rows[i], &usage, error);
        if (r < 0)
            return r;
    }
    if (!v2)
        cgroup_usage_split_swap(&usage);
    *ret_usage = usage;
    return 0;
}

int cgroup_usage_oom_kills(const Cgroup *cgroup, uint64_t *ret_count, Error *error)
{
    const CgroupUsageRow row = { CGROUP_MEMORY,
                                 cgroup->mode == CGROUP_V2 ? "memory.events" : "memory.oom_control",
                                 cgroup_usage_oom, CGROUP_USAGE_AT(oom_kills) };
    CgroupUsage usage;
    cgroup_usage_start(&usage);
    int r = cgroup_usage_row(cgroup, &row, &usage, error);
    if (r >= 0)
        *ret_count = usage.oom_kills;
    return r < 0 ? r : 0;
}
