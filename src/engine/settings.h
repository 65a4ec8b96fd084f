/*
 * What a container was made with, in the words of docker's `inspect`: .Config, .HostConfig and
 * .Mounts. Kept in container.json under the same names, because they are asked for when the
 * container has ended and its OCI spec is gone.
 */
#pragma once

#include "base/field.h"

/* What the program gets. */
typedef struct SettingsConfig {
    const char *hostname, *domainname;
    const char *user;      /* "" is root */
    StrList exposed_ports; /* "80/tcp": a word of the image's and --expose's, nothing more */
    bool terminal, interactive;
    StrList env; /* all of it: the image's, the caller's and the engine's */
    StrList cmd;
    const char *image; /* as asked for */
    StrList volumes;   /* the image's */
    const char *working_dir;
    StrList entrypoint;
    StrMap labels;
    const char *stop_signal;
    OptU32 stop_timeout; /* seconds */
} SettingsConfig;

typedef struct SettingsDevice {
    const char *source, *target, *access;
} SettingsDevice;

typedef struct SettingsUlimit {
    const char *name;   /* "nofile" */
    int64_t soft, hard; /* -1: unlimited */
} SettingsUlimit;

typedef struct SettingsRestart {
    const char *name; /* "no" */
    int32_t maximum;
} SettingsRestart;

/* What was asked for on the host's side. Zero: not asked for; so it is docker's. */
typedef struct SettingsHost {
    StrList binds; /* -v as given: "source:target:words" */
    const char *cidfile, *network;
    StrMap port_bindings;
    SettingsRestart restart;
    bool remove;
    StrList cap_add, cap_drop;
    const char *cgroupns;
    StrList dns, dns_options, dns_search, hosts, groups;
    const char *ipc;
    int64_t oom_score_adj;
    const char *pid;
    bool privileged, readonly;
    StrList security;
    StrMap tmpfs;
    const char *uts, *userns, *timens;
    uint64_t shm_bytes;
    StrMap sysctls;
    uint64_t cpu_shares, memory_bytes, cpus_nano;
    const char *cgroup_parent;
    uint64_t blkio_weight, cpu_period_us;
    int64_t cpu_quota_us;
    const char *cpuset_cpus, *cpuset_mems;
    LIST_OF(SettingsDevice) devices;
    uint64_t memory_reservation_bytes;
    int64_t memory_swap_bytes;
    OptI64 memory_swappiness;
    bool oom_kill_disable;
    int64_t pids;
    LIST_OF(SettingsUlimit) ulimits;
    bool init;
} SettingsHost;

typedef struct SettingsMount {
    const char *type;   /* "bind", "volume", "tmpfs" */
    const char *name;   /* of a volume */
    const char *source; /* on the host */
    const char *target;
    const char *driver; /* "local", of a volume */
    const char *words;  /* "ro,noexec" */
    bool writable;
    const char *propagation;
} SettingsMount;
typedef LIST_OF(SettingsMount) SettingsMounts;

typedef struct Settings {
    SettingsConfig config;
    SettingsHost host;
    SettingsMounts mounts;
} Settings;

extern const FieldTable settings_config_table, settings_host_table, settings_mount_table,
    settings_table;
