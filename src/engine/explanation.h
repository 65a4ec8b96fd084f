/*
 * The boundary of a process, as data: what it sees (namespaces, ids, files), what it may do
 * (capabilities, seccomp, labels) and what it may use (cgroup, resource limits), each beside what
 * the host has. explain.h fills it, explain_print.h tells it to people, the table below to
 * programs.
 */
#pragma once

#include "base/field.h"
#include "linux/namespace.h"

typedef struct ExplainContainer {
    const char *id, *name, *image;
    bool first; /* the process is the container's first one */
} ExplainContainer;

typedef struct ExplainNamespace {
    const char *type; /* "net" */
    uint64_t id, host_id;
    bool own; /* not the host's */
} ExplainNamespace;

typedef struct ExplainRange { /* of a uid or gid map */
    uint32_t inside, outside, count;
} ExplainRange;

typedef struct ExplainClock { /* of a time namespace: what is added to the host's */
    const char *name;
    int64_t seconds;
    int64_t nanoseconds;
} ExplainClock;

typedef struct ExplainInterface {
    const char *name, *kind, *mac;
    bool up;
    StrList addresses; /* "10.88.0.2/16" */
} ExplainInterface;

typedef struct ExplainMount {
    const char *target, *type, *source, *root, *options, *super_options;
    const char *propagation; /* "shared", "slave", ...; NULL: private */
} ExplainMount;

typedef struct ExplainRoot {
    const char *type, *source; /* of the filesystem; "overlay" */
    const char *path;          /* the root directory, when it is not the top of its mount tree */
    OptU32 layers;             /* overlay: read-only ones */
    bool writable;
} ExplainRoot;

typedef struct ExplainCapabilities { /* names without "CAP_", lower case */
    StrList effective, permitted, inheritable, bounding, ambient;
    StrList missing; /* what this kernel knows and the bounding set and effective set lack */
} ExplainCapabilities;

typedef struct ExplainCgroup { /* bytes and microseconds; absent: not known, or no limit */
    const char *version;       /* "v1", "v2", "hybrid" */
    const char *path;
    OptU64 memory, memory_limit, memory_peak, memory_cache, swap, swap_limit, oom_kills;
    OptU64 cpu_us, cpu_quota_us, cpu_period_us, cpu_weight, cpu_shares, throttled, throttled_us;
    OptU64 pids, pids_limit;
    OptU64 io_read, io_written;
    const char *cpus, *memory_nodes; /* of cpuset, in effect */
} ExplainCgroup;

typedef struct ExplainRlimit { /* absent: unlimited */
    const char *name;          /* "nofile" */
    OptU64 soft, hard, host_soft, host_hard;
} ExplainRlimit;

typedef struct Explanation {
    ExplainContainer *container; /* NULL: in none of ours */
    int32_t pid, parent;
    int32_t inside_pid;
    const char *name;  /* comm */
    StrList command;   /* empty: a kernel thread or a zombie */
    const char *state; /* "running", "sleeping", ... */
    uint32_t host_cpus;
    LIST_OF(ExplainNamespace) namespaces;
    uint32_t uid, gid; /* effective, as the caller's user namespace counts */
    OptU32 uid_inside, gid_inside;
    LIST_OF(ExplainRange) uid_map;
    LIST_OF(ExplainRange) gid_map;
    const char *hostname;
    LIST_OF(ExplainInterface) interfaces;
    LIST_OF(ExplainClock) clocks;
    ExplainRoot *root;
    LIST_OF(ExplainMount) mounts;
    ExplainCapabilities *capabilities;
    bool no_new_privs;
    const char *seccomp; /* "none", "strict", "filter" */
    uint32_t seccomp_filters;
    const char *label; /* of the security module; NULL: none */
    ExplainCgroup *cgroup;
    LIST_OF(ExplainRlimit) rlimits; /* those that differ from the caller's */
    StrList hidden;                 /* parts that could not be read: "mounts: Permission denied" */
} Explanation;

extern const FieldTable explanation_table;

/* How many of the namespaces are not the host's. */
size_t explanation_own_count(const Explanation *explanation);
/* True if the process has its own namespace of the type. */
bool explanation_has_own(const Explanation *explanation, NamespaceType type);
