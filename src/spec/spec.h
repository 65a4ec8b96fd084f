/*
 * The container's configuration: runtime-spec 1.3.0, config.md and config-linux.md, as C structs.
 *
 * All of it is data in an arena. A struct is named as the Go types are (LinuxMemory is SpecMemory),
 * a member as the JSON property in snake_case. Absence: pointers and strings are NULL, lists and
 * maps have items == NULL, Opt... are not set (base/field.h). Strings are const: a program that
 * builds a spec may assign literals.
 *
 * Words (namespace types, actions, policies) stay strings, checked against the specification's
 * list when decoding; src/runtime translates them with the tables of src/linux.
 */
#pragma once

#include "base/field.h"

/* gcc and clang define the plain word `linux` as 1 with -std=gnu17; here it is a member. */
#undef linux

/* Bounds on config.json: a large real one has 100 KB and 5,000 values. */
enum {
    SPEC_MAX_BYTES = 8 * 1024 * 1024,
    SPEC_MAX_DEPTH = 32,
    SPEC_MAX_VALUES = 250 * 1000,
};

/* config.md#root */
typedef struct SpecRoot {
    const char *path; /* absolute, or relative to the bundle */
    bool readonly;
} SpecRoot;

/* config-linux.md#user-namespace-mappings */
typedef struct SpecIdMapping {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t size;
} SpecIdMapping;
typedef LIST_OF(SpecIdMapping) SpecIdMappings;

/* config.md#mounts */
typedef struct SpecMount {
    const char *destination; /* a relative one (deprecated) is relative to / */
    const char *type;
    const char *source;
    StrList options;
    SpecIdMappings uid_mappings;
    SpecIdMappings gid_mappings;
} SpecMount;
typedef LIST_OF(SpecMount) SpecMounts;

/* config.md#process */
typedef struct SpecConsoleSize {
    uint64_t height;
    uint64_t width;
} SpecConsoleSize;

typedef struct SpecUser {
    uint32_t uid;
    uint32_t gid;
    OptU32 umask;
    U32List additional_gids;
    const char *username; /* other platforms' */
} SpecUser;

typedef struct SpecCapabilities {
    StrList bounding;
    StrList effective;
    StrList inheritable;
    StrList permitted;
    StrList ambient;
} SpecCapabilities;

typedef struct SpecRlimit {
    const char *type; /* RLIMIT_... */
    uint64_t hard;
    uint64_t soft;
} SpecRlimit;
typedef LIST_OF(SpecRlimit) SpecRlimits;

/* sched_setattr(2) */
typedef struct SpecScheduler {
    const char *policy; /* SCHED_... */
    int32_t nice;
    int32_t priority;
    StrList flags;    /* SCHED_FLAG_... */
    uint64_t runtime; /* nanoseconds; these three for SCHED_DEADLINE */
    uint64_t deadline;
    uint64_t period;
} SpecScheduler;

/* ioprio_set(2) */
typedef struct SpecIoPriority {
    const char *class; /* IOPRIO_CLASS_RT, _BE or _IDLE */
    int32_t priority;  /* 0 (highest) to 7 */
} SpecIoPriority;

/* CPU lists as in taskset(1): "0-3,7"; for processes that join (exec) */
typedef struct SpecCpuAffinity {
    const char *initial; /* before the process joins the cgroup */
    const char *final;
} SpecCpuAffinity;

typedef struct SpecProcess {
    bool terminal;
    SpecConsoleSize *console_size;
    SpecUser user;
    StrList args;
    const char *command_line; /* other platforms' */
    StrList env;              /* "NAME=value" */
    const char *cwd;
    SpecCapabilities *capabilities;
    SpecRlimits rlimits;
    bool no_new_privileges;
    const char *apparmor_profile;
    OptI32 oom_score_adj;
    SpecScheduler *scheduler;
    const char *selinux_label;
    SpecIoPriority *io_priority;
    SpecCpuAffinity *exec_cpu_affinity;
} SpecProcess;

/* config.md#posix-platform-hooks */
typedef struct SpecHook {
    const char *path; /* absolute */
    StrList args;     /* with args[0] */
    StrList env;
    OptI32 timeout; /* seconds, > 0 */
} SpecHook;
typedef LIST_OF(SpecHook) SpecHookList;

typedef struct SpecHooks {
    SpecHookList prestart; /* deprecated; runs before createRuntime */
    SpecHookList create_runtime;
    SpecHookList create_container;
    SpecHookList start_container;
    SpecHookList poststart;
    SpecHookList poststop;
} SpecHooks;

/* config-linux.md#namespaces */
typedef struct SpecNamespace {
    const char *type; /* "mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time" */
    const char *path; /* of an existing one to join, absolute; NULL or "": a new one */
} SpecNamespace;
typedef LIST_OF(SpecNamespace) SpecNamespaces;

/* config-linux.md#offset-for-time-namespace */
typedef struct SpecTimeOffset {
    int64_t secs;
    uint32_t nanosecs;
} SpecTimeOffset;

typedef struct SpecTimeOffsets {
    SpecTimeOffset *boottime;
    SpecTimeOffset *monotonic;
} SpecTimeOffsets;

/* config-linux.md#devices */
typedef struct SpecDevice {
    const char *path; /* absolute, in the container */
    const char *type; /* "c", "b", "u" (as c) or "p" */
    int64_t major;
    int64_t minor;
    OptU32 file_mode; /* permission bits; podman adds the type's */
    OptU32 uid;
    OptU32 gid;
} SpecDevice;
typedef LIST_OF(SpecDevice) SpecDevices;

/* config-linux.md#network-devices */
typedef struct SpecNetDevice {
    const char *host_name; /* the map's key: the name outside */
    const char *name;      /* inside; NULL: the same */
} SpecNetDevice;
typedef LIST_OF(SpecNetDevice) SpecNetDevices;

/* config-linux.md#control-groups: resources */
typedef struct SpecDeviceRule {
    bool allow;
    const char *type; /* "a", "b", "c"; NULL: all */
    OptI64 major;     /* not set or -1: all */
    OptI64 minor;
    const char *access; /* of "rwm"; NULL: all */
} SpecDeviceRule;
typedef LIST_OF(SpecDeviceRule) SpecDeviceRules;

typedef struct SpecMemory {
    OptI64 limit; /* bytes, -1 unlimited; so are all others up to kernel_tcp */
    OptI64 reservation;
    OptI64 swap; /* memory + swap */
    OptI64 kernel;
    OptI64 kernel_tcp;
    OptU64 swappiness; /* 0 to 100 */
    OptBool disable_oom_killer;
    OptBool use_hierarchy;
    OptBool check_before_update;
} SpecMemory;

typedef struct SpecCpu {
    OptU64 shares;
    OptI64 quota; /* microseconds per period */
    OptU64 burst;
    OptU64 period;
    OptI64 realtime_runtime;
    OptU64 realtime_period;
    const char *cpus; /* a list: "0-3,7" */
    const char *mems;
    OptI64 idle;
} SpecCpu;

typedef struct SpecPids {
    OptI64 limit; /* -1 unlimited */
} SpecPids;

typedef struct SpecWeightDevice {
    int64_t major;
    int64_t minor;
    OptU16 weight;
    OptU16 leaf_weight;
} SpecWeightDevice;
typedef LIST_OF(SpecWeightDevice) SpecWeightDevices;

typedef struct SpecThrottleDevice {
    int64_t major;
    int64_t minor;
    uint64_t rate; /* bytes or operations per second */
} SpecThrottleDevice;
typedef LIST_OF(SpecThrottleDevice) SpecThrottleDevices;

typedef struct SpecBlockIo {
    OptU16 weight;
    OptU16 leaf_weight;
    SpecWeightDevices weight_device;
    SpecThrottleDevices throttle_read_bps_device;
    SpecThrottleDevices throttle_write_bps_device;
    SpecThrottleDevices throttle_read_iops_device;
    SpecThrottleDevices throttle_write_iops_device;
} SpecBlockIo;

typedef struct SpecHugepageLimit {
    const char *page_size; /* "64KB", "2MB", "1GB" */
    uint64_t limit;        /* bytes */
} SpecHugepageLimit;
typedef LIST_OF(SpecHugepageLimit) SpecHugepageLimits;

typedef struct SpecInterfacePriority {
    const char *name;
    uint32_t priority;
} SpecInterfacePriority;
typedef LIST_OF(SpecInterfacePriority) SpecInterfacePriorities;

typedef struct SpecNetwork {
    OptU32 class_id;
    SpecInterfacePriorities priorities;
} SpecNetwork;

typedef struct SpecRdma {
    const char *device; /* the map's key */
    OptU32 hca_handles;
    OptU32 hca_objects;
} SpecRdma;
typedef LIST_OF(SpecRdma) SpecRdmaList;

typedef struct SpecResources {
    SpecDeviceRules devices;
    SpecMemory *memory;
    SpecCpu *cpu;
    SpecPids *pids;
    SpecBlockIo *block_io;
    SpecHugepageLimits hugepage_limits;
    SpecNetwork *network;
    SpecRdmaList rdma;
    StrMap unified; /* cgroup v2 file -> value */
} SpecResources;

/* config-linux.md#seccomp */
typedef struct SpecSeccompArg {
    uint32_t index; /* 0 to 5 */
    uint64_t value;
    uint64_t value_two;
    const char *op; /* SCMP_CMP_... */
} SpecSeccompArg;
typedef LIST_OF(SpecSeccompArg) SpecSeccompArgs;

typedef struct SpecSyscall {
    StrList names;
    const char *action; /* SCMP_ACT_... */
    OptU32 errno_ret;
    SpecSeccompArgs args;
} SpecSyscall;
typedef LIST_OF(SpecSyscall) SpecSyscalls;

typedef struct SpecSeccomp {
    const char *default_action;
    OptU32 default_errno_ret;
    StrList architectures; /* SCMP_ARCH_... */
    StrList flags;         /* SECCOMP_FILTER_FLAG_... */
    const char *listener_path;
    const char *listener_metadata;
    SpecSyscalls syscalls;
} SpecSeccomp;

/* config-linux.md#intelrdt */
typedef struct SpecIntelRdt {
    const char *clos_id;
    StrList schemata;
    const char *l3_cache_schema;
    const char *mem_bw_schema;
    bool enable_monitoring;
} SpecIntelRdt;

/* config-linux.md#memory-policy; set_mempolicy(2) */
typedef struct SpecMemoryPolicy {
    const char *mode; /* MPOL_... */
    const char *nodes;
    StrList flags; /* MPOL_F_... */
} SpecMemoryPolicy;

/* config-linux.md#personality */
typedef struct SpecPersonality {
    const char *domain; /* LINUX or LINUX32 */
    StrList flags;
} SpecPersonality;

/* config-linux.md */
typedef struct SpecLinux {
    SpecIdMappings uid_mappings;
    SpecIdMappings gid_mappings;
    StrMap sysctl;
    SpecResources *resources;
    const char *cgroups_path;
    SpecNamespaces namespaces;
    SpecDevices devices;
    SpecNetDevices net_devices;
    SpecSeccomp *seccomp;
    const char *rootfs_propagation; /* [r]private, [r]shared, [r]slave, [r]unbindable */
    StrList masked_paths;
    StrList readonly_paths;
    const char *mount_label;
    SpecIntelRdt *intel_rdt;
    SpecMemoryPolicy *memory_policy;
    SpecPersonality *personality;
    SpecTimeOffsets *time_offsets;
} SpecLinux;

typedef struct Spec {
    const char *oci_version;
    SpecProcess *process;
    SpecRoot *root;
    const char *hostname;
    const char *domainname;
    SpecMounts mounts;
    SpecHooks *hooks;
    StrMap annotations;
    SpecLinux *linux;
} Spec;

/* The tables, for documents that contain parts of a spec: process.json of `exec`, resources.json of
 * `update`, state files, the seccomp section. */
extern const FieldTable spec_table;
extern const FieldTable spec_process_table;
extern const FieldTable spec_mount_table;
extern const FieldTable spec_hooks_table;
extern const FieldTable spec_linux_table;
extern const FieldTable spec_id_mapping_table;
extern const FieldTable spec_resources_table;
extern const FieldTable spec_seccomp_table;

/*
 * Reads a config.json. Spec and strings live in the arena. Row rules (types, ranges, words,
 * required properties) are checked; spec_validate has the rules across properties.
 */
int spec_parse(Arena *arena, const char *text, size_t size, Spec **ret_spec, Error *error)
    MUST_CHECK;
/* The process of `exec --process FILE`. */
int spec_process_parse(Arena *arena, const char *text, size_t size, SpecProcess **ret_process,
                       Error *error) MUST_CHECK;
/* The resources of `update --resources FILE`. */
int spec_resources_parse(Arena *arena, const char *text, size_t size, SpecResources **ret_resources,
                         Error *error) MUST_CHECK;

/* Appends the JSON to `text`. */
void spec_encode(const Spec *spec, bool pretty, StrBuf *text);

/*
 * Everything that can be judged without the kernel: the rows' rules once more (for a spec that a
 * program built) and those across properties, each error with the JSON path. A spec without root is
 * refused; one without process may be created, but not started.
 */
int spec_validate(const Spec *spec, Error *error) MUST_CHECK;
/* The part for one process, for `exec`: the path begins with "process". */
int spec_process_validate(const SpecProcess *process, Error *error) MUST_CHECK;

/* Before 1.3 pids.limit was required where there was a "pids", and callers wrote 0 for "no limit",
 * as runc and crun read it. Since then it is a limit like others. */
bool spec_zero_pids_is_none(const char *oci_version);

/* The entry for a namespace type, NULL if the container shares its parent's. `linux` may be NULL.
 */
const SpecNamespace *spec_namespace(const Spec *spec, const char *type);
/* Does the container get this namespace newly made (an entry without path)? */
bool spec_namespace_is_new(const Spec *spec, const char *type);
/* The type of namespace that a sysctl is kept in: "network"; NULL for one of the whole host's. */
const char *spec_sysctl_namespace(const char *key);
