/*
 * The limits in the files of cgroup v1: one table row each.
 *
 * The trap: v1's values have hidden order. memory.limit_in_bytes may not exceed
 * memory.memsw.limit_in_bytes, cfs_burst_us not cfs_quota_us, and cpu.shares cannot be written to
 * an idle group; which of two has to be written first depends on what is there. The order here
 * suits a new cgroup; cgroup_limit_apply tries the refused ones again.
 */
#include "linux/cgroup_v1.h"

#include <errno.h>
#include <stddef.h>

typedef enum CgroupV1Form {
    CGROUP_V1_NUMBER,   /* as it is; -1 is the kernel's word for no limit too */
    CGROUP_V1_NOT_ZERO, /* the same, but 0 means: left alone */
    CGROUP_V1_OR_MAX,   /* negative: "max" */
    CGROUP_V1_TEXT,     /* a string; "": left alone */
} CgroupV1Form;

typedef struct CgroupV1Row {
    uint32_t bit;
    const char *field; /* below linux.resources */
    CgroupController controller;
    size_t offset; /* of the member in CgroupLimit */
    CgroupV1Form form;
    const char *file, *absent;
    bool or_next;
} CgroupV1Row;

#define CGROUP_V1_NO_RT  "the kernel has no real-time group scheduling (CONFIG_RT_GROUP_SCHED)"
#define CGROUP_V1_NO_BFQ "neither the CFQ nor the BFQ I/O scheduler is in this kernel"

static const CgroupV1Row cgroup_v1_rows[] = {
    { CGROUP_LIMIT_MEMORY, "memory.limit", CGROUP_MEMORY, offsetof(CgroupLimit, memory),
      CGROUP_V1_NOT_ZERO, "memory.limit_in_bytes", NULL, false },
    { CGROUP_LIMIT_MEMORY_SWAP, "memory.swap", CGROUP_MEMORY, offsetof(CgroupLimit, memory_swap),
      CGROUP_V1_NOT_ZERO, "memory.memsw.limit_in_bytes",
      "swap is not accounted (kernel parameter swapaccount=1)", false },
    { CGROUP_LIMIT_MEMORY_RESERVATION, "memory.reservation", CGROUP_MEMORY,
      offsetof(CgroupLimit, memory_reservation), CGROUP_V1_NOT_ZERO, "memory.soft_limit_in_bytes",
      "a kernel with PREEMPT_RT has no soft limit", false },
    { CGROUP_LIMIT_MEMORY_KERNEL_TCP, "memory.kernelTCP", CGROUP_MEMORY,
      offsetof(CgroupLimit, memory_kernel_tcp), CGROUP_V1_NOT_ZERO,
      "memory.kmem.tcp.limit_in_bytes", "kernel memory is not accounted (CONFIG_MEMCG_KMEM)",
      false },
    { CGROUP_LIMIT_SWAPPINESS, "memory.swappiness", CGROUP_MEMORY,
      offsetof(CgroupLimit, swappiness), CGROUP_V1_NUMBER, "memory.swappiness", NULL, false },
    { CGROUP_LIMIT_DISABLE_OOM, "memory.disableOOMKiller", CGROUP_MEMORY,
      offsetof(CgroupLimit, disable_oom_killer), CGROUP_V1_NUMBER, "memory.oom_control", NULL,
      false },
    { CGROUP_LIMIT_CPU_IDLE, "cpu.idle", CGROUP_CPU, offsetof(CgroupLimit, cpu_idle),
      CGROUP_V1_NUMBER, "cpu.idle", "it came with Linux 5.15", false },
    { CGROUP_LIMIT_CPU_SHARES, "cpu.shares", CGROUP_CPU, offsetof(CgroupLimit, cpu_shares),
      CGROUP_V1_NOT_ZERO, "cpu.shares", NULL, false },
    { CGROUP_LIMIT_CPU_PERIOD, "cpu.period", CGROUP_CPU, offsetof(CgroupLimit, cpu_period_us),
      CGROUP_V1_NOT_ZERO, "cpu.cfs_period_us", "CONFIG_CFS_BANDWIDTH is off", false },
    { CGROUP_LIMIT_CPU_QUOTA, "cpu.quota", CGROUP_CPU, offsetof(CgroupLimit, cpu_quota_us),
      CGROUP_V1_NOT_ZERO, "cpu.cfs_quota_us", "CONFIG_CFS_BANDWIDTH is off", false },
    { CGROUP_LIMIT_CPU_BURST, "cpu.burst", CGROUP_CPU, offsetof(CgroupLimit, cpu_burst_us),
      CGROUP_V1_NUMBER, "cpu.cfs_burst_us", "it came with Linux 5.14", false },
    { CGROUP_LIMIT_CPU_RT_PERIOD, "cpu.realtimePeriod", CGROUP_CPU,
      offsetof(CgroupLimit, cpu_rt_period_us), CGROUP_V1_NOT_ZERO, "cpu.rt_period_us",
      CGROUP_V1_NO_RT, false },
    { CGROUP_LIMIT_CPU_RT_RUNTIME, "cpu.realtimeRuntime", CGROUP_CPU,
      offsetof(CgroupLimit, cpu_rt_runtime_us), CGROUP_V1_NUMBER, "cpu.rt_runtime_us",
      CGROUP_V1_NO_RT, false },
    { CGROUP_LIMIT_CPUSET_CPUS, "cpu.cpus", CGROUP_CPUSET, offsetof(CgroupLimit, cpuset_cpus),
      CGROUP_V1_TEXT, "cpuset.cpus", NULL, false },
    { CGROUP_LIMIT_CPUSET_MEMS, "cpu.mems", CGROUP_CPUSET, offsetof(CgroupLimit, cpuset_mems),
      CGROUP_V1_TEXT, "cpuset.mems", NULL, false },
    { CGROUP_LIMIT_PIDS, "pids.limit", CGROUP_PIDS, offsetof(CgroupLimit, pids), CGROUP_V1_OR_MAX,
      "pids.max", NULL, false },
    { CGROUP_LIMIT_IO_WEIGHT, "blockIO.weight", CGROUP_IO, offsetof(CgroupLimit, io_weight),
      CGROUP_V1_NOT_ZERO, "blkio.weight", NULL, true },
    { CGROUP_LIMIT_IO_WEIGHT, "blockIO.weight", CGROUP_IO, offsetof(CgroupLimit, io_weight),
      CGROUP_V1_NOT_ZERO, "blkio.bfq.weight", CGROUP_V1_NO_BFQ, false },
    { CGROUP_LIMIT_IO_LEAF_WEIGHT, "blockIO.leafWeight", CGROUP_IO,
      offsetof(CgroupLimit, io_leaf_weight), CGROUP_V1_NOT_ZERO, "blkio.leaf_weight",
      "it went with the CFQ I/O scheduler in Linux 5.0", false },
};

/* The text of a row's value, or NULL: left alone. */
static const char *cgroup_v1_value(const CgroupV1Row *row, const CgroupLimit *limit, Arena *arena)
{
    const void *member = (const char *)limit + row->offset;
    if (row->form == CGROUP_V1_TEXT) {
        const char *text = *(const char *const *)member;
        return str_empty(text) ? NULL : text;
    }
    int64_t number = *(const int64_t *)member;
    if (row->form == CGROUP_V1_NOT_ZERO && number == 0)
        return NULL;
    if (row->form == CGROUP_V1_OR_MAX && number < 0)
        return "max";
    return arena_printf(arena, "%lld", (long long)number);
}

static void cgroup_v1_add(CgroupSetting setting, Arena *arena, CgroupSetting **settings,
                          size_t *count)
{
    *(CgroupSetting *)arena_append(arena, settings, count, sizeof(setting)) = setting;
}

static bool cgroup_v1_has_swap(const CgroupLimit *limit)
{
    return (limit->set & CGROUP_LIMIT_MEMORY_SWAP) && limit->memory_swap != 0;
}

static int cgroup_v1_check_swap(const CgroupLimit *limit, Error *error)
{
    bool has_memory = (limit->set & CGROUP_LIMIT_MEMORY) && limit->memory != 0;
    if (cgroup_v1_has_swap(limit) && has_memory && limit->memory_swap > 0 &&
        (limit->memory < 0 || limit->memory_swap < limit->memory))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the limit of memory + swap (%lld) is below that of memory (%lld)",
                         (long long)limit->memory_swap, (long long)limit->memory);
    return 0;
}

int cgroup_v1_translate(const CgroupLimit *limit, Arena *arena, CgroupSetting **ret_settings,
                        size_t *ret_count, Error *error)
{
    int r = cgroup_v1_check_swap(limit, error);
    if (r < 0)
        return r;
    CgroupSetting *settings = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(cgroup_v1_rows); i++) {
        const CgroupV1Row *row = &cgroup_v1_rows[i];
        const char *value = limit->set & row->bit ? cgroup_v1_value(row, limit, arena) : NULL;
        /* The weight of an idle group is fixed, the kernel refuses another one. */
        if (!value || (row->bit == CGROUP_LIMIT_CPU_SHARES &&
                       (limit->set & CGROUP_LIMIT_CPU_IDLE) && limit->cpu_idle == 1))
            continue;
        CgroupSetting setting = {
            .controller = row->controller,
            .field = row->field,
            .file = row->file,
            .value = value,
            .absent = row->absent,
            .optional = row->bit == CGROUP_LIMIT_MEMORY_SWAP && limit->memory_swap < 0,
            .or_next = row->or_next,
        };
        cgroup_v1_add(setting, arena, &settings, &count);
        /* No limit of memory makes sense only without one of memory + swap. */
        if (row->bit == CGROUP_LIMIT_MEMORY && limit->memory < 0 && !cgroup_v1_has_swap(limit))
            cgroup_v1_add((CgroupSetting){ .controller = CGROUP_MEMORY,
                                           .field = row->field,
                                           .file = "memory.memsw.limit_in_bytes",
                                           .value = "-1",
                                           .optional = true },
                          arena, &settings, &count);
    }
    *ret_settings = settings;
    *ret_count = count;
    return 0;
}

static const struct {
    const char *field, *file, *next_file, *absent;
} cgroup_v1_device_rows[] = {
    [CGROUP_READ_BPS] = { "throttleReadBpsDevice", "blkio.throttle.read_bps_device", NULL,
                          "CONFIG_BLK_DEV_THROTTLING is off" },
    [CGROUP_WRITE_BPS] = { "throttleWriteBpsDevice", "blkio.throttle.write_bps_device", NULL,
                           "CONFIG_BLK_DEV_THROTTLING is off" },
    [CGROUP_READ_IOPS] = { "throttleReadIOPSDevice", "blkio.throttle.read_iops_device", NULL,
                           "CONFIG_BLK_DEV_THROTTLING is off" },
    [CGROUP_WRITE_IOPS] = { "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", NULL,
                            "CONFIG_BLK_DEV_THROTTLING is off" },
    [CGROUP_DEVICE_WEIGHT] = { "weightDevice", "blkio.weight_device", "blkio.bfq.weight_device",
                               CGROUP_V1_NO_BFQ },
    [CGROUP_DEVICE_LEAF_WEIGHT] = { "weightDevice", "blkio.leaf_weight_device", NULL,
                                    "it went with the CFQ I/O scheduler in Linux 5.0" },
};

int cgroup_v1_translate_device(const CgroupDeviceLimit *limit, Arena *arena,
                               CgroupSetting **ret_settings, size_t *ret_count, Error *error)
{
    if ((size_t)limit->kind >= ARRAY_LEN(cgroup_v1_device_rows))
        return error_set(error, ERROR_USAGE, EINVAL, "no such kind of device limit");
    const char *value = arena_printf(arena, "%u:%u %llu", limit->major, limit->minor,
                                     (unsigned long long)limit->value);
    CgroupSetting *settings = NULL;
    size_t count = 0;
    const char *next = cgroup_v1_device_rows[limit->kind].next_file;
    CgroupSetting setting = { .controller = CGROUP_IO,
                              .field = cgroup_v1_device_rows[limit->kind].field,
                              .file = cgroup_v1_device_rows[limit->kind].file,
                              .value = value,
                              .absent = cgroup_v1_device_rows[limit->kind].absent,
                              .or_next = next != NULL };
    cgroup_v1_add(setting, arena, &settings, &count);
    if (next) {
        setting.file = next;
        setting.or_next = false;
        cgroup_v1_add(setting, arena, &settings, &count);
    }
    *ret_settings = settings;
    *ret_count = count;
    return 0;
}
