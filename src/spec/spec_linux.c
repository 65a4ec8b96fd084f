/*
 * The tables of runtime-spec config-linux.md but for control groups and seccomp, which have files
 * of their own.
 */
#include "spec/spec_table.h"

static const Field id_mapping_fields[] = {
    FIELD_U32(SpecIdMapping, "containerID", container_id, FIELD_REQUIRED),
    FIELD_U32(SpecIdMapping, "hostID", host_id, FIELD_REQUIRED),
    FIELD_U32(SpecIdMapping, "size", size, FIELD_REQUIRED, FIELD_RANGE(1, UINT32_MAX)),
};
const FieldTable spec_id_mapping_table = FIELD_TABLE(SpecIdMapping, id_mapping_fields);

static const char *const namespace_types[] = {
    "mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time", NULL,
};
static const Field namespace_fields[] = {
    FIELD_STR(SpecNamespace, "type", type, FIELD_REQUIRED, .words = namespace_types),
    FIELD_STR(SpecNamespace, "path", path, 0, .check = spec_check_optional_path),
};
static const FieldTable namespace_table = FIELD_TABLE(SpecNamespace, namespace_fields);

static const Field time_offset_fields[] = {
    FIELD_I64(SpecTimeOffset, "secs", secs, 0),
    FIELD_U32(SpecTimeOffset, "nanosecs", nanosecs, 0, FIELD_RANGE(0, 999999999)),
};
static const FieldTable time_offset_table = FIELD_TABLE(SpecTimeOffset, time_offset_fields);

static const Field time_offsets_fields[] = {
    FIELD_OBJECT(SpecTimeOffsets, "boottime", boottime, 0, &time_offset_table),
    FIELD_OBJECT(SpecTimeOffsets, "monotonic", monotonic, 0, &time_offset_table),
};
static const FieldTable time_offsets_table = FIELD_TABLE(SpecTimeOffsets, time_offsets_fields);

static const char *const device_types[] = { "c", "b", "u", "p", NULL };
static const Field device_fields[] = {
    FIELD_STR(SpecDevice, "path", path, FIELD_REQUIRED, .check = field_is_absolute_path),
    FIELD_STR(SpecDevice, "type", type, FIELD_REQUIRED, .words = device_types),
    FIELD_I64(SpecDevice, "major", major, FIELD_ALWAYS),
    FIELD_I64(SpecDevice, "minor", minor, FIELD_ALWAYS),
    FIELD_OPT_U32(SpecDevice, "fileMode", file_mode, 0, FIELD_RANGE(0, 0177777)),
    FIELD_OPT_U32(SpecDevice, "uid", uid, 0),
    FIELD_OPT_U32(SpecDevice, "gid", gid, 0),
};
static const FieldTable device_table = FIELD_TABLE(SpecDevice, device_fields);

static const Field net_device_fields[] = {
    FIELD_STR(SpecNetDevice, "name", name, 0, .check = spec_check_net_device),
};
static const FieldTable net_device_table = FIELD_TABLE(SpecNetDevice, net_device_fields);

static const Field intel_rdt_fields[] = {
    FIELD_STR(SpecIntelRdt, "closID", clos_id, 0, .check = spec_check_clos_id),
    FIELD_STRLIST(SpecIntelRdt, "schemata", schemata, 0, .check = spec_check_one_line),
    FIELD_STR(SpecIntelRdt, "l3CacheSchema", l3_cache_schema, 0, .check = spec_check_one_line),
    FIELD_STR(SpecIntelRdt, "memBwSchema", mem_bw_schema, 0, .check = spec_check_mem_bw),
    FIELD_BOOL(SpecIntelRdt, "enableMonitoring", enable_monitoring, 0),
};
static const FieldTable intel_rdt_table = FIELD_TABLE(SpecIntelRdt, intel_rdt_fields);

static const char *const memory_policy_modes[] = {
    "MPOL_DEFAULT",   "MPOL_BIND",           "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL",      NULL,
};
static const char *const memory_policy_flags[] = {
    "MPOL_F_NUMA_BALANCING",
    "MPOL_F_RELATIVE_NODES",
    "MPOL_F_STATIC_NODES",
    NULL,
};
static const Field memory_policy_fields[] = {
    FIELD_STR(SpecMemoryPolicy, "mode", mode, FIELD_REQUIRED, .words = memory_policy_modes),
    FIELD_STR(SpecMemoryPolicy, "nodes", nodes, FIELD_ALWAYS, .check = spec_check_cpu_list),
    FIELD_STRLIST(SpecMemoryPolicy, "flags", flags, 0, .words = memory_policy_flags),
};
static const FieldTable memory_policy_table = FIELD_TABLE(SpecMemoryPolicy, memory_policy_fields);

static const char *const personality_domains[] = { "LINUX", "LINUX32", NULL };
static const Field personality_fields[] = {
    FIELD_STR(SpecPersonality, "domain", domain, FIELD_REQUIRED, .words = personality_domains),
    FIELD_STRLIST(SpecPersonality, "flags", flags, 0),
};
static const FieldTable personality_table = FIELD_TABLE(SpecPersonality, personality_fields);

/* The specification has the four words without r; docker and containerd write the others too, and
 * who writes all fields of a structure "". */
static const char *const propagations[] = {
    "private", "shared", "slave",       "unbindable", "rprivate",
    "rshared", "rslave", "runbindable", "",           NULL,
};

static const Field linux_fields[] = {
    FIELD_LIST(SpecLinux, "uidMappings", uid_mappings, 0, &spec_id_mapping_table),
    FIELD_LIST(SpecLinux, "gidMappings", gid_mappings, 0, &spec_id_mapping_table),
    FIELD_STRMAP(SpecLinux, "sysctl", sysctl, 0, .check = spec_check_sysctl),
    FIELD_OBJECT(SpecLinux, "resources", resources, 0, &spec_resources_table),
    FIELD_STR(SpecLinux, "cgroupsPath", cgroups_path, 0),
    FIELD_LIST(SpecLinux, "namespaces", namespaces, 0, &namespace_table),
    FIELD_LIST(SpecLinux, "devices", devices, 0, &device_table),
    FIELD_MAP(SpecLinux, "netDevices", net_devices, 0, &net_device_table, SpecNetDevice, host_name,
              .check = spec_check_net_device),
    FIELD_OBJECT(SpecLinux, "seccomp", seccomp, 0, &spec_seccomp_table),
    FIELD_STR(SpecLinux, "rootfsPropagation", rootfs_propagation, 0, .words = propagations),
    FIELD_STRLIST(SpecLinux, "maskedPaths", masked_paths, 0, .check = field_is_absolute_path),
    FIELD_STRLIST(SpecLinux, "readonlyPaths", readonly_paths, 0, .check = field_is_absolute_path),
    FIELD_STR(SpecLinux, "mountLabel", mount_label, 0),
    FIELD_OBJECT(SpecLinux, "intelRdt", intel_rdt, 0, &intel_rdt_table),
    FIELD_OBJECT(SpecLinux, "memoryPolicy", memory_policy, 0, &memory_policy_table),
    FIELD_OBJECT(SpecLinux, "personality", personality, 0, &personality_table),
    FIELD_OBJECT(SpecLinux, "timeOffsets", time_offsets, 0, &time_offsets_table),
};
const FieldTable spec_linux_table = FIELD_TABLE(SpecLinux, linux_fields);
