/*
 * Limits. Each is checked against sense and against what this host can limit at all, and the one
 * line that says so names the option: a limit that silently does not hold is worse than none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/build_parts.h"

enum {
    BUILD_MEMORY_MIN = 6 * 1024 * 1024, /* less cannot even start a process */
    BUILD_PIDS_DEFAULT = 4096,
    BUILD_CPU_PERIOD_US = 100000,
    BUILD_CPU_PERIOD_MIN_US = 1000,
    BUILD_CPU_PERIOD_MAX_US = 1000000,
    BUILD_CPU_QUOTA_MIN_US = 1000,
    BUILD_SIZE_TEXT = 32,
};

static int build_need(const Build *build, CgroupController controller, const char *option,
                      Error *error)
{
    if (build->facts->controllers & CGROUP_BIT(controller))
        return 0;
    return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                     "%s: this host has no cgroup controller '%s'", option,
                     cgroup_controller_name(controller, build->facts->cgroup_mode));
}

static int build_only_v1(const Build *build, const char *option, Error *error)
{
    if (build->facts->cgroup_mode != CGROUP_V2)
        return 0;
    return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "%s: cgroup v2 has no such limit",
                     option);
}

static int build_too_small(Error *error, const char *option, uint64_t bytes, const char *than,
                           uint64_t least)
{
    char is[BUILD_SIZE_TEXT], needed[BUILD_SIZE_TEXT];
    return error_set(error, ERROR_USAGE, EINVAL, "%s: %s is less than %s (%s)", option,
                     str_from_bytes(bytes, is, sizeof(is)), than,
                     str_from_bytes(least, needed, sizeof(needed)));
}

static OptI64 build_i64(int64_t value)
{
    return (OptI64){ .set = true, .value = value };
}

/* --- memory -------------------------------------------------------------------------------- */

static int build_swap(const Build *build, SpecMemory *memory, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    int64_t swap = limits->memory_swap_bytes;
    if (swap == 0) {
        /* docker's default: as much swap again. */
        if (limits->memory_bytes && build->facts->swap_limit &&
            limits->memory_bytes <= INT64_MAX / 2)
            memory->swap = build_i64((int64_t)(2 * limits->memory_bytes));
        return 0;
    }
    if (!build->facts->swap_limit)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "--memory-swap: this kernel does not limit swap");
    if (swap > 0 && limits->memory_bytes == 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--memory-swap: needs --memory (it is memory and swap together)");
    if (swap > 0 && (uint64_t)swap < limits->memory_bytes)
        return build_too_small(error, "--memory-swap", (uint64_t)swap,
                               "--memory, which it includes", limits->memory_bytes);
    memory->swap = build_i64(swap);
    return 0;
}

static int build_memory_options(const Build *build, SpecMemory *memory, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    int r = 0;
    if (limits->memory_swappiness >= 0) {
        r = build_only_v1(build, "--memory-swappiness", error);
        memory->swappiness = (OptU64){ .set = true, .value = (uint64_t)limits->memory_swappiness };
    }
    if (r == 0 && limits->oom_kill_disable) {
        r = build_only_v1(build, "--oom-kill-disable", error);
        if (r == 0 && limits->memory_bytes == 0)
            r = error_set(error, ERROR_USAGE, EINVAL,
                          "--oom-kill-disable: needs --memory, or the host could hang");
        memory->disable_oom_killer = (OptBool){ .set = true, .value = true };
    }
    return r;
}

static int build_memory(Build *build, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    const struct {
        bool given;
        const char *option;
    } given[] = {
        { limits->memory_bytes, "--memory" },
        { limits->memory_reservation_bytes, "--memory-reservation" },
        { limits->memory_swap_bytes, "--memory-swap" },
        { limits->memory_swappiness >= 0, "--memory-swappiness" },
        { limits->oom_kill_disable, "--oom-kill-disable" },
    };
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        int r = given[i].given ? build_need(build, CGROUP_MEMORY, given[i].option, error) : 0;
        if (r < 0)
            return r;
        any = any || given[i].given;
    }
    if (!any)
        return 0;

    uint64_t limit = limits->memory_bytes, reservation = limits->memory_reservation_bytes;
    if (limit && limit < BUILD_MEMORY_MIN)
        return build_too_small(error, "--memory", limit, "a container needs", BUILD_MEMORY_MIN);
    if (limit > INT64_MAX || reservation > INT64_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "--memory: the size is out of range");
    if (limit && reservation > limit)
        return build_too_small(error, "--memory", limit, "--memory-reservation", reservation);
    SpecMemory *memory = arena_alloc(build->arena, sizeof(*memory));
    if (limit)
        memory->limit = build_i64((int64_t)limit);
    if (reservation)
        memory->reservation = build_i64((int64_t)reservation);
    build->spec->linux->resources->memory = memory;
    int r = build_swap(build, memory, error);
    return r < 0 ? r : build_memory_options(build, memory, error);
}

/* --- cpu ----------------------------------------------------------------------------------- */

static int build_cpus(const Build *build, SpecCpu *cpu, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    uint64_t nano = limits->cpus_nano;
    if (nano == 0)
        return 0;
    if (limits->cpu_period_us || limits->cpu_quota_us)
        return error_set(error, ERROR_USAGE, EINVAL, "--cpus: cannot be used with %s",
                         limits->cpu_quota_us ? "--cpu-quota" : "--cpu-period");
    if (nano > build->facts->cpu_count * 1000000000ULL)
        return error_set(error, ERROR_USAGE, ERANGE, "--cpus: this host has only %u CPU%s",
                         build->facts->cpu_count, build->facts->cpu_count == 1 ? "" : "s");
    uint64_t quota = nano / (1000000000 / BUILD_CPU_PERIOD_US);
    if (quota < BUILD_CPU_QUOTA_MIN_US)
        return error_set(error, ERROR_USAGE, ERANGE, "--cpus: the least is 0.01");
    cpu->quota = build_i64((int64_t)quota);
    cpu->period = (OptU64){ .set = true, .value = BUILD_CPU_PERIOD_US };
    return 0;
}

static int build_quota(const Build *build, SpecCpu *cpu, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    if (limits->cpu_period_us) {
        if (limits->cpu_period_us < BUILD_CPU_PERIOD_MIN_US ||
            limits->cpu_period_us > BUILD_CPU_PERIOD_MAX_US)
            return error_set(error, ERROR_USAGE, ERANGE,
                             "--cpu-period: %" PRIu64 " is out of range (1000 to 1000000 µs)",
                             limits->cpu_period_us);
        cpu->period = (OptU64){ .set = true, .value = limits->cpu_period_us };
    }
    if (limits->cpu_quota_us) {
        if (limits->cpu_quota_us < BUILD_CPU_QUOTA_MIN_US && limits->cpu_quota_us != -1)
            return error_set(error, ERROR_USAGE, ERANGE,
                             "--cpu-quota: %" PRId64 " is out of range (1000 µs or more, or -1)",
                             limits->cpu_quota_us);
        cpu->quota = build_i64(limits->cpu_quota_us);
    }
    return 0;
}

static int build_cpuset(const char *option, const char *list, int64_t highest, Error *error)
{
    if (!list || request_list_highest(list) <= highest)
        return 0;
    return error_set(error, ERROR_USAGE, ERANGE, "%s: %s: this host has only 0-%" PRId64, option,
                     list, highest);
}

static int build_cpu(Build *build, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    const struct {
        bool given;
        const char *option;
        CgroupController controller;
    } given[] = {
        { limits->cpus_nano, "--cpus", CGROUP_CPU },
        { limits->cpu_shares, "--cpu-shares", CGROUP_CPU },
        { limits->cpu_period_us, "--cpu-period", CGROUP_CPU },
        { limits->cpu_quota_us, "--cpu-quota", CGROUP_CPU },
        { limits->cpuset_cpus, "--cpuset-cpus", CGROUP_CPUSET },
        { limits->cpuset_mems, "--cpuset-mems", CGROUP_CPUSET },
    };
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        int r = given[i].given ? build_need(build, given[i].controller, given[i].option, error) : 0;
        if (r < 0)
            return r;
        any = any || given[i].given;
    }
    if (!any)
        return 0;

    SpecCpu *cpu = arena_alloc(build->arena, sizeof(*cpu));
    build->spec->linux->resources->cpu = cpu;
    if (limits->cpu_shares)
        cpu->shares = (OptU64){ .set = true, .value = limits->cpu_shares };
    cpu->cpus = limits->cpuset_cpus;
    cpu->mems = limits->cpuset_mems;
    int r = build_cpus(build, cpu, error);
    if (r == 0)
        r = build_quota(build, cpu, error);
    if (r == 0)
        r = build_cpuset("--cpuset-cpus", cpu->cpus, build->facts->cpu_highest, error);
    if (r == 0)
        r = build_cpuset("--cpuset-mems", cpu->mems, build->facts->memory_node_highest, error);
    return r;
}

/* --- processes ----------------------------------------------------------------------------- */

static int build_pids(Build *build, Error *error)
{
    int64_t limit = build->request->limits.pids;
    if (limit == -1)
        return 0;
    bool can = build->facts->controllers & CGROUP_BIT(CGROUP_PIDS);
    if (limit == 0 && !can)
        return 0; /* the default holds where it can */
    int r = build_need(build, CGROUP_PIDS, "--pids-limit", error);
    if (r < 0)
        return r;
    SpecPids *pids = arena_alloc(build->arena, sizeof(*pids));
    pids->limit = build_i64(limit ? limit : BUILD_PIDS_DEFAULT);
    build->spec->linux->resources->pids = pids;
    return 0;
}

/* --- block devices ------------------------------------------------------------------------- */

static const char *const build_throttle_options[REQUEST_THROTTLE_MAX] = {
    [REQUEST_THROTTLE_READ_BPS] = "--device-read-bps",
    [REQUEST_THROTTLE_WRITE_BPS] = "--device-write-bps",
    [REQUEST_THROTTLE_READ_IOPS] = "--device-read-iops",
    [REQUEST_THROTTLE_WRITE_IOPS] = "--device-write-iops",
    [REQUEST_THROTTLE_WEIGHT] = "--blkio-weight-device",
};

static void build_add_throttle(Build *build, SpecBlockIo *io, const RequestThrottle *wish,
                               const FactsDevice *device)
{
    SpecThrottleDevices *lists[REQUEST_THROTTLE_MAX] = {
        [REQUEST_THROTTLE_READ_BPS] = &io->throttle_read_bps_device,
        [REQUEST_THROTTLE_WRITE_BPS] = &io->throttle_write_bps_device,
        [REQUEST_THROTTLE_READ_IOPS] = &io->throttle_read_iops_device,
        [REQUEST_THROTTLE_WRITE_IOPS] = &io->throttle_write_iops_device,
    };
    if (wish->kind == REQUEST_THROTTLE_WEIGHT) {
        SpecWeightDevice *row = arena_append(build->arena, &io->weight_device.items,
                                             &io->weight_device.count, sizeof(*row));
        *row = (SpecWeightDevice){ .major = device->major, .minor = device->minor };
        row->weight = (OptU16){ .set = true, .value = (uint16_t)wish->value };
        return;
    }
    SpecThrottleDevices *list = lists[wish->kind];
    SpecThrottleDevice *row = arena_append(build->arena, &list->items, &list->count, sizeof(*row));
    *row = (SpecThrottleDevice){
        .major = device->major,
        .minor = device->minor,
        .rate = wish->value,
    };
}

static int build_block_io(Build *build, Error *error)
{
    const RequestLimits *limits = &build->request->limits;
    if (limits->blkio_weight == 0 && limits->throttle_count == 0)
        return 0;
    SpecBlockIo *io = arena_alloc(build->arena, sizeof(*io));
    build->spec->linux->resources->block_io = io;
    if (limits->blkio_weight) {
        io->weight = (OptU16){ .set = true, .value = (uint16_t)limits->blkio_weight };
        int r = build_need(build, CGROUP_IO, "--blkio-weight", error);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < limits->throttle_count; i++) {
        const RequestThrottle *wish = &limits->throttles[i];
        const char *option = build_throttle_options[wish->kind];
        const FactsDevice *device = build_find_device(build, wish->device);
        int r = build_need(build, CGROUP_IO, option, error);
        if (r < 0)
            return r;
        if (!device || device->type != 'b')
            return error_set(error, ERROR_NOT_FOUND, ENODEV,
                             "%s: '%s' is not a block device of this host", option, wish->device);
        build_add_throttle(build, io, wish, device);
    }
    return 0;
}

/* --- the cgroup ---------------------------------------------------------------------------- */

static int build_cgroup_path(Build *build, Error *error)
{
    const char *parent = build->request->limits.cgroup_parent;
    const char *id = build->input->id;
    SpecLinux *lx = build->spec->linux;
    if (build->facts->systemd_cgroups) {
        if (parent && !str_ends(parent, ".slice"))
            return error_set(error, ERROR_USAGE, EINVAL,
                             "--cgroup-parent: '%s' is not a slice of systemd (NAME.slice)",
                             parent);
        lx->cgroups_path = arena_printf(build->arena, "%s:ambit:%s", parent ? parent : "", id);
        return 0;
    }
    const char *clean = "/";
    if (parent)
        clean = request_clean_path(
            parent[0] == '/' ? parent : arena_printf(build->arena, "/%s", parent), build->arena);
    if (!clean)
        return error_set(error, ERROR_USAGE, EINVAL, "--cgroup-parent: '%s' is not a path", parent);
    lx->cgroups_path =
        arena_printf(build->arena, "%s/ambit-%s", str_eq(clean, "/") ? "" : clean, id);
    return 0;
}

int build_resources(Build *build, Error *error)
{
    int r = build_cgroup_path(build, error);
    if (r == 0)
        r = build_memory(build, error);
    if (r == 0)
        r = build_cpu(build, error);
    if (r == 0)
        r = build_pids(build, error);
    return r < 0 ? r : build_block_io(build, error);
}
