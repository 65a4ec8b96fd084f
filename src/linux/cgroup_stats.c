/*
 * Each file is read once, whole, into the arena. The trap: v2 counts swap alone and microseconds,
 * v1 memory with swap and nanoseconds; what is told is v1's.
 */
#include "linux/cgroup_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/cgroup_directory.h"

enum { CGROUP_STATS_TEXT_MAX = 1024 * 1024 };

static char *cgroup_stats_text(const Cgroup *cgroup, CgroupController controller, const char *file,
                               Arena *arena)
{
    char *text = NULL;
    int directory = cgroup_directory(cgroup, controller);
    int fd CLEANUP(fd_closep) = directory < 0 ? -1 : openat(directory, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_all(fd, CGROUP_STATS_TEXT_MAX, arena, &text, NULL) < 0)
        return NULL;
    return text;
}

/* "max" is no limit; v1 writes it as a number too large for any machine. */
static uint64_t cgroup_stats_number(const Cgroup *cgroup, CgroupController controller,
                                    const char *file, Arena *arena)
{
    char *text = cgroup_stats_text(cgroup, controller, file, arena);
    if (!text)
        return 0;
    return str_starts(text, "max") ? CGROUP_STATS_NO_LIMIT : strtoull(text, NULL, 10);
}

/* Steps through "name value" lines; false at the end. */
static bool cgroup_stats_next(char **text, const char **ret_name, uint64_t *ret_value)
{
    char *line;
    while (*text && (line = strsep(text, "\n"))) {
        char *space = strchr(line, ' ');
        if (!space)
            continue;
        *space = '\0';
        *ret_name = line;
        *ret_value = strtoull(space + 1, NULL, 10);
        return true;
    }
    return false;
}

static uint64_t cgroup_stats_key(const Cgroup *cgroup, CgroupController controller,
                                 const char *file, const char *key, Arena *arena)
{
    char *text = cgroup_stats_text(cgroup, controller, file, arena);
    const char *name;
    uint64_t value;
    while (cgroup_stats_next(&text, &name, &value))
        if (str_eq(name, key))
            return value;
    return 0;
}

static void cgroup_stats_pressure(const Cgroup *cgroup, CgroupController controller,
                                  const char *file, Arena *arena, CgroupStatsPressures *pressures)
{
    char *text = cgroup_stats_text(cgroup, controller, file, arena);
    for (char *line; text && (line = strsep(&text, "\n"));) {
        CgroupStatsPressure *to = &pressures->lines[str_starts(line, "full")];
        double *const averages[] = { &to->average_10, &to->average_60, &to->average_300 };
        const char *p = line;
        for (size_t i = 0; i < ARRAY_LEN(averages) && (p = strchr(p, '=')); i++)
            *averages[i] = strtod(++p, NULL);
        p = p ? strchr(p, '=') : NULL;
        to->total_us = p ? strtoull(p + 1, NULL, 10) : to->total_us;
        pressures->known = pressures->known || p;
    }
}

/* ---- cpu ---- */

static void cgroup_stats_cpu_v1(const Cgroup *cgroup, Arena *arena, CgroupStatsCpu *cpu)
{
    const uint64_t tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
    cpu->total = cgroup_stats_number(cgroup, CGROUP_CPUACCT, "cpuacct.usage", arena);
    cpu->user = cgroup_stats_key(cgroup, CGROUP_CPUACCT, "cpuacct.stat", "user", arena) * tick_ns;
    cpu->kernel =
        cgroup_stats_key(cgroup, CGROUP_CPUACCT, "cpuacct.stat", "system", arena) * tick_ns;
    cpu->periods = cgroup_stats_key(cgroup, CGROUP_CPU, "cpu.stat", "nr_periods", arena);
    cpu->throttled_periods =
        cgroup_stats_key(cgroup, CGROUP_CPU, "cpu.stat", "nr_throttled", arena);
    cpu->throttled = cgroup_stats_key(cgroup, CGROUP_CPU, "cpu.stat", "throttled_time", arena);

    char *text = cgroup_stats_text(cgroup, CGROUP_CPUACCT, "cpuacct.usage_percpu", arena);
    char *end = text;
    for (uint64_t value; text && (value = strtoull(text, &end, 10), end != text); text = end)
        *(uint64_t *)arena_append(arena, &cpu->per_cpu.items, &cpu->per_cpu.count, sizeof(value)) =
            value;
    text = cgroup_stats_text(cgroup, CGROUP_CPUACCT, "cpuacct.usage_all",
                             arena); /* "cpu user system" */
    const char *name;
    uint64_t user;
    while (cgroup_stats_next(&text, &name, &user)) {
        if (str_eq(name, "cpu"))
            continue;
        const char *system = strchr(name + strlen(name) + 1, ' ');
        *(uint64_t *)arena_append(arena, &cpu->per_cpu_user.items, &cpu->per_cpu_user.count,
                                  sizeof(user)) = user;
        *(uint64_t *)arena_append(arena, &cpu->per_cpu_kernel.items, &cpu->per_cpu_kernel.count,
                                  sizeof(user)) = system ? strtoull(system, NULL, 10) : 0;
    }
}

static void cgroup_stats_cpu_v2(const Cgroup *cgroup, Arena *arena, CgroupStatsCpu *cpu)
{
    const struct {
        const char *name;
        uint64_t *member;
        unsigned factor;
    } rows[] = {
        { "usage_usec", &cpu->total, 1000 },
        { "user_usec", &cpu->user, 1000 },
        { "system_usec", &cpu->kernel, 1000 },
        { "nr_periods", &cpu->periods, 1 },
        { "nr_throttled", &cpu->throttled_periods, 1 },
        { "throttled_usec", &cpu->throttled, 1000 },
    };
    char *text = cgroup_stats_text(cgroup, CGROUP_CPU, "cpu.stat", arena);
    const char *name;
    uint64_t value;
    while (cgroup_stats_next(&text, &name, &value))
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            if (str_eq(name, rows[i].name))
                *rows[i].member = value * rows[i].factor;
    cgroup_stats_pressure(cgroup, CGROUP_CPU, "cpu.pressure", arena, &cpu->pressure);
}

/* ---- memory ---- */

static void cgroup_stats_memory_numbers(const Cgroup *cgroup, Arena *arena, const char *cache,
                                        CgroupStats *stats)
{
    char *text = cgroup_stats_text(cgroup, CGROUP_MEMORY, "memory.stat", arena);
    CgroupStatsNumber number;
    while (cgroup_stats_next(&text, &number.name, &number.value)) {
        *(CgroupStatsNumber *)arena_append(arena, &stats->memory_numbers.items,
                                           &stats->memory_numbers.count, sizeof(number)) = number;
        if (str_eq(number.name, cache))
            stats->cache_bytes = number.value;
    }
}

static CgroupStatsMemory cgroup_stats_memory_v1(const Cgroup *cgroup, const char *prefix,
                                                Arena *arena)
{
    CgroupStatsMemory memory = { 0 };
    const struct {
        const char *file;
        uint64_t *member;
    } rows[] = {
        { "limit_in_bytes", &memory.limit_bytes },
        { "usage_in_bytes", &memory.usage_bytes },
        { "max_usage_in_bytes", &memory.max_bytes },
        { "failcnt", &memory.failures },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        *rows[i].member = cgroup_stats_number(
            cgroup, CGROUP_MEMORY, arena_printf(arena, "%s.%s", prefix, rows[i].file), arena);
    return memory;
}

static void cgroup_stats_memory_v2(const Cgroup *cgroup, Arena *arena, CgroupStats *stats)
{
    CgroupStatsMemory swap = { 0 }, *memory = &stats->memory, *sum = &stats->memory_and_swap;
    memory->usage_bytes = cgroup_stats_number(cgroup, CGROUP_MEMORY, "memory.current", arena);
    memory->limit_bytes = cgroup_stats_number(cgroup, CGROUP_MEMORY, "memory.max", arena);
    memory->max_bytes = cgroup_stats_number(cgroup, CGROUP_MEMORY, "memory.peak", arena);
    memory->failures = cgroup_stats_key(cgroup, CGROUP_MEMORY, "memory.events", "max", arena);
    swap.usage_bytes = cgroup_stats_number(cgroup, CGROUP_MEMORY, "memory.swap.current", arena);
    swap.limit_bytes = cgroup_stats_number(cgroup, CGROUP_MEMORY, "memory.swap.max", arena);
    *sum = (CgroupStatsMemory){
        .usage_bytes = memory->usage_bytes + swap.usage_bytes,
        .limit_bytes = memory->limit_bytes == CGROUP_STATS_NO_LIMIT ||
                               swap.limit_bytes == CGROUP_STATS_NO_LIMIT
                           ? CGROUP_STATS_NO_LIMIT
                           : memory->limit_bytes + swap.limit_bytes,
    };
    cgroup_stats_pressure(cgroup, CGROUP_MEMORY, "memory.pressure", arena, &stats->memory_pressure);
}

/* ---- io ---- */

static void cgroup_stats_io_v1(const Cgroup *cgroup, const char *kind, Arena *arena,
                               CgroupStatsIo **items, size_t *count)
{
    static const char *const families[] = { "bfq", "throttle" };
    for (size_t i = 0; i < ARRAY_LEN(families) && *count == 0; i++) {
        char *text = cgroup_stats_text(
            cgroup, CGROUP_IO, arena_printf(arena, "blkio.%s.%s_recursive", families[i], kind),
            arena);
        const char *device;
        uint64_t ignored;
        while (cgroup_stats_next(&text, &device, &ignored)) { /* "254:0 Read 4096" */
            char *colon = strchr(device, ':');
            char *operation = (char *)device + strlen(device) + 1;
            char *space = strchr(operation, ' ');
            if (!colon || !space)
                continue; /* the sum of all */
            *space = '\0';
            CgroupStatsIo *item = arena_append(arena, items, count, sizeof(*item));
            *item = (CgroupStatsIo){ strtoull(device, NULL, 10), strtoull(colon + 1, NULL, 10),
                                     operation, strtoull(space + 1, NULL, 10) };
        }
    }
}

static void cgroup_stats_io_v2(const Cgroup *cgroup, Arena *arena, CgroupStats *stats)
{
    static const struct {
        const char *key, *operation;
        bool bytes;
    } rows[] = {
        { "rbytes", "Read", true }, { "wbytes", "Write", true }, { "dbytes", "Discard", true },
        { "rios", "Read", false },  { "wios", "Write", false },  { "dios", "Discard", false },
    };
    char *text = cgroup_stats_text(cgroup, CGROUP_IO, "io.stat", arena);
    for (char *line; text && (line = strsep(&text, "\n"));) { /* "8:0 rbytes=1 wbytes=2 ..." */
        char *colon = strchr(line, ':');
        const uint64_t major = strtoull(line, NULL, 10);
        const uint64_t minor = colon ? strtoull(colon + 1, NULL, 10) : 0;
        for (char *word = strchr(line, ' '); colon && word; word = strchr(word, ' ')) {
            size_t length = strcspn(++word, "=");
            for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                if (strlen(rows[i].key) != length || strncmp(word, rows[i].key, length) != 0)
                    continue;
                CgroupStatsIo item = { major, minor, rows[i].operation,
                                       strtoull(word + length + 1, NULL, 10) };
                if (rows[i].bytes)
                    *(CgroupStatsIo *)arena_append(arena, &stats->io_bytes.items,
                                                   &stats->io_bytes.count, sizeof(item)) = item;
                else
                    *(CgroupStatsIo *)arena_append(arena, &stats->io_operations.items,
                                                   &stats->io_operations.count, sizeof(item)) =
                        item;
            }
        }
    }
    cgroup_stats_pressure(cgroup, CGROUP_IO, "io.pressure", arena, &stats->io_pressure);
}

/* ---- hugetlb ---- */

/* The page sizes are in the names of the files: hugetlb.2MB.<file>. */
static void cgroup_stats_hugetlb(const Cgroup *cgroup, Arena *arena, CgroupStats *stats)
{
    bool v2 = cgroup->mode == CGROUP_V2;
    const char *suffix = v2 ? ".current" : ".usage_in_bytes";
    int directory = cgroup_directory(cgroup, CGROUP_HUGETLB);
    int fd = directory < 0 ? -1 : openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *name = entry->d_name;
        size_t length = strlen(name), tail = strlen(suffix);
        if (!str_starts(name, "hugetlb.") || !str_ends(name, suffix) || strstr(name, "rsvd") ||
            length <= 8 + tail)
            continue;
        const char *size = arena_strndup(arena, name + 8, length - 8 - tail);
        CgroupStatsHugetlb *item =
            arena_append(arena, &stats->hugetlb.items, &stats->hugetlb.count, sizeof(*item));
        item->page_size = size;
        item->usage_bytes =
            cgroup_stats_number(cgroup, CGROUP_HUGETLB, arena_strdup(arena, name), arena);
        const char *events = arena_printf(arena, "hugetlb.%s.events", size);
        item->failures =
            v2 ? cgroup_stats_key(cgroup, CGROUP_HUGETLB, events, "max", arena)
               : cgroup_stats_number(cgroup, CGROUP_HUGETLB,
                                     arena_printf(arena, "hugetlb.%s.failcnt", size), arena);
        item->max_bytes =
            v2 ? 0
               : cgroup_stats_number(cgroup, CGROUP_HUGETLB,
                                     arena_printf(arena, "hugetlb.%s.max_usage_in_bytes", size),
                                     arena);
    }
    if (dir)
        (void)closedir(dir);
    else
        fd_close(fd);
}

void cgroup_stats_read(const Cgroup *cgroup, Arena *arena, CgroupStats *ret_stats)
{
    bool v2 = cgroup->mode == CGROUP_V2;
    CgroupStats stats = { 0 };
    if (v2) {
        cgroup_stats_cpu_v2(cgroup, arena, &stats.cpu);
        cgroup_stats_memory_v2(cgroup, arena, &stats);
        cgroup_stats_io_v2(cgroup, arena, &stats);
    } else {
        cgroup_stats_cpu_v1(cgroup, arena, &stats.cpu);
        stats.memory = cgroup_stats_memory_v1(cgroup, "memory", arena);
        stats.memory_and_swap = cgroup_stats_memory_v1(cgroup, "memory.memsw", arena);
        stats.kernel = cgroup_stats_memory_v1(cgroup, "memory.kmem", arena);
        stats.kernel_tcp = cgroup_stats_memory_v1(cgroup, "memory.kmem.tcp", arena);
        cgroup_stats_io_v1(cgroup, "io_service_bytes", arena, &stats.io_bytes.items,
                           &stats.io_bytes.count);
        cgroup_stats_io_v1(cgroup, "io_serviced", arena, &stats.io_operations.items,
                           &stats.io_operations.count);
    }
    cgroup_stats_memory_numbers(cgroup, arena, v2 ? "file" : "cache", &stats);
    cgroup_stats_hugetlb(cgroup, arena, &stats);
    stats.pids = cgroup_stats_number(cgroup, CGROUP_PIDS, "pids.current", arena);
    stats.pids_limit = cgroup_stats_number(cgroup, CGROUP_PIDS, "pids.max", arena);
    if (stats.pids_limit == CGROUP_STATS_NO_LIMIT)
        stats.pids_limit = 0;
    stats.cpus = cgroup_stats_text(cgroup, CGROUP_CPUSET,
                                   v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus", arena);
    stats.mems = cgroup_stats_text(cgroup, CGROUP_CPUSET,
                                   v2 ? "cpuset.mems.effective" : "cpuset.effective_mems", arena);
    *ret_stats = stats;
}

/* ---- oom ---- */

static int cgroup_stats_watch_v1(const Cgroup *cgroup, int directory, Error *error)
{
    char text[48];
    int control CLEANUP(fd_closep) = openat(directory, "memory.oom_control", O_RDONLY | O_CLOEXEC);
    int event CLEANUP(fd_closep) = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (control < 0 || event < 0)
        return error_errno(error, errno, "memory.oom_control");
    (void)snprintf(text, sizeof(text), "%d %d", event, control);
    int r = cgroup_write(cgroup, CGROUP_MEMORY, "cgroup.event_control", text, error);
    return r < 0 ? r : TAKE_FD(event);
}

int cgroup_stats_watch_oom(const Cgroup *cgroup, Error *error)
{
    int directory = cgroup_directory(cgroup, CGROUP_MEMORY);
    if (directory < 0)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "the container has no cgroup with the memory controller");
    if (cgroup->mode != CGROUP_V2)
        return cgroup_stats_watch_v1(cgroup, directory, error);
    char path[FD_PATH_SIZE + 32], place[FD_PATH_SIZE];
    int watch CLEANUP(fd_closep) = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0)
        return error_errno(error, errno, "inotify");
    static const char *const files[] = { "memory.events",
                                         "cgroup.events" }; /* kills, and the end */
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", fd_path(directory, place), files[i]);
        if (inotify_add_watch(watch, path, IN_MODIFY) < 0)
            return error_errno(error, errno, "watch %s", files[i]);
    }
    return TAKE_FD(watch);
}

int cgroup_stats_oom(const Cgroup *cgroup, int watch, uint64_t *kills)
{
    char events[4096] __attribute__((aligned(8)));
    ssize_t n = read(watch, events, sizeof(events));
    bool v2 = cgroup->mode == CGROUP_V2;
    Arena arena CLEANUP(arena_done) = { 0 };
    if (!cgroup_stats_text(cgroup, CGROUP_MEMORY, v2 ? "memory.events" : "memory.oom_control",
                           &arena))
        return -ENODEV;
    if (!v2)
        return n > 0;
    uint64_t now = cgroup_stats_key(cgroup, CGROUP_MEMORY, "memory.events", "oom_kill", &arena);
    bool more = now > *kills;
    *kills = now;
    if (!more && cgroup_stats_key(cgroup, CGROUP_MEMORY, "cgroup.events", "populated", &arena) == 0)
        return -ENODEV;
    return more;
}
