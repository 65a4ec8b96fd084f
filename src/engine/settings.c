/*
 * The rows. All are written always: a script that asks for a member which docker has must find it.
 */
#include "engine/settings.h"

static const Field settings_config_fields[] = {
    FIELD_STR(SettingsConfig, "Hostname", hostname, FIELD_ALWAYS),
    FIELD_STR(SettingsConfig, "Domainname", domainname, FIELD_ALWAYS),
    FIELD_STR(SettingsConfig, "User", user, FIELD_ALWAYS),
    FIELD_STRSET(SettingsConfig, "ExposedPorts", exposed_ports, FIELD_ALWAYS),
    FIELD_BOOL(SettingsConfig, "Tty", terminal, FIELD_ALWAYS),
    FIELD_BOOL(SettingsConfig, "OpenStdin", interactive, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsConfig, "Env", env, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsConfig, "Cmd", cmd, FIELD_ALWAYS),
    FIELD_STR(SettingsConfig, "Image", image, FIELD_ALWAYS),
    FIELD_STRSET(SettingsConfig, "Volumes", volumes, FIELD_ALWAYS),
    FIELD_STR(SettingsConfig, "WorkingDir", working_dir, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsConfig, "Entrypoint", entrypoint, FIELD_ALWAYS),
    FIELD_STRMAP(SettingsConfig, "Labels", labels, FIELD_ALWAYS),
    FIELD_STR(SettingsConfig, "StopSignal", stop_signal, FIELD_ALWAYS),
    FIELD_OPT_U32(SettingsConfig, "StopTimeout", stop_timeout, 0),
};
const FieldTable settings_config_table = FIELD_TABLE(SettingsConfig, settings_config_fields);

static const Field settings_device_fields[] = {
    FIELD_STR(SettingsDevice, "PathOnHost", source, FIELD_ALWAYS),
    FIELD_STR(SettingsDevice, "PathInContainer", target, FIELD_ALWAYS),
    FIELD_STR(SettingsDevice, "CgroupPermissions", access, FIELD_ALWAYS),
};
static const FieldTable settings_device_table = FIELD_TABLE(SettingsDevice, settings_device_fields);

static const Field settings_ulimit_fields[] = {
    FIELD_STR(SettingsUlimit, "Name", name, FIELD_ALWAYS),
    FIELD_I64(SettingsUlimit, "Hard", hard, FIELD_ALWAYS),
    FIELD_I64(SettingsUlimit, "Soft", soft, FIELD_ALWAYS),
};
static const FieldTable settings_ulimit_table = FIELD_TABLE(SettingsUlimit, settings_ulimit_fields);

static const Field settings_restart_fields[] = {
    FIELD_STR(SettingsRestart, "Name", name, FIELD_ALWAYS),
    FIELD_I32(SettingsRestart, "MaximumRetryCount", maximum, FIELD_ALWAYS),
};
static const FieldTable settings_restart_table =
    FIELD_TABLE(SettingsRestart, settings_restart_fields);

static const Field settings_host_fields[] = {
    FIELD_STRLIST(SettingsHost, "Binds", binds, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "ContainerIDFile", cidfile, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "NetworkMode", network, FIELD_ALWAYS),
    FIELD_STRMAP(SettingsHost, "PortBindings", port_bindings, FIELD_ALWAYS),
    FIELD_STRUCT(SettingsHost, "RestartPolicy", restart, 0, &settings_restart_table),
    FIELD_BOOL(SettingsHost, "AutoRemove", remove, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "CapAdd", cap_add, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "CapDrop", cap_drop, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "CgroupnsMode", cgroupns, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "Dns", dns, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "DnsOptions", dns_options, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "DnsSearch", dns_search, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "ExtraHosts", hosts, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "GroupAdd", groups, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "IpcMode", ipc, FIELD_ALWAYS),
    FIELD_I64(SettingsHost, "OomScoreAdj", oom_score_adj, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "PidMode", pid, FIELD_ALWAYS),
    FIELD_BOOL(SettingsHost, "Privileged", privileged, FIELD_ALWAYS),
    FIELD_BOOL(SettingsHost, "ReadonlyRootfs", readonly, FIELD_ALWAYS),
    FIELD_STRLIST(SettingsHost, "SecurityOpt", security, FIELD_ALWAYS),
    FIELD_STRMAP(SettingsHost, "Tmpfs", tmpfs, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "UTSMode", uts, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "UsernsMode", userns, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "TimensMode", timens, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "ShmSize", shm_bytes, FIELD_ALWAYS),
    FIELD_STRMAP(SettingsHost, "Sysctls", sysctls, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "CpuShares", cpu_shares, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "Memory", memory_bytes, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "NanoCpus", cpus_nano, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "CgroupParent", cgroup_parent, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "BlkioWeight", blkio_weight, FIELD_ALWAYS),
    FIELD_U64(SettingsHost, "CpuPeriod", cpu_period_us, FIELD_ALWAYS),
    FIELD_I64(SettingsHost, "CpuQuota", cpu_quota_us, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "CpusetCpus", cpuset_cpus, FIELD_ALWAYS),
    FIELD_STR(SettingsHost, "CpusetMems", cpuset_mems, FIELD_ALWAYS),
    FIELD_LIST(SettingsHost, "Devices", devices, FIELD_ALWAYS, &settings_device_table),
    FIELD_U64(SettingsHost, "MemoryReservation", memory_reservation_bytes, FIELD_ALWAYS),
    FIELD_I64(SettingsHost, "MemorySwap", memory_swap_bytes, FIELD_ALWAYS),
    FIELD_OPT_I64(SettingsHost, "MemorySwappiness", memory_swappiness, 0),
    FIELD_BOOL(SettingsHost, "OomKillDisable", oom_kill_disable, FIELD_ALWAYS),
    FIELD_I64(SettingsHost, "PidsLimit", pids, FIELD_ALWAYS),
    FIELD_LIST(SettingsHost, "Ulimits", ulimits, FIELD_ALWAYS, &settings_ulimit_table),
    FIELD_BOOL(SettingsHost, "Init", init, FIELD_ALWAYS),
};
const FieldTable settings_host_table = FIELD_TABLE(SettingsHost, settings_host_fields);

static const Field settings_mount_fields[] = {
    FIELD_STR(SettingsMount, "Type", type, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Name", name, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Source", source, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Destination", target, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Driver", driver, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Mode", words, FIELD_ALWAYS),
    FIELD_BOOL(SettingsMount, "RW", writable, FIELD_ALWAYS),
    FIELD_STR(SettingsMount, "Propagation", propagation, FIELD_ALWAYS),
};
const FieldTable settings_mount_table = FIELD_TABLE(SettingsMount, settings_mount_fields);

static const Field settings_fields[] = {
    FIELD_STRUCT(Settings, "Config", config, 0, &settings_config_table),
    FIELD_STRUCT(Settings, "HostConfig", host, 0, &settings_host_table),
    FIELD_LIST(Settings, "Mounts", mounts, FIELD_ALWAYS, &settings_mount_table),
};
const FieldTable settings_table = FIELD_TABLE(Settings, settings_fields);
