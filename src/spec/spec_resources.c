/*
 * The tables of runtime-spec config-linux.md#control-groups. Only what is wrong on every kernel is
 * refused here; what a controller takes is the kernel's to say.
 */
#include "spec/spec_table.h"

static const char *const device_rule_types[] = { "a", "b", "c", "", NULL };
static const Field device_rule_fields[] = {
    FIELD_BOOL(SpecDeviceRule, "allow", allow, FIELD_REQUIRED),
    FIELD_STR(SpecDeviceRule, "type", type, 0, .words = device_rule_types),
    FIELD_OPT_I64(SpecDeviceRule, "major", major, 0),
    FIELD_OPT_I64(SpecDeviceRule, "minor", minor, 0),
    FIELD_STR(SpecDeviceRule, "access", access, 0, .check = spec_check_device_access),
};
static const FieldTable device_rule_table = FIELD_TABLE(SpecDeviceRule, device_rule_fields);

#define BYTES_OR_UNLIMITED FIELD_RANGE(-1, INT64_MAX)
static const Field memory_fields[] = {
    FIELD_OPT_I64(SpecMemory, "limit", limit, 0, BYTES_OR_UNLIMITED),
    FIELD_OPT_I64(SpecMemory, "reservation", reservation, 0, BYTES_OR_UNLIMITED),
    FIELD_OPT_I64(SpecMemory, "swap", swap, 0, BYTES_OR_UNLIMITED),
    FIELD_OPT_I64(SpecMemory, "kernel", kernel, 0, BYTES_OR_UNLIMITED),
    FIELD_OPT_I64(SpecMemory, "kernelTCP", kernel_tcp, 0, BYTES_OR_UNLIMITED),
    FIELD_OPT_U64(SpecMemory, "swappiness", swappiness, 0, FIELD_RANGE(0, 100)),
    FIELD_OPT_BOOL(SpecMemory, "disableOOMKiller", disable_oom_killer, 0),
    FIELD_OPT_BOOL(SpecMemory, "useHierarchy", use_hierarchy, 0),
    FIELD_OPT_BOOL(SpecMemory, "checkBeforeUpdate", check_before_update, 0),
};
static const FieldTable memory_table = FIELD_TABLE(SpecMemory, memory_fields);

static const Field cpu_fields[] = {
    FIELD_OPT_U64(SpecCpu, "shares", shares, 0),
    FIELD_OPT_I64(SpecCpu, "quota", quota, 0),
    FIELD_OPT_U64(SpecCpu, "burst", burst, 0),
    FIELD_OPT_U64(SpecCpu, "period", period, 0),
    FIELD_OPT_I64(SpecCpu, "realtimeRuntime", realtime_runtime, 0),
    FIELD_OPT_U64(SpecCpu, "realtimePeriod", realtime_period, 0),
    FIELD_STR(SpecCpu, "cpus", cpus, 0, .check = spec_check_one_line),
    FIELD_STR(SpecCpu, "mems", mems, 0, .check = spec_check_one_line),
    FIELD_OPT_I64(SpecCpu, "idle", idle, 0),
};
static const FieldTable cpu_table = FIELD_TABLE(SpecCpu, cpu_fields);

static const Field pids_fields[] = {
    FIELD_OPT_I64(SpecPids, "limit", limit, 0),
};
static const FieldTable pids_table = FIELD_TABLE(SpecPids, pids_fields);

static const Field weight_device_fields[] = {
    FIELD_I64(SpecWeightDevice, "major", major, FIELD_REQUIRED),
    FIELD_I64(SpecWeightDevice, "minor", minor, FIELD_REQUIRED),
    FIELD_OPT_U16(SpecWeightDevice, "weight", weight, 0),
    FIELD_OPT_U16(SpecWeightDevice, "leafWeight", leaf_weight, 0),
};
static const FieldTable weight_device_table = FIELD_TABLE(SpecWeightDevice, weight_device_fields);

static const Field throttle_device_fields[] = {
    FIELD_I64(SpecThrottleDevice, "major", major, FIELD_REQUIRED),
    FIELD_I64(SpecThrottleDevice, "minor", minor, FIELD_REQUIRED),
    FIELD_U64(SpecThrottleDevice, "rate", rate, FIELD_ALWAYS),
};
static const FieldTable throttle_device_table =
    FIELD_TABLE(SpecThrottleDevice, throttle_device_fields);

static const Field block_io_fields[] = {
    FIELD_OPT_U16(SpecBlockIo, "weight", weight, 0),
    FIELD_OPT_U16(SpecBlockIo, "leafWeight", leaf_weight, 0),
    FIELD_LIST(SpecBlockIo, "weightDevice", weight_device, 0, &weight_device_table),
    FIELD_LIST(SpecBlockIo, "throttleReadBpsDevice", throttle_read_bps_device, 0,
               &throttle_device_table),
    FIELD_LIST(SpecBlockIo, "throttleWriteBpsDevice", throttle_write_bps_device, 0,
               &throttle_device_table),
    FIELD_LIST(SpecBlockIo, "throttleReadIOPSDevice", throttle_read_iops_device, 0,
               &throttle_device_table),
    FIELD_LIST(SpecBlockIo, "throttleWriteIOPSDevice", throttle_write_iops_device, 0,
               &throttle_device_table),
};
static const FieldTable block_io_table = FIELD_TABLE(SpecBlockIo, block_io_fields);

static const Field hugepage_limit_fields[] = {
    FIELD_STR(SpecHugepageLimit, "pageSize", page_size, FIELD_REQUIRED,
              .check = spec_check_page_size),
    FIELD_U64(SpecHugepageLimit, "limit", limit, FIELD_REQUIRED),
};
static const FieldTable hugepage_limit_table =
    FIELD_TABLE(SpecHugepageLimit, hugepage_limit_fields);

static const Field interface_priority_fields[] = {
    FIELD_STR(SpecInterfacePriority, "name", name, FIELD_REQUIRED),
    FIELD_U32(SpecInterfacePriority, "priority", priority, FIELD_REQUIRED),
};
static const FieldTable interface_priority_table =
    FIELD_TABLE(SpecInterfacePriority, interface_priority_fields);

static const Field network_fields[] = {
    FIELD_OPT_U32(SpecNetwork, "classID", class_id, 0),
    FIELD_LIST(SpecNetwork, "priorities", priorities, 0, &interface_priority_table),
};
static const FieldTable network_table = FIELD_TABLE(SpecNetwork, network_fields);

static const Field rdma_fields[] = {
    FIELD_OPT_U32(SpecRdma, "hcaHandles", hca_handles, 0),
    FIELD_OPT_U32(SpecRdma, "hcaObjects", hca_objects, 0),
};
static const FieldTable rdma_table = FIELD_TABLE(SpecRdma, rdma_fields);

static const Field resources_fields[] = {
    FIELD_LIST(SpecResources, "devices", devices, 0, &device_rule_table),
    FIELD_OBJECT(SpecResources, "memory", memory, 0, &memory_table),
    FIELD_OBJECT(SpecResources, "cpu", cpu, 0, &cpu_table),
    FIELD_OBJECT(SpecResources, "pids", pids, 0, &pids_table),
    FIELD_OBJECT(SpecResources, "blockIO", block_io, 0, &block_io_table),
    FIELD_LIST(SpecResources, "hugepageLimits", hugepage_limits, 0, &hugepage_limit_table),
    FIELD_OBJECT(SpecResources, "network", network, 0, &network_table),
    FIELD_MAP(SpecResources, "rdma", rdma, 0, &rdma_table, SpecRdma, device),
    FIELD_STRMAP(SpecResources, "unified", unified, 0, .check = spec_check_cgroup_file),
};
const FieldTable spec_resources_table =
    FIELD_DOCUMENT(SpecResources, resources_fields, &spec_limits);
