/*
 * One row per scalar limit: the spec's member, the kernel layer's member, and its bit. "Not set"
 * in the spec is a missing bit; nothing is limited by a default here.
 */
#include "runtime/resources.h"

#include <errno.h>
#include <string.h>

static void resources_set(CgroupLimit *limit, uint32_t bit, int64_t *member, bool set,
                          int64_t value)
{
    if (!set)
        return;
    *member = value;
    limit->set |= bit;
}

static int resources_unsigned(uint64_t value, const char *field, int64_t *ret_value, Error *error)
{
    if (value > INT64_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "linux.resources.%s: %llu is too large", field,
                         (unsigned long long)value);
    *ret_value = (int64_t)value;
    return 0;
}

static void resources_memory(const SpecMemory *memory, CgroupLimit *limit)
{
    resources_set(limit, CGROUP_LIMIT_MEMORY, &limit->memory, memory->limit.set,
                  memory->limit.value);
    resources_set(limit, CGROUP_LIMIT_MEMORY_SWAP, &limit->memory_swap, memory->swap.set,
                  memory->swap.value);
    resources_set(limit, CGROUP_LIMIT_MEMORY_RESERVATION, &limit->memory_reservation,
                  memory->reservation.set, memory->reservation.value);
    resources_set(limit, CGROUP_LIMIT_MEMORY_KERNEL, &limit->memory_kernel, memory->kernel.set,
                  memory->kernel.value);
    resources_set(limit, CGROUP_LIMIT_MEMORY_KERNEL_TCP, &limit->memory_kernel_tcp,
                  memory->kernel_tcp.set, memory->kernel_tcp.value);
    resources_set(limit, CGROUP_LIMIT_SWAPPINESS, &limit->swappiness, memory->swappiness.set,
                  (int64_t)memory->swappiness.value);
    resources_set(limit, CGROUP_LIMIT_DISABLE_OOM, &limit->disable_oom_killer,
                  memory->disable_oom_killer.set, memory->disable_oom_killer.value);
    limit->memory_check = memory->check_before_update.set && memory->check_before_update.value;
}

static int resources_cpu(const SpecCpu *cpu, CgroupLimit *limit, Error *error)
{
    const struct {
        const OptU64 *value;
        const char *field;
        uint32_t bit;
        int64_t *member;
    } rows[] = {
        { &cpu->shares, "cpu.shares", CGROUP_LIMIT_CPU_SHARES, &limit->cpu_shares },
        { &cpu->period, "cpu.period", CGROUP_LIMIT_CPU_PERIOD, &limit->cpu_period_us },
        { &cpu->burst, "cpu.burst", CGROUP_LIMIT_CPU_BURST, &limit->cpu_burst_us },
        { &cpu->realtime_period, "cpu.realtimePeriod", CGROUP_LIMIT_CPU_RT_PERIOD,
          &limit->cpu_rt_period_us },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].value->set)
            continue;
        int r = resources_unsigned(rows[i].value->value, rows[i].field, rows[i].member, error);
        if (r < 0)
            return r;
        limit->set |= rows[i].bit;
    }
    resources_set(limit, CGROUP_LIMIT_CPU_QUOTA, &limit->cpu_quota_us, cpu->quota.set,
                  cpu->quota.value);
    resources_set(limit, CGROUP_LIMIT_CPU_RT_RUNTIME, &limit->cpu_rt_runtime_us,
                  cpu->realtime_runtime.set, cpu->realtime_runtime.value);
    resources_set(limit, CGROUP_LIMIT_CPU_IDLE, &limit->cpu_idle, cpu->idle.set, cpu->idle.value);
    limit->cpuset_cpus = cpu->cpus;
    limit->cpuset_mems = cpu->mems;
    limit->set |= !str_empty(cpu->cpus) ? CGROUP_LIMIT_CPUSET_CPUS : 0u;
    limit->set |= !str_empty(cpu->mems) ? CGROUP_LIMIT_CPUSET_MEMS : 0u;
    return 0;
}

int resources_limit(const SpecResources *resources, CgroupLimit *ret_limit, Error *error)
{
    CgroupLimit limit = { 0 };
    if (resources->memory)
        resources_memory(resources->memory, &limit);
    int r = resources->cpu ? resources_cpu(resources->cpu, &limit, error) : 0;
    if (r < 0)
        return r;
    if (resources->pids)
        resources_set(&limit, CGROUP_LIMIT_PIDS, &limit.pids, resources->pids->limit.set,
                      resources->pids->limit.value);
    if (resources->block_io) {
        const SpecBlockIo *io = resources->block_io;
        resources_set(&limit, CGROUP_LIMIT_IO_WEIGHT, &limit.io_weight, io->weight.set,
                      io->weight.value);
        resources_set(&limit, CGROUP_LIMIT_IO_LEAF_WEIGHT, &limit.io_leaf_weight,
                      io->leaf_weight.set, io->leaf_weight.value);
    }
    *ret_limit = limit;
    return 0;
}

typedef struct ResourcesList {
    Arena *arena;
    CgroupDeviceLimit *items;
    size_t count;
} ResourcesList;

static int resources_add(ResourcesList *list, const CgroupDeviceLimit *limit, int64_t major,
                         int64_t minor, Error *error)
{
    if (major < 0 || minor < 0 || major > UINT32_MAX || minor > UINT32_MAX)
        return error_set(error, ERROR_USAGE, ERANGE,
                         "linux.resources.blockIO: %lld:%lld is not a device number",
                         (long long)major, (long long)minor);
    CgroupDeviceLimit *added =
        arena_append(list->arena, &list->items, &list->count, sizeof(*added));
    *added = *limit;
    added->major = (uint32_t)major;
    added->minor = (uint32_t)minor;
    return 0;
}

int resources_device_limits(const SpecResources *resources, Arena *arena,
                            CgroupDeviceLimit **ret_limits, size_t *ret_count, Error *error)
{
    ResourcesList list = { .arena = arena };
    *ret_limits = NULL;
    *ret_count = 0;
    const SpecBlockIo *io = resources->block_io;
    if (!io)
        return 0;
    const struct {
        const SpecThrottleDevices *devices;
        CgroupDeviceLimitKind kind;
    } throttles[] = {
        { &io->throttle_read_bps_device, CGROUP_READ_BPS },
        { &io->throttle_write_bps_device, CGROUP_WRITE_BPS },
        { &io->throttle_read_iops_device, CGROUP_READ_IOPS },
        { &io->throttle_write_iops_device, CGROUP_WRITE_IOPS },
    };
    int r = 0;
    for (size_t i = 0; i < io->weight_device.count && r == 0; i++) {
        const SpecWeightDevice *device = &io->weight_device.items[i];
        CgroupDeviceLimit limit = { .kind = CGROUP_DEVICE_WEIGHT, .value = device->weight.value };
        if (device->weight.set)
            r = resources_add(&list, &limit, device->major, device->minor, error);
        limit = (CgroupDeviceLimit){ .kind = CGROUP_DEVICE_LEAF_WEIGHT,
                                     .value = device->leaf_weight.value };
        if (r == 0 && device->leaf_weight.set)
            r = resources_add(&list, &limit, device->major, device->minor, error);
    }
    for (size_t t = 0; t < ARRAY_LEN(throttles); t++) {
        for (size_t i = 0; i < throttles[t].devices->count && r == 0; i++) {
            const SpecThrottleDevice *device = &throttles[t].devices->items[i];
            CgroupDeviceLimit limit = { .kind = throttles[t].kind, .value = device->rate };
            r = resources_add(&list, &limit, device->major, device->minor, error);
        }
    }
    *ret_limits = list.items;
    *ret_count = list.count;
    return r;
}

CgroupDeviceRule resources_device_rule(const SpecDeviceRule *rule)
{
    const char *access = rule->access ? rule->access : "rwm";
    return (CgroupDeviceRule){
        .allow = rule->allow,
        .type = rule->type ? rule->type[0] : 'a',
        .major = rule->major.set ? rule->major.value : CGROUP_DEVICE_ANY,
        .minor = rule->minor.set ? rule->minor.value : CGROUP_DEVICE_ANY,
        .read = strchr(access, 'r'),
        .write = strchr(access, 'w'),
        .mknod = strchr(access, 'm'),
    };
}

uint32_t resources_controllers(const SpecResources *resources)
{
    uint32_t controllers = 0;
    if (resources->devices.count)
        controllers |= CGROUP_BIT(CGROUP_DEVICES);
    if (resources->block_io)
        controllers |= CGROUP_BIT(CGROUP_IO);
    if (resources->hugepage_limits.count)
        controllers |= CGROUP_BIT(CGROUP_HUGETLB);
    if (resources->rdma.count)
        controllers |= CGROUP_BIT(CGROUP_RDMA);
    if (resources->network && resources->network->class_id.set)
        controllers |= CGROUP_BIT(CGROUP_NET_CLS);
    if (resources->network && resources->network->priorities.count)
        controllers |= CGROUP_BIT(CGROUP_NET_PRIO);
    for (size_t i = 0; i < resources->unified.count; i++)
        controllers |= cgroup_limit_unified_controller(resources->unified.items[i].key);
    return controllers;
}

bool resources_has_more(const SpecResources *resources)
{
    return resources->hugepage_limits.count || resources->rdma.count || resources->network ||
           resources->unified.count;
}

static int resources_apply_network(const Cgroup *cgroup, const SpecNetwork *network, Error *error)
{
    int r =
        network->class_id.set ? cgroup_limit_net_class(cgroup, network->class_id.value, error) : 0;
    for (size_t i = 0; r == 0 && i < network->priorities.count; i++)
        r = cgroup_limit_net_priority(cgroup, network->priorities.items[i].name,
                                      network->priorities.items[i].priority, error);
    return r < 0 ? error_wrap(error, "network") : 0;
}

int resources_apply_more(const Cgroup *cgroup, const SpecResources *resources, Error *error)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < resources->hugepage_limits.count; i++) {
        const SpecHugepageLimit *limit = &resources->hugepage_limits.items[i];
        r = cgroup_limit_hugetlb(cgroup, limit->page_size, limit->limit, error);
        if (r < 0)
            return error_wrap(error, "hugepageLimits[%zu]", i);
    }
    for (size_t i = 0; r == 0 && i < resources->rdma.count; i++) {
        const SpecRdma *rdma = &resources->rdma.items[i];
        r = cgroup_limit_rdma(cgroup, rdma->device,
                              rdma->hca_handles.set ? (int64_t)rdma->hca_handles.value : -1,
                              rdma->hca_objects.set ? (int64_t)rdma->hca_objects.value : -1, error);
        if (r < 0)
            return error_wrap(error, "rdma.%s", rdma->device);
    }
    if (resources->network)
        r = resources_apply_network(cgroup, resources->network, error);
    for (size_t i = 0; r == 0 && i < resources->unified.count; i++) {
        r = cgroup_limit_unified(cgroup, resources->unified.items[i].key,
                                 resources->unified.items[i].value, error);
        if (r < 0)
            return error_wrap(error, "unified");
    }
    return r;
}
