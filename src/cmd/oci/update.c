/*
 * `update`: other limits for a container that exists, from a file in the form of linux.resources or
 * from options, which a file makes void, as with runc.
 *
 * The trap: some limits are one value for the kernel and two for the caller (quota and period,
 * memory and swap), so the one that is not given has to be what it was; the recorded configuration
 * knows it, and is rewritten.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "instance.h"
#include "linux/cgroup_limit.h"
#include "log.h"
#include "runtime/resources.h"

typedef struct UpdateOptions {
    const char *resources;
    const char *cpus, *mems, *l3_cache, *memory_bandwidth;
    OptI64 numbers[16]; /* by UpdateNumber */
} UpdateOptions;

typedef enum UpdateNumber {
    UPDATE_MEMORY,
    UPDATE_MEMORY_RESERVATION,
    UPDATE_MEMORY_SWAP,
    UPDATE_CPU_SHARES,
    UPDATE_CPU_QUOTA,
    UPDATE_CPU_PERIOD,
    UPDATE_CPU_BURST,
    UPDATE_CPU_IDLE,
    UPDATE_CPU_RT_RUNTIME,
    UPDATE_CPU_RT_PERIOD,
    UPDATE_PIDS,
    UPDATE_BLKIO_WEIGHT,
    UPDATE_NUMBER_MAX,
    UPDATE_KERNEL = UPDATE_NUMBER_MAX, /* not a limit any more */
    UPDATE_KERNEL_TCP,
} UpdateNumber;

static int update_number(void *values, const Option *option, const char *value, Arena *arena UNUSED,
                         Error *error)
{
    OptI64 *number = option_member(values, option);
    uint64_t bytes;
    bool size = str_starts(option->name, "memory") || str_starts(option->name, "kernel");
    int r = str_to_i64(value, &number->value);
    if (r < 0 && size && str_to_bytes(value, &bytes) == 0 && bytes <= INT64_MAX) {
        number->value = (int64_t)bytes;
        r = 0;
    }
    if (size && number->value < -1)
        r = -EINVAL;
    if (r < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "invalid value for %s: '%s' is not a %s",
                         option->name, value, size ? "size" : "number");
    number->set = true;
    return 0;
}

#define UPDATE_OPTION(word, index, text)                                                \
    {                                                                                   \
        0, word, OPTION_CUSTOM(UpdateOptions, numbers[index], update_number), "N", text \
    }

static const Option update_options[] = {
    { 'r', "resources", OPTION_STRING(UpdateOptions, resources), "FILE",
      "Read limits from FILE (-: standard input), as in linux.resources", .completes = "file" },
    UPDATE_OPTION("memory", UPDATE_MEMORY, "Memory limit in bytes"),
    UPDATE_OPTION("memory-reservation", UPDATE_MEMORY_RESERVATION, "Memory reservation in bytes"),
    UPDATE_OPTION("memory-swap", UPDATE_MEMORY_SWAP, "Memory and swap in bytes, -1: no limit"),
    UPDATE_OPTION("cpu-share", UPDATE_CPU_SHARES, "CPU shares"),
    UPDATE_OPTION("cpu-quota", UPDATE_CPU_QUOTA, "CPU time per period in microseconds"),
    UPDATE_OPTION("cpu-period", UPDATE_CPU_PERIOD, "The period in microseconds"),
    UPDATE_OPTION("cpu-burst", UPDATE_CPU_BURST, "CPU time to save up in microseconds"),
    UPDATE_OPTION("cpu-idle", UPDATE_CPU_IDLE, "1: only when nobody else wants to run"),
    UPDATE_OPTION("cpu-rt-runtime", UPDATE_CPU_RT_RUNTIME, "Realtime per period"),
    UPDATE_OPTION("cpu-rt-period", UPDATE_CPU_RT_PERIOD, "The realtime period"),
    UPDATE_OPTION("pids-limit", UPDATE_PIDS, "Number of processes, -1: no limit"),
    UPDATE_OPTION("blkio-weight", UPDATE_BLKIO_WEIGHT, "Weight of block I/O, 10 to 1000"),
    { 0, "cpuset-cpus", OPTION_STRING(UpdateOptions, cpus), "LIST", "CPUs" },
    { 0, "cpuset-mems", OPTION_STRING(UpdateOptions, mems), "LIST", "Memory nodes" },
    { 0, "l3-cache-schema", OPTION_STRING(UpdateOptions, l3_cache), "SCHEMA",
      "Intel RDT: the schema of the L3 cache" },
    { 0, "mem-bw-schema", OPTION_STRING(UpdateOptions, memory_bandwidth), "SCHEMA",
      "Intel RDT: the schema of memory bandwidth" },
    { 0, "kernel-memory", OPTION_CUSTOM(UpdateOptions, numbers[UPDATE_KERNEL], update_number), "N",
      "Taken for compatibility", .hidden = true },
    { 0, "kernel-memory-tcp",
      OPTION_CUSTOM(UpdateOptions, numbers[UPDATE_KERNEL_TCP], update_number), "N",
      "Taken for compatibility", .hidden = true },
    OPTION_END,
};

static int update_read(const char *path, Arena *arena, SpecResources **ret_resources, Error *error)
{
    char *text;
    size_t size;
    int r = str_eq(path, "-") ? fd_read_all(STDIN_FILENO, SPEC_MAX_BYTES, arena, &text, &size)
                              : file_read_at(AT_FDCWD, path, SPEC_MAX_BYTES, arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "--resources: %s", path);
    r = spec_resources_parse(arena, text, size, ret_resources, error);
    return r < 0 ? error_wrap(error, "--resources") : 0;
}

static void update_merge(const UpdateOptions *options, CgroupLimit *limit)
{
    const struct {
        uint32_t bit;
        int64_t *member;
    } rows[UPDATE_NUMBER_MAX] = {
        [UPDATE_MEMORY] = { CGROUP_LIMIT_MEMORY, &limit->memory },
        [UPDATE_MEMORY_RESERVATION] = { CGROUP_LIMIT_MEMORY_RESERVATION,
                                        &limit->memory_reservation },
        [UPDATE_MEMORY_SWAP] = { CGROUP_LIMIT_MEMORY_SWAP, &limit->memory_swap },
        [UPDATE_CPU_SHARES] = { CGROUP_LIMIT_CPU_SHARES, &limit->cpu_shares },
        [UPDATE_CPU_QUOTA] = { CGROUP_LIMIT_CPU_QUOTA, &limit->cpu_quota_us },
        [UPDATE_CPU_PERIOD] = { CGROUP_LIMIT_CPU_PERIOD, &limit->cpu_period_us },
        [UPDATE_CPU_BURST] = { CGROUP_LIMIT_CPU_BURST, &limit->cpu_burst_us },
        [UPDATE_CPU_IDLE] = { CGROUP_LIMIT_CPU_IDLE, &limit->cpu_idle },
        [UPDATE_CPU_RT_RUNTIME] = { CGROUP_LIMIT_CPU_RT_RUNTIME, &limit->cpu_rt_runtime_us },
        [UPDATE_CPU_RT_PERIOD] = { CGROUP_LIMIT_CPU_RT_PERIOD, &limit->cpu_rt_period_us },
        [UPDATE_PIDS] = { CGROUP_LIMIT_PIDS, &limit->pids },
        [UPDATE_BLKIO_WEIGHT] = { CGROUP_LIMIT_IO_WEIGHT, &limit->io_weight },
    };
    for (size_t i = 0; i < UPDATE_NUMBER_MAX; i++) {
        if (!options->numbers[i].set)
            continue;
        *rows[i].member = options->numbers[i].value;
        limit->set |= rows[i].bit;
    }
    if (options->cpus) {
        limit->cpuset_cpus = options->cpus;
        limit->set |= CGROUP_LIMIT_CPUSET_CPUS;
    }
    if (options->mems) {
        limit->cpuset_mems = options->mems;
        limit->set |= CGROUP_LIMIT_CPUSET_MEMS;
    }
}

static int update_apply(const Cgroup *cgroup, const SpecResources *resources,
                        const CgroupLimit *limit, Arena *arena, Error *error)
{
    CgroupDeviceLimit *devices;
    size_t count;
    int r = cgroup_limit_apply(cgroup, limit, error);
    if (r < 0)
        return error_wrap(error, "linux.resources");
    r = resources_device_limits(resources, arena, &devices, &count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        r = cgroup_device_limit_apply(cgroup, &devices[i], error);
        if (r < 0)
            return error_wrap(error, "linux.resources.blockIO");
    }
    for (size_t i = 0; i < resources->unified.count; i++) {
        r = cgroup_limit_unified(cgroup, resources->unified.items[i].key,
                                 resources->unified.items[i].value, error);
        if (r < 0)
            return error_wrap(error, "linux.resources.unified");
    }
    return 0;
}

static int update_attach_all(const Cgroup *from, const Cgroup *to, Arena *arena, Error *error)
{
    pid_t *pids;
    size_t count;
    int r = cgroup_pids(from, arena, &pids, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++) {
        Error failure = { 0 };
        r = cgroup_attach(to, pids[i], &failure);
        if (r == -ESRCH)
            r = 0;
        else if (r < 0 && error)
            *error = failure;
    }
    return r;
}

/*
 * v1: a container has a cgroup only in the hierarchies it needed when it was made. For the first
 * limit of another one the directory is made now; frozen meanwhile, no process can fork away.
 */
static int update_add_hierarchies(const Instance *instance, const Cgroup *cgroup, uint32_t missing,
                                  Error *error)
{
    Cgroup added CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = cgroup_create_shared(&instance->cgroup_host, instance->record.cgroup_path, missing,
                                 instance->arena, &added, error);
    if (r < 0)
        return r;
    bool frozen = cgroup_is_frozen(cgroup, NULL) == 1;
    r = frozen ? 0 : cgroup_freeze(cgroup, true, error);
    if (r == 0)
        r = update_attach_all(cgroup, &added, instance->arena, error);
    if (!frozen)
        (void)!cgroup_freeze(cgroup, false, NULL);
    return r;
}

/* The container's cgroup, with directories for all that is to be limited. */
static int update_open_cgroup(Instance *instance, uint32_t needed, Cgroup *cgroup, Error *error)
{
    int r = instance_cgroup(instance, cgroup, error);
    const CgroupHost *host = &instance->cgroup_host;
    uint32_t missing = needed & host->available & ~cgroup->controllers;
    if (r < 0 || host->mode == CGROUP_V2 || !missing)
        return r;
    r = update_add_hierarchies(instance, cgroup, missing, error);
    if (r < 0)
        return r;
    cgroup_done(cgroup);
    return instance_cgroup(instance, cgroup, error);
}

/* The new numbers in the recorded configuration. */
static void update_record(const CgroupLimit *limit, SpecResources *resources, Arena *arena)
{
    if (!resources->memory)
        resources->memory = arena_alloc(arena, sizeof(*resources->memory));
    if (!resources->cpu)
        resources->cpu = arena_alloc(arena, sizeof(*resources->cpu));
    if (!resources->pids)
        resources->pids = arena_alloc(arena, sizeof(*resources->pids));
    SpecMemory *memory = resources->memory;
    SpecCpu *cpu = resources->cpu;
    const struct {
        uint32_t bit;
        OptI64 *to;
        int64_t value;
    } rows[] = {
        { CGROUP_LIMIT_MEMORY, &memory->limit, limit->memory },
        { CGROUP_LIMIT_MEMORY_RESERVATION, &memory->reservation, limit->memory_reservation },
        { CGROUP_LIMIT_MEMORY_SWAP, &memory->swap, limit->memory_swap },
        { CGROUP_LIMIT_CPU_QUOTA, &cpu->quota, limit->cpu_quota_us },
        { CGROUP_LIMIT_CPU_IDLE, &cpu->idle, limit->cpu_idle },
        { CGROUP_LIMIT_PIDS, &resources->pids->limit, limit->pids },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (limit->set & rows[i].bit)
            *rows[i].to = (OptI64){ true, rows[i].value };
    if (limit->set & CGROUP_LIMIT_CPU_PERIOD)
        cpu->period = (OptU64){ true, (uint64_t)limit->cpu_period_us };
    if (limit->set & CGROUP_LIMIT_CPU_SHARES)
        cpu->shares = (OptU64){ true, (uint64_t)limit->cpu_shares };
    if (limit->set & CGROUP_LIMIT_CPU_BURST)
        cpu->burst = (OptU64){ true, (uint64_t)limit->cpu_burst_us };
    if (limit->set & CGROUP_LIMIT_CPUSET_CPUS)
        cpu->cpus = limit->cpuset_cpus;
    if (limit->set & CGROUP_LIMIT_CPUSET_MEMS)
        cpu->mems = limit->cpuset_mems;
}

/* The limits it was made with, and those of earlier updates. */
static int update_recorded(Instance *instance, SpecResources **ret_resources,
                           CgroupLimit *ret_before, Error *error)
{
    int r = record_read_spec(&instance->place, instance->arena, &instance->spec, error);
    if (r < 0)
        return r;
    Spec *spec = instance->spec;
    if (!spec->linux)
        spec->linux = arena_alloc(instance->arena, sizeof(*spec->linux));
    if (!spec->linux->resources)
        spec->linux->resources = arena_alloc(instance->arena, sizeof(*spec->linux->resources));
    *ret_resources = spec->linux->resources;
    return resources_limit(spec->linux->resources, ret_before, error);
}

static int update_check(const UpdateOptions *options, Error *error)
{
    if (options->numbers[UPDATE_KERNEL].set || options->numbers[UPDATE_KERNEL_TCP].set)
        log_line(LOG_LEVEL_WARNING, "Kernel memory settings are ignored and will be removed");
    if (options->l3_cache)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "--l3-cache-schema: Intel RDT/CAT: l3 cache schema is not enabled");
    if (options->memory_bandwidth)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "--mem-bw-schema: Intel RDT/MBA: memory bandwidth schema is not enabled");
    return 0;
}

static int update_run(CommandCall *call, Error *error)
{
    const UpdateOptions *options = call->values;
    SpecResources *resources = arena_alloc(call->arena, sizeof(*resources));
    CgroupLimit limit = { 0 };
    int r = update_check(options, error);
    if (r == 0 && options->resources)
        r = update_read(options->resources, call->arena, &resources, error);
    if (r == 0)
        r = resources_limit(resources, &limit, error);
    if (r < 0)
        return r;
    if (!options->resources)
        update_merge(options, &limit);
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    r = instance_open(&instance, call, true, error);
    if (r == 0 && instance_status(&instance) == OCI_STATUS_STOPPED)
        r = error_set(error, ERROR_CONFLICT, ESRCH, "container not running: %s",
                      instance.record.id);
    CgroupLimit before = { 0 };
    SpecResources *recorded = NULL;
    if (r == 0)
        r = update_recorded(&instance, &recorded, &before, error);
    if (r < 0)
        return r;
    /* Who fills a whole structure has 0 where nothing is to change; runc leaves the limit then. */
    if (limit.pids == 0 && spec_zero_pids_is_none(instance.spec->oci_version))
        limit.set &= ~CGROUP_LIMIT_PIDS;
    cgroup_limit_complete(&limit, &before);
    r = update_open_cgroup(&instance,
                           cgroup_limit_controllers(&limit) | resources_controllers(resources),
                           &cgroup, error);
    if (r == 0)
        r = placement_update(&instance.record, &limit, &resources->unified, cgroup.mode,
                             call->arena, error);
    if (r == 0)
        r = update_apply(&cgroup, resources, &limit, call->arena, error);
    if (r < 0)
        return r;
    update_record(&limit, recorded, call->arena);
    return record_write_spec(&instance.place, instance.spec, error);
}

const Command update_command = {
    .name = "update",
    .summary = "Change the limits of a container",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .options = update_options,
    .values_size = sizeof(UpdateOptions),
    .run = update_run,
};
