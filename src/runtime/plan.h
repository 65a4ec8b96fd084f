/*
 * The plan: everything that will be done to make one container, as an ordered list of steps.
 *
 * plan_build() (plan_build.h) writes it from a spec and facts about the host, without touching
 * either; launch_container() (launch.h) executes it. A step is one row: what, by whom (phase), on
 * what, and where in the spec it comes from (origin), so that an error names the field and the
 * kernel's answer. What a kind of step does and how it reads is one row of step_ops[] (steps.h).
 *
 * Steps that need the result of an earlier one name a slot: a typed descriptor that one step
 * fills and others use. A slot filled by the parent and used by the child is handed over in the
 * handshake; nothing else crosses.
 *
 * Everything a plan points to lives in its arena.
 */
#pragma once

#include "base/str.h"
#include "linux/capability.h"
#include "linux/cgroup_devices.h"
#include "linux/cgroup_limit.h"
#include "linux/device.h"
#include "linux/identity.h"
#include "linux/idmap.h"
#include "linux/mempolicy.h"
#include "linux/mount.h"
#include "linux/namespace.h"
#include "linux/overlay.h"
#include "linux/resctrl.h"
#include "linux/seccomp.h"
#include "runtime/scope.h"
#include "spec/oci_state.h"
#include "spec/spec.h"

/* Who executes a step, and when. The order of this enum is the order of time, except that the child
 * does ENTER while the parent does MAP and SUPPLY. */
typedef enum StepPhase {
    PHASE_HOST,   /* the engine's process, before the child exists */
    PHASE_PLACE,  /* the engine's process, while the child waits: its cgroup, where systemd makes
                     it around a process that exists */
    PHASE_MAP,    /* the engine's process, while the child waits: who the child is */
    PHASE_SUPPLY, /* the engine's process: what only the host's powers can make for the child */
    PHASE_ENTER,  /* the child: the rest of its namespaces, its names */
    PHASE_MAKE,   /* the child, as root inside: filesystems that show its namespaces, while the
                     parent still supplies */
    PHASE_ROOT,   /* the child: the tree of mounts, up to pivot_root */
    PHASE_FINISH, /* the child, inside: limits and identity of the process, then exec */
    PHASE_MAX,
} StepPhase;

typedef enum StepKind {
    /* host */
    STEP_CGROUP_CREATE,
    STEP_CGROUP_OPEN,
    STEP_SCOPE,
    STEP_CGROUP_LIMIT,
    STEP_CGROUP_DEVICE_LIMIT,
    STEP_CGROUP_DEVICES,
    STEP_CGROUP_MORE,
    STEP_CGROUP_CLONE,
    STEP_OPEN_FILE,
    STEP_OPEN_PLACE,
    /* map, supply */
    STEP_IDMAP,
    STEP_OOM_SCORE,
    STEP_RESCTRL,
    STEP_NET_DEVICE,
    STEP_LISTENER,
    STEP_MOUNT_CLONE,
    STEP_OVERLAY,
    /* enter */
    STEP_CGROUP_ENTER,
    STEP_UNSHARE,
    STEP_LOOPBACK_UP,
    STEP_HOSTNAME,
    STEP_DOMAINNAME,
    /* root */
    STEP_PROPAGATION,
    STEP_ROOT_ATTACH,
    STEP_ROOT_OPEN,
    STEP_MOUNT_NEW,
    STEP_MOUNT_ATTACH,
    STEP_REMOUNT,
    STEP_MOUNT_CGROUP,
    STEP_DEVICE,
    STEP_SYMLINK,
    STEP_DIRECTORY,
    STEP_TERMINAL,
    STEP_PROCFS,
    STEP_SYSCTL,
    STEP_MASK,
    STEP_READONLY,
    STEP_HOOKS_OUTSIDE,
    STEP_HOOKS,
    STEP_ROOT_READONLY,
    STEP_PIVOT,
    STEP_LEAVE_MOUNTS,
    /* finish */
    STEP_PARENT_DEATH,
    STEP_KEYRING,
    STEP_SCHEDULER,
    STEP_IO_PRIORITY,
    STEP_CPU_AFFINITY,
    STEP_MEMORY_POLICY,
    STEP_PERSONALITY,
    STEP_RLIMIT,
    STEP_STDIO,
    STEP_USER_LOOKUP,
    STEP_CHDIR,
    STEP_BOUNDING,
    STEP_IDENTITY,
    STEP_RAISE,
    STEP_CAPABILITIES,
    STEP_NO_NEW_PRIVS,
    STEP_LABEL,
    STEP_SECCOMP,
    STEP_EXEC,
    STEP_KIND_MAX,
} StepKind;

typedef enum SlotType {
    SLOT_NONE,
    SLOT_MOUNT,     /* a detached or attached mount */
    SLOT_DIRECTORY, /* an O_PATH directory */
    SLOT_FILE,      /* an open file */
} SlotType;

typedef int Slot; /* index into Plan.slots; 0 is "no slot" */

typedef struct PlanSlot {
    SlotType type;
    StepPhase filled_in;
    bool handed_over; /* filled by the parent, used by the child */
} PlanSlot;

typedef struct StepIds {
    const IdRange *uids, *gids;
    size_t uid_count, gid_count;
} StepIds;

/* How a bind mount shows the ids of the files in it. */
typedef enum StepIdmap {
    STEP_IDMAP_NONE,
    STEP_IDMAP_TOP,       /* through the mount's own mapping or the container's, or fail */
    STEP_IDMAP_RECURSIVE, /* the same with the mounts below it */
    STEP_IDMAP_PREFERRED, /* as much of it as the filesystems can: the engine's volumes */
} StepIdmap;

typedef struct StepMount {
    const char *device;          /* new: what the spec calls source; NULL: the type's name */
    const StrList *options;      /* for the filesystem */
    uint64_t set, clear;         /* MOUNT_ATTR_... of the mount itself */
    uint64_t rec_set, rec_clear; /* of all mounts in the tree */
    uint64_t propagation;        /* MS_..., with MS_REC for the whole tree */
    bool recursive;              /* clone: with the mounts below */
    bool of_link;   /* clone: of a symbolic link that the source is, not of its target */
    bool on_link;   /* attach: to a symbolic link that the target is */
    bool copy_link; /* attach: a link is made like the one that was cloned */
    StepIdmap idmap;
    const StepIds *ids;  /* idmap: NULL: the container's */
    const char *label;   /* new: SELinux label of its root; NULL: none */
    bool copy_up;        /* new tmpfs: begins with what it covers */
    bool mode_of_target; /* new tmpfs: its root has the mode of the directory it covers */
    bool writable_top;   /* cgroup v1: the tmpfs around the hierarchies turns read-only later */
    bool optional;       /* a kernel or host without it is no error */
} StepMount;

typedef struct StepOverlay {
    const char *const *lowers; /* relative to the slot `in` */
    size_t lower_count;
    const char *upper, *work;
    Slot
        memory; /* a tmpfs for upper and work, which are made in it; 0: they are relative to `in` */
    bool volatile_sync;
} StepOverlay;

typedef struct StepUser {
    const char *name; /* "user[:group]" to look up in the root's passwd and group; NULL: ids */
    uint32_t uid, gid;
    const uint32_t *groups;
    size_t group_count;
    const StrList *extra_groups; /* --group-add: names or numbers */
    int umask;                   /* -1: as it is */
    bool find_home;              /* HOME is wanted for an id too */
    bool keep_groups;            /* those of the caller */
} StepUser;

typedef struct StepExec {
    const StrList *args;
    const StrList *env;
    int preserve_fds; /* descriptors after 2 that the program inherits */
    bool set_home;    /* HOME from passwd where env has none */
} StepExec;

/* Cgroups to be entered instead of the target's in some v1 hierarchies. */
typedef struct StepCgroupPart {
    uint32_t controllers; /* CGROUP_BITs */
    const char *path;
} StepCgroupPart;
typedef LIST_OF(StepCgroupPart) StepCgroups;
typedef struct StepCgroup {
    uint32_t needed;    /* CGROUP_BITs */
    uint32_t wanted;    /* the same: left out where the caller may not have them */
    bool optional;      /* no cgroup at all is all right where the caller may make none */
    const Scope *scope; /* STEP_SCOPE */
} StepCgroup;

typedef struct StepDevices {
    const CgroupDeviceRule *rules;
    size_t count;
} StepDevices;

typedef struct Step {
    StepKind kind;
    StepPhase phase;
    const char *origin; /* JSON path in the spec, or the engine's own word ("default") */
    const char *source, *target;
    uint64_t flags; /* the kind's own: CLONE_NEW..., MS_..., a resource, a signal */
    Slot in, out;
    union {
        const void *any;
        const StepIds *ids;
        const StepMount *mount;
        const StepOverlay *overlay;
        const Device *device; /* owner as the container counts */
        const StepUser *user;
        const StepExec *exec;
        const StepCgroup *cgroup;
        const StepDevices *devices;
        const StepCgroups *cgroups;
        const SpecResources *resources;
        const CgroupLimit *limit;
        const CgroupDeviceLimit *device_limit;
        const CapabilitySets *capabilities;
        const SeccompProgram *seccomp;
        const uint64_t *rlimit; /* soft, hard */
        const int64_t *number;
        const IdentityScheduler *scheduler;
        const cpu_set_t *cpus;
        const Mempolicy *mempolicy;
        const ResctrlGroup *resctrl;
    } with;
} Step;

/* A namespace that exists already and is entered instead of made. */
typedef struct PlanJoin {
    NamespaceType type;
    const char *path; /* "/proc/PID/ns/net", or a bind-mounted namespace file */
    const char *origin;
} PlanJoin;

/* A process whose namespaces are joined by its number: if it still began at that time when they
 * have been opened, they are its own and not those of whoever got the number. */
typedef struct PlanNeighbour {
    pid_t pid;
    uint64_t start_ticks;
    const char *container; /* for the error */
} PlanNeighbour;

typedef struct Plan {
    Arena *arena;
    const char *id;       /* the container's */
    uint64_t clone_flags; /* CLONE_NEW... made together with the child */
    PlanJoin *joins;
    size_t join_count;
    pid_t join_pid; /* exec: whose namespaces these are */
    PlanNeighbour *neighbours;
    size_t neighbour_count;
    int64_t monotonic_offset_ns, boottime_offset_ns; /* of a new time namespace */
    bool time_offsets;                               /* they are set */
    bool unprivileged;      /* an ordinary user made it: groups may be impossible to drop */
    bool keep_groups;       /* the program has the caller's supplementary groups */
    bool in_order;          /* the mounts' ids rise in the order of the spec */
    const Scope *scope;     /* its cgroup is this one, of systemd; NULL: made by us, or none */
    bool mute;              /* the program's filter forbids to write */
    bool own_userns;        /* ids are mapped through a namespace that the plan makes or joins */
    const SpecHooks *hooks; /* NULL: none */
    const OciState *state;  /* what hooks and a seccomp agent are told, but for the pid; or NULL */
    const char *agent_metadata; /* linux.seccomp.listenerMetadata, or NULL */
    bool terminal;
    uint16_t rows, columns; /* of the terminal; 0: unknown */
    Step *steps;            /* ordered by phase, within it by time */
    size_t step_count;
    StrList warnings; /* what will not be as the spec has it, and need not be an error */
    PlanSlot *slots;  /* [0] is unused */
    size_t slot_count;
} Plan;

/* When a step was executed: CLOCK_MONOTONIC, 0 if it was not (trace.h). */
typedef struct StepTime {
    uint64_t start_ns, end_ns;
} StepTime;

/* A new step at the end of its phase's work; the caller fills the rest. Steps may be added in any
 * order of phases; plan_sort() puts them in order once, stably. */
Step *plan_add(Plan *plan, StepKind kind, StepPhase phase, const char *origin);
void plan_sort(Plan *plan);
Slot plan_slot(Plan *plan, SlotType type, StepPhase filled_in);
/* `step` uses what was put in `slot`; decides whether the slot crosses from parent to child. */
void plan_use(Plan *plan, Step *step, Slot slot);

const char *plan_phase_name(StepPhase phase);
