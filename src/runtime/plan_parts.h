/*
 * The parts of plan_build(), one file per subject. Inside this folder only.
 */
#pragma once

#include "runtime/plan_input.h"

typedef struct PlanBuilder {
    const PlanInput *input;
    Plan *plan;
    uint64_t new_namespaces; /* CLONE_NEW... that the spec asks to make */
    uint64_t joined;         /* CLONE_NEW... that exist already */
    Slot host_mounts;        /* the namespace that is inherited; 0: it has one of its own */
    uint32_t controllers;    /* CGROUP_BITs of what plan_cgroup() makes */
    StepPhase cgroup_phase;  /* when it does */
    StepPhase limit_phase;   /* when its limits and device rules are set */
    Slot dev;                /* the tmpfs on /dev that the parent fills, or 0 */
    size_t *readonly_later;  /* mounts that get read-only when all others are there */
    size_t readonly_later_count;
} PlanBuilder;

/* Whether the container's user namespace owns its namespace of this kind: only then can it mount
 * the filesystem that belongs to it. With the host's user namespace everything is owned. */
bool plan_owns(const PlanBuilder *builder, uint64_t flag);

/* For the people who wrote the spec: "FIELD: what is not as it says". */
void plan_warn(Plan *plan, const char *format, ...) PRINTF_LIKE(2, 3);
/* Id mappings of the spec as the steps want them. */
const StepIds *plan_ids(Arena *arena, const SpecIdMappings *uids, const SpecIdMappings *gids);

char *plan_origin(const PlanBuilder *builder, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Whether the cgroup is made while the child already makes its namespaces: on v1, where a process
 * is let in by descriptors, and where the child's cgroup namespace can wait for that. v2 clones
 * into it.
 */
bool plan_cgroup_meanwhile(const PlanBuilder *builder);
/* Consecutive slots, one for each controller; the first of them. */
Slot plan_cgroup_slots(Plan *plan, SlotType type, StepPhase filled_in);
/* `step` uses them all; its `in` is the first. */
void plan_cgroup_use(Plan *plan, Step *step, Slot first);
/* `make` puts the hierarchies' `tasks` files into consecutive slots; the child's step that enters
 * the cgroup through them is added. `make` is not valid afterwards. */
void plan_cgroup_tasks(Plan *plan, Step *make, const char *origin);

int plan_namespaces(PlanBuilder *builder, Error *error) MUST_CHECK; /* plan_build.c */
int plan_cgroup(PlanBuilder *builder, Error *error) MUST_CHECK;     /* plan_cgroup.c */
int plan_root(PlanBuilder *builder, Error *error) MUST_CHECK;       /* plan_root.c */
/* After pivot_root: only then it is the root's own. */
void plan_root_propagation(PlanBuilder *builder);
/* What a bind mount without a word of its own gets: MS_..., 0: its source's. */
uint64_t plan_bind_propagation(const PlanBuilder *builder);
int plan_mounts(PlanBuilder *builder, Error *error) MUST_CHECK;            /* plan_mounts.c */
void plan_hidden_paths(PlanBuilder *builder);                              /* plan_mounts.c */
int plan_devices(PlanBuilder *builder, Slot dev, Error *error) MUST_CHECK; /* plan_devices.c */
/* plan_idmap.c: what stands behind "idmap=" among a mount's options. A half that is not there is
 * the container's. */
int plan_idmap_option(const PlanBuilder *builder, const char *text, const StepIds **ret_ids,
                      Error *error) MUST_CHECK;

/* The last phase, shared with exec: plan_process.c. */
typedef struct PlanProcess {
    Plan *plan;
    const SpecProcess *process;
    const SpecSeccomp *seccomp; /* NULL: no filter */
    const SpecMemoryPolicy *memory_policy;
    const SpecPersonality *personality;
    const char *user;
    const StrList *extra_groups;
    const char *init_path;
    int parent_death_signal;
    int preserve_fds;
    bool keep_keyring;
    Slot init;
} PlanProcess;
int plan_process(const PlanProcess *input, Error *error) MUST_CHECK;

/* plan_resctrl.c; `joins`: the group is there already, for the container's first process. NULL:
 * nothing to do. */
void plan_resctrl(Plan *plan, const SpecIntelRdt *rdt, bool joins);

/* plan_schedule.c */
int plan_schedule(const PlanProcess *input, Error *error) MUST_CHECK;
/* `list` NULL or "": nothing to do. */
int plan_cpu_affinity(Plan *plan, StepPhase phase, const char *list, const char *origin,
                      Error *error) MUST_CHECK;
