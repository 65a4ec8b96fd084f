/*
 * `events`: what the container uses, and each time the kernel's OOM killer struck, as lines of JSON
 * in runc's form. Ends with the container.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/fd.h"
#include "cmd/program/output.h"
#include "instance.h"
#include "linux/cgroup_directory.h"
#include "linux/cgroup_stats.h"
#include "linux/clone.h"

typedef struct EventsOptions {
    uint64_t interval_ms;
    bool stats;
} EventsOptions;

/* Go's durations: "5s", "1m30s", "200ms". */
static int events_interval(void *values, const Option *option, const char *value,
                           Arena *arena UNUSED, Error *error)
{
    uint64_t ms;
    int r = duration_parse(value, &ms);
    if (r < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a duration (5s, 1m30s)", value);
    if (ms < 1 || ms > INT32_MAX)
        return error_set(error, ERROR_USAGE, ERANGE,
                         "'%s': duration interval must be greater than 0", value);
    *(uint64_t *)option_member(values, option) = ms;
    return 0;
}

static const EventsOptions events_defaults = { .interval_ms = 5000 };

static const Option events_options[] = {
    { 0, "interval", OPTION_CUSTOM(EventsOptions, interval_ms, events_interval), "DURATION",
      "How often the numbers are printed (default 5s)" },
    { 0, "stats", OPTION_FLAG(EventsOptions, stats), NULL, "Print the numbers once" },
    OPTION_END,
};

/* Go leaves zeroes out where runc says so. */
static void events_number(JsonWriter *writer, const char *key, uint64_t value, bool always)
{
    if (value == 0 && !always)
        return;
    json_write_key(writer, key);
    json_write_uint(writer, value);
}

static void events_numbers(JsonWriter *writer, const char *key, const uint64_t *items, size_t count)
{
    if (count == 0)
        return;
    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++)
        json_write_uint(writer, items[i]);
    json_write_end_array(writer);
}

static void events_pressure(JsonWriter *writer, const CgroupStatsPressures *pressure)
{
    static const char *const names[] = { "some", "full" };
    if (!pressure->known)
        return;
    json_write_key(writer, "psi");
    json_write_object(writer);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_write_key(writer, names[i]);
        json_write_object(writer);
        json_write_key(writer, "avg10");
        json_write_double(writer, pressure->lines[i].average_10);
        json_write_key(writer, "avg60");
        json_write_double(writer, pressure->lines[i].average_60);
        json_write_key(writer, "avg300");
        json_write_double(writer, pressure->lines[i].average_300);
        events_number(writer, "total", pressure->lines[i].total_us, true);
        json_write_end_object(writer);
    }
    json_write_end_object(writer);
}

static void events_cpu(JsonWriter *writer, const CgroupStatsCpu *cpu)
{
    json_write_key(writer, "cpu");
    json_write_object(writer);
    json_write_key(writer, "usage");
    json_write_object(writer);
    events_number(writer, "total", cpu->total, false);
    events_numbers(writer, "percpu", cpu->per_cpu.items, cpu->per_cpu.count);
    events_numbers(writer, "percpu_kernel", cpu->per_cpu_kernel.items, cpu->per_cpu_kernel.count);
    events_numbers(writer, "percpu_user", cpu->per_cpu_user.items, cpu->per_cpu_user.count);
    events_number(writer, "kernel", cpu->kernel, true);
    events_number(writer, "user", cpu->user, true);
    json_write_end_object(writer);
    json_write_key(writer, "throttling");
    json_write_object(writer);
    events_number(writer, "periods", cpu->periods, false);
    events_number(writer, "throttledPeriods", cpu->throttled_periods, false);
    events_number(writer, "throttledTime", cpu->throttled, false);
    json_write_end_object(writer);
    events_pressure(writer, &cpu->pressure);
    json_write_end_object(writer);
}

/* "0-3,7" as an array of numbers. */
static void events_list(JsonWriter *writer, const char *key, const char *list)
{
    enum { LIST_END = 65536 };
    if (!list || *list < '0' || *list > '9')
        return;
    json_write_key(writer, key);
    json_write_array(writer);
    for (char *p = (char *)list; *p >= '0' && *p <= '9'; p += *p == ',') {
        unsigned long first = strtoul(p, &p, 10);
        unsigned long last = *p == '-' ? strtoul(p + 1, &p, 10) : first;
        for (; first <= last && first < LIST_END; first++)
            json_write_uint(writer, first);
    }
    json_write_end_array(writer);
}

static void events_cpuset(JsonWriter *writer, const CgroupStats *stats)
{
    static const char *const flags[] = { "mem_hardwall",       "mem_exclusive",
                                         "memory_migrate",     "memory_spread_page",
                                         "memory_spread_slab", "sched_load_balance",
                                         "memory_pressure",    "sched_relax_domain_level" };
    json_write_key(writer, "cpuset");
    json_write_object(writer);
    events_list(writer, "cpus", stats->cpus);
    events_number(writer, "cpu_exclusive", 0, true);
    events_list(writer, "mems", stats->mems);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        events_number(writer, flags[i], 0, true);
    json_write_end_object(writer);
}

static void events_memory_entry(JsonWriter *writer, const char *key,
                                const CgroupStatsMemory *memory)
{
    json_write_key(writer, key);
    json_write_object(writer);
    events_number(writer, "limit", memory->limit_bytes, true);
    events_number(writer, "usage", memory->usage_bytes, false);
    events_number(writer, "max", memory->max_bytes, false);
    events_number(writer, "failcnt", memory->failures, true);
    json_write_end_object(writer);
}

static void events_memory(JsonWriter *writer, const CgroupStats *stats)
{
    json_write_key(writer, "memory");
    json_write_object(writer);
    events_number(writer, "cache", stats->cache_bytes, false);
    events_memory_entry(writer, "usage", &stats->memory);
    events_memory_entry(writer, "swap", &stats->memory_and_swap);
    events_memory_entry(writer, "kernel", &stats->kernel);
    events_memory_entry(writer, "kernelTCP", &stats->kernel_tcp);
    if (stats->memory_numbers.count) {
        json_write_key(writer, "raw");
        json_write_object(writer);
        for (size_t i = 0; i < stats->memory_numbers.count; i++)
            events_number(writer, stats->memory_numbers.items[i].name,
                          stats->memory_numbers.items[i].value, true);
        json_write_end_object(writer);
    }
    events_pressure(writer, &stats->memory_pressure);
    json_write_end_object(writer);
}

static void events_io_list(JsonWriter *writer, const char *key, const CgroupStatsIo *items,
                           size_t count)
{
    if (count == 0)
        return;
    json_write_key(writer, key);
    json_write_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_object(writer);
        events_number(writer, "major", items[i].major, false);
        events_number(writer, "minor", items[i].minor, false);
        json_write_key(writer, "op");
        json_write_string(writer, items[i].operation);
        events_number(writer, "value", items[i].value, false);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

static void events_io(JsonWriter *writer, const CgroupStats *stats)
{
    json_write_key(writer, "blkio");
    json_write_object(writer);
    events_io_list(writer, "ioServiceBytesRecursive", stats->io_bytes.items, stats->io_bytes.count);
    events_io_list(writer, "ioServicedRecursive", stats->io_operations.items,
                   stats->io_operations.count);
    events_pressure(writer, &stats->io_pressure);
    json_write_end_object(writer);
}

static void events_hugetlb(JsonWriter *writer, const CgroupStats *stats)
{
    json_write_key(writer, "hugetlb");
    json_write_object(writer);
    for (size_t i = 0; i < stats->hugetlb.count; i++) {
        const CgroupStatsHugetlb *item = &stats->hugetlb.items[i];
        json_write_key(writer, item->page_size);
        json_write_object(writer);
        events_number(writer, "usage", item->usage_bytes, false);
        events_number(writer, "max", item->max_bytes, false);
        events_number(writer, "failcnt", item->failures, true);
        json_write_end_object(writer);
    }
    json_write_end_object(writer);
}

static void events_begin(JsonWriter *writer, const char *type, const char *id)
{
    json_write_object(writer);
    json_write_key(writer, "type");
    json_write_string(writer, type);
    json_write_key(writer, "id");
    json_write_string(writer, id);
}

static int events_print_stats(const Instance *instance, const Cgroup *cgroup, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupStats stats;
    cgroup_stats_read(cgroup, &arena, &stats);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &text };
    events_begin(&writer, "stats", instance->record.id);
    json_write_key(&writer, "data");
    json_write_object(&writer);
    events_cpu(&writer, &stats.cpu);
    events_cpuset(&writer, &stats);
    events_memory(&writer, &stats);
    json_write_key(&writer, "pids");
    json_write_object(&writer);
    events_number(&writer, "current", stats.pids, false);
    events_number(&writer, "limit", stats.pids_limit, false);
    json_write_end_object(&writer);
    events_io(&writer, &stats);
    events_hugetlb(&writer, &stats);
    json_write_key(&writer, "intel_rdt");
    json_write_object(&writer);
    json_write_end_object(&writer);
    json_write_key(&writer, "network_interfaces");
    json_write_null(&writer); /* networks are the caller's, as with runc */
    json_write_end_object(&writer);
    json_write_end_object(&writer);
    strbuf_add_char(&text, '\n');
    return output_write(strbuf_text(&text), error);
}

static int events_print_oom(const Instance *instance, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &text };
    events_begin(&writer, "oom", instance->record.id);
    json_write_end_object(&writer);
    strbuf_add_char(&text, '\n');
    return output_write(strbuf_text(&text), error);
}

/* Until the container ends: a line at each interval, and for each kill. */
static int events_follow(const Instance *instance, const Cgroup *cgroup, uint64_t interval_ms,
                         Error *error)
{
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance->record, error);
    int watch CLEANUP(fd_closep) = pidfd < 0 ? -1 : cgroup_stats_watch_oom(cgroup, error);
    if (watch < 0)
        return pidfd < 0 ? pidfd : watch;
    uint64_t kills = 0, next_us = clock_us() + interval_ms * 1000;
    int r = cgroup_stats_oom(cgroup, watch, &kills); /* those before us are not news */
    struct pollfd pollers[] = { { .fd = pidfd, .events = POLLIN },
                                { .fd = watch, .events = POLLIN } };
    for (r = 0; r >= 0;) {
        uint64_t now_us = clock_us();
        int wait_ms = now_us >= next_us ? 0 : (int)((next_us - now_us) / 1000 + 1);
        if (clone_pidfd_poll(pollers, ARRAY_LEN(pollers), wait_ms) < 0 && errno != EINTR)
            return error_errno(error, errno, "poll");
        int oom = cgroup_stats_oom(cgroup, watch, &kills);
        if (oom == 1)
            r = events_print_oom(instance, error);
        if (oom < 0 || pollers[0].revents)
            break;
        if (r >= 0 && clock_us() >= next_us) {
            r = events_print_stats(instance, cgroup, error);
            next_us += interval_ms * 1000;
        }
    }
    return r < 0 ? r : 0;
}

static int events_run(CommandCall *call, Error *error)
{
    const EventsOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_open(&instance, call, false, error);
    if (r == 0 && instance_status(&instance) == OCI_STATUS_STOPPED)
        r = error_set(error, ERROR_CONFLICT, ESRCH, "container with id %s is not running",
                      instance.record.id);
    if (r == 0)
        r = instance_cgroup(&instance, &cgroup, error);
    if (r < 0)
        return r;
    return options->stats ? events_print_stats(&instance, &cgroup, error)
                          : events_follow(&instance, &cgroup, options->interval_ms, error);
}

const Command events_command = {
    .name = "events",
    .summary = "Print what a container uses, and OOM kills, as lines of JSON",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .options = events_options,
    .values_size = sizeof(EventsOptions),
    .defaults = &events_defaults,
    .run = events_run,
};
