/*
 * The limits in the files of cgroup v2.
 *
 * The trap: the values come from a specification that was written for v1. Shares and weights have
 * other scales, swap was the sum with memory, and some promises cannot be kept at all: those are
 * errors, not silence.
 */
#include "linux/cgroup_v2.h"

#include <errno.h>
#include <math.h>

uint64_t cgroup_v2_weight_from_shares(int64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2((double)shares);
    return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

uint64_t cgroup_v2_io_weight(int64_t weight)
{
    if (weight <= 10)
        return 1;
    if (weight >= 1000)
        return 10000;
    return (uint64_t)(1 + (weight - 10) * 9999 / 990);
}

/* The list being built. */
typedef struct CgroupV2List {
    Arena *arena;
    CgroupSetting *settings;
    size_t count;
} CgroupV2List;

static CgroupSetting *cgroup_v2_add(CgroupV2List *list, CgroupController controller,
                                    const char *field, const char *file, const char *value)
{
    CgroupSetting *setting =
        arena_append(list->arena, &list->settings, &list->count, sizeof(*setting));
    *setting =
        (CgroupSetting){ .controller = controller, .field = field, .file = file, .value = value };
    return setting;
}

static const char *cgroup_v2_number(CgroupV2List *list, uint64_t value)
{
    return arena_printf(list->arena, "%llu", (unsigned long long)value);
}

static const char *cgroup_v2_or_max(CgroupV2List *list, int64_t value)
{
    return value < 0 ? "max" : cgroup_v2_number(list, (uint64_t)value);
}

static bool cgroup_v2_given(const CgroupLimit *limit, uint32_t bit, int64_t value)
{
    return (limit->set & bit) && value != 0;
}

/* v1 limits memory + swap, v2 swap alone. */
static int cgroup_v2_translate_swap(const CgroupLimit *limit, bool has_memory, CgroupV2List *list,
                                    Error *error)
{
    const char *value;
    int64_t swap = limit->memory_swap;
    if (!cgroup_v2_given(limit, CGROUP_LIMIT_MEMORY_SWAP, swap)) {
        if (!has_memory || limit->memory > 0)
            return 0;
        value = "max"; /* v1 can have no limit of memory only together with none of the sum */
    } else if (swap < 0) {
        value = "max";
    } else if (!has_memory || limit->memory < 0) {
        return error_set(error, ERROR_USAGE, EINVAL,
                         "a limit of memory + swap needs a limit of memory: cgroup v2 limits swap "
                         "alone, which is the difference");
    } else if (swap < limit->memory) {
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the limit of memory + swap (%lld) is below that of memory (%lld)",
                         (long long)swap, (long long)limit->memory);
    } else {
        value = cgroup_v2_number(list, (uint64_t)(swap - limit->memory));
    }
    CgroupSetting *setting =
        cgroup_v2_add(list, CGROUP_MEMORY, "memory.swap", "memory.swap.max", value);
    setting->absent = "swap is not accounted (CONFIG_SWAP, kernel parameter swapaccount=1)";
    setting->optional = str_eq(value, "max") || str_eq(value, "0");
    return 0;
}

static int cgroup_v2_translate_memory(const CgroupLimit *limit, CgroupV2List *list, Error *error)
{
    if ((limit->set & CGROUP_LIMIT_DISABLE_OOM) && limit->disable_oom_killer)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "cgroup v2 cannot switch the OOM killer off");
    bool has_memory = cgroup_v2_given(limit, CGROUP_LIMIT_MEMORY, limit->memory);
    if (has_memory)
        cgroup_v2_add(list, CGROUP_MEMORY, "memory.limit", "memory.max",
                      cgroup_v2_or_max(list, limit->memory));
    int r = cgroup_v2_translate_swap(limit, has_memory, list, error);
    if (r < 0)
        return r;
    if (cgroup_v2_given(limit, CGROUP_LIMIT_MEMORY_RESERVATION, limit->memory_reservation))
        cgroup_v2_add(list, CGROUP_MEMORY, "memory.reservation", "memory.low",
                      limit->memory_reservation < 0
                          ? "0"
                          : cgroup_v2_number(list, (uint64_t)limit->memory_reservation));
    return 0;
}

static int cgroup_v2_translate_cpu(const CgroupLimit *limit, CgroupV2List *list, Error *error)
{
    if ((limit->set & CGROUP_LIMIT_CPU_RT_RUNTIME && limit->cpu_rt_runtime_us > 0) ||
        (limit->set & CGROUP_LIMIT_CPU_RT_PERIOD && limit->cpu_rt_period_us > 0))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "cgroup v2 has no limits for real-time tasks");
    bool idle = (limit->set & CGROUP_LIMIT_CPU_IDLE) && limit->cpu_idle == 1;
    if (limit->set & CGROUP_LIMIT_CPU_IDLE)
        cgroup_v2_add(list, CGROUP_CPU, "cpu.idle", "cpu.idle",
                      cgroup_v2_number(list, (uint64_t)limit->cpu_idle))
            ->absent = "it came with Linux 5.15";
    /* The weight of an idle group is fixed, the kernel refuses another one. */
    if (cgroup_v2_given(limit, CGROUP_LIMIT_CPU_SHARES, limit->cpu_shares) && !idle)
        cgroup_v2_add(list, CGROUP_CPU, "cpu.shares", "cpu.weight",
                      cgroup_v2_number(list, cgroup_v2_weight_from_shares(limit->cpu_shares)));

    bool quota = cgroup_v2_given(limit, CGROUP_LIMIT_CPU_QUOTA, limit->cpu_quota_us);
    bool period = cgroup_v2_given(limit, CGROUP_LIMIT_CPU_PERIOD, limit->cpu_period_us);
    if (quota || period) {
        const char *value = quota ? cgroup_v2_or_max(list, limit->cpu_quota_us) : "max";
        if (period) /* a quota alone keeps the period that is there */
            value = arena_printf(list->arena, "%s %llu", value,
                                 (unsigned long long)limit->cpu_period_us);
        cgroup_v2_add(list, CGROUP_CPU, quota ? "cpu.quota" : "cpu.period", "cpu.max", value)
            ->absent = "CONFIG_CFS_BANDWIDTH is off";
    }
    if (limit->set & CGROUP_LIMIT_CPU_BURST)
        cgroup_v2_add(list, CGROUP_CPU, "cpu.burst", "cpu.max.burst",
                      cgroup_v2_number(list, (uint64_t)limit->cpu_burst_us))
            ->absent = "it came with Linux 5.14";
    return 0;
}

int cgroup_v2_translate(const CgroupLimit *limit, Arena *arena, CgroupSetting **ret_settings,
                        size_t *ret_count, Error *error)
{
    CgroupV2List list = { .arena = arena };
    int r = cgroup_v2_translate_memory(limit, &list, error);
    if (r >= 0)
        r = cgroup_v2_translate_cpu(limit, &list, error);
    if (r < 0)
        return r;
    if ((limit->set & CGROUP_LIMIT_CPUSET_CPUS) && !str_empty(limit->cpuset_cpus))
        cgroup_v2_add(&list, CGROUP_CPUSET, "cpu.cpus", "cpuset.cpus", limit->cpuset_cpus);
    if ((limit->set & CGROUP_LIMIT_CPUSET_MEMS) && !str_empty(limit->cpuset_mems))
        cgroup_v2_add(&list, CGROUP_CPUSET, "cpu.mems", "cpuset.mems", limit->cpuset_mems);
    if (limit->set & CGROUP_LIMIT_PIDS)
        cgroup_v2_add(&list, CGROUP_PIDS, "pids.limit", "pids.max",
                      cgroup_v2_or_max(&list, limit->pids));
    if (cgroup_v2_given(limit, CGROUP_LIMIT_IO_WEIGHT, limit->io_weight)) {
        /* BFQ kept blkio's scale; where it is there it, and not io.cost, schedules by weight. */
        cgroup_v2_add(&list, CGROUP_IO, "blockIO.weight", "io.bfq.weight",
                      cgroup_v2_number(&list, (uint64_t)limit->io_weight))
            ->or_next = true;
        cgroup_v2_add(&list, CGROUP_IO, "blockIO.weight", "io.weight",
                      cgroup_v2_number(&list, cgroup_v2_io_weight(limit->io_weight)))
            ->absent = "neither io.cost nor the BFQ I/O scheduler is in this kernel";
    }
    *ret_settings = list.settings;
    *ret_count = list.count;
    return 0;
}

int cgroup_v2_translate_device(const CgroupDeviceLimit *limit, Arena *arena,
                               CgroupSetting **ret_settings, size_t *ret_count, Error *error)
{
    static const struct {
        const char *key, *field;
    } rows[] = {
        [CGROUP_READ_BPS] = { "rbps", "throttleReadBpsDevice" },
        [CGROUP_WRITE_BPS] = { "wbps", "throttleWriteBpsDevice" },
        [CGROUP_READ_IOPS] = { "riops", "throttleReadIOPSDevice" },
        [CGROUP_WRITE_IOPS] = { "wiops", "throttleWriteIOPSDevice" },
    };
    CgroupV2List list = { .arena = arena };
    const char *device = arena_printf(arena, "%u:%u", limit->major, limit->minor);
    if (limit->kind == CGROUP_DEVICE_WEIGHT) {
        cgroup_v2_add(&list, CGROUP_IO, "weightDevice", "io.bfq.weight",
                      arena_printf(arena, "%s %llu", device, (unsigned long long)limit->value))
            ->or_next = true;
        cgroup_v2_add(&list, CGROUP_IO, "weightDevice", "io.weight",
                      arena_printf(arena, "%s %llu", device,
                                   (unsigned long long)cgroup_v2_io_weight((int64_t)limit->value)))
            ->absent = "neither io.cost nor the BFQ I/O scheduler is in this kernel";
    } else if ((size_t)limit->kind < ARRAY_LEN(rows)) {
        const char *value = limit->value ? cgroup_v2_number(&list, limit->value) : "max";
        cgroup_v2_add(&list, CGROUP_IO, rows[limit->kind].field, "io.max",
                      arena_printf(arena, "%s %s=%s", device, rows[limit->kind].key, value))
            ->absent = "CONFIG_BLK_DEV_THROTTLING is off";
    } else {
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "cgroup v2 has no leaf weight of a device");
    }
    *ret_settings = list.settings;
    *ret_count = list.count;
    return 0;
}
