/*
 * What plan_build() and plan_build_exec() are given besides the spec.
 */
#pragma once

#include "runtime/plan.h"
#include "spec/spec.h"

/* A root made of image layers. Paths are relative to `base`. */
typedef struct PlanLayers {
    const char *base;          /* the store's directory on the host */
    const char *const *lowers; /* topmost first */
    size_t lower_count;
    const char *upper, *work; /* NULL: the root can only be read */
    bool memory_upper;        /* upper and work are names in a tmpfs of the container's own */
    bool volatile_upper;      /* it is thrown away: no fsync reaches the disk */
} PlanLayers;

/* What the spec does not say. */
typedef struct PlanInput {
    const Spec *spec;
    const char *id;
    const char *bundle;       /* relative paths of the spec count from here; absolute */
    const PlanLayers *layers; /* NULL: root.path of the spec */
    const CgroupHost *cgroup_host;
    uint32_t controllers; /* CGROUP_BITs wanted even without a limit */
    bool cgroup_optional; /* none is all right where the caller may make none, without limits */
    bool unprivileged;    /* the caller is no root of the host: no device rules, no device nodes */
    const Scope *scope;   /* systemd makes the cgroup, not we at linux.cgroupsPath; or NULL */
    PlanNeighbour *neighbours; /* processes by whose numbers the spec names namespaces */
    size_t neighbour_count;
    uint64_t outside; /* joined namespaces that the joined user namespace does not rule: joins.h */
    const char *user; /* to look up in the root's passwd; NULL: process.user of the spec */
    const StrList *extra_groups;
    const char *init_path;   /* ambit-init on the host; NULL: the program is pid 1 */
    int parent_death_signal; /* 0: none */
    bool idmap_root;         /* root.path is shown through the container's id map */
    bool engine_mounts; /* bind mounts are the engine's volumes: idmapped where that can be done;
                           and with ids of its own no device node in the root or in a volume works,
                           whatever an image brings */
    uint16_t rows, columns; /* of the terminal, when the spec has no consoleSize */
    int preserve_fds;
    bool no_pivot;         /* the old root stays underneath: for a root on a ramfs */
    bool keep_groups;      /* and its supplementary groups */
    bool keep_keyring;     /* the program has the caller's session keyring */
    const OciState *state; /* for hooks, but for status and pid; NULL: none are run */
    bool selinux;          /* the host has it: mounts are labelled */
} PlanInput;

/* A process in a container that exists (`exec`): joins its namespaces and cgroup, then the same
 * last steps. `pid` is the container's first process. */
typedef struct PlanExecInput {
    const SpecProcess *process;
    const Spec *spec; /* the container's: its seccomp filter and namespaces */
    const char *id;
    pid_t pid;
    uint64_t start_ticks;     /* of it, so that a pid in other hands is noticed */
    const char *cgroup_path;  /* NULL: the caller's */
    StepCgroups cgroup_parts; /* v1: hierarchies in which it enters another one */
    const CgroupHost *cgroup_host;
    const char *user;
    const StrList *extra_groups;
    bool privileged;   /* without the filter */
    bool userns_host;  /* the container has the host's user namespace */
    bool unprivileged; /* the caller is no root of the host */
    uint16_t rows, columns;
    int preserve_fds;
    bool keep_keyring;     /* the program has the caller's session keyring */
    const OciState *state; /* of the container, for a seccomp agent; NULL: there is none */
} PlanExecInput;
