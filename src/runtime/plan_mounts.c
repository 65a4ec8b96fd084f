/*
 * Mounts of the spec as steps. A bind is cloned by the parent (SUPPLY) and attached by the child
 * (ROOT); a filesystem of the container's own namespaces is made by the child; /dev is made and
 * filled by the parent, because only the host may make device nodes.
 *
 * The trap: proc, sysfs and mqueue show the namespace they are mounted from, and the kernel lets a
 * container's root mount them only for namespaces which its user namespace owns. For a shared
 * namespace the host's mount is cloned instead.
 */
#include <errno.h>
#include <string.h>

#include "linux/inroot.h"
#include "linux/syscalls.h"
#include "runtime/plan_parts.h"

typedef struct MountWords {
    StepMount step;
    StrList *data; /* step.options, to be added to */
    bool bind;
    uint64_t extra;
    const char *mapping; /* behind "idmap=" or "ridmap="; NULL: none */
} MountWords;

static int plan_mount_idmap(const PlanBuilder *builder, const SpecMount *mount, bool engine_ids,
                            MountWords *words, Error *error)
{
    bool own = mount->uid_mappings.count > 0;
    if (words->extra & MOUNT_OPTION_RIDMAP)
        words->step.idmap = STEP_IDMAP_RECURSIVE;
    else if (own || (words->extra & MOUNT_OPTION_IDMAP))
        words->step.idmap = STEP_IDMAP_TOP;
    else if (engine_ids)
        words->step.idmap = STEP_IDMAP_PREFERRED;
    if (own)
        words->step.ids =
            plan_ids(builder->plan->arena, &mount->uid_mappings, &mount->gid_mappings);
    else if (words->mapping)
        return plan_idmap_option(builder, words->mapping, &words->step.ids, error);
    else if ((words->extra & (MOUNT_OPTION_IDMAP | MOUNT_OPTION_RIDMAP)) &&
             !builder->plan->own_userns)
        return error_set(error, ERROR_USAGE, EINVAL, "options: 'idmap' needs a user namespace");
    return 0;
}

static bool plan_option_listed(const StrList *options, const char *begins)
{
    for (size_t i = 0; i < options->count; i++)
        if (str_starts(options->items[i], begins))
            return true;
    return false;
}

/* The kernel's own files in proc and sysfs have labels that cannot be changed, and mqueue takes one
 * for its root only. */
static void plan_mount_label(const PlanBuilder *builder, const SpecMount *mount, MountWords *words)
{
    const char *label = builder->input->spec->linux->mount_label;
    if (str_empty(label) || !builder->input->selinux || str_eq(mount->type, "proc") ||
        str_eq(mount->type, "sysfs") || (words->extra & MOUNT_OPTION_REMOUNT))
        return;
    Arena *arena = builder->plan->arena;
    if (str_eq(mount->type, "mqueue"))
        words->step.label = label;
    else
        strlist_append(arena, words->data, arena_printf(arena, "context=%s", label));
}

/* What only a new filesystem has. */
static int plan_mount_filesystem(const PlanBuilder *builder, const SpecMount *mount,
                                 MountWords *words, Error *error)
{
    bool tmpfs = str_eq(mount->type, "tmpfs");
    if ((words->extra & (MOUNT_OPTION_IDMAP | MOUNT_OPTION_RIDMAP)) || mount->uid_mappings.count)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "%s: ids are mapped for bind mounts only",
                         mount->uid_mappings.count ? "uidMappings" : "options");
    if ((words->extra & MOUNT_OPTION_TMPCOPYUP) && !tmpfs)
        return error_set(error, ERROR_USAGE, EINVAL, "options: 'tmpcopyup' is for tmpfs");
    words->step.copy_up = words->extra & MOUNT_OPTION_TMPCOPYUP;
    words->step.mode_of_target = tmpfs && !plan_option_listed(words->step.options, "mode=");
    plan_mount_label(builder, mount, words);
    return 0;
}

static void plan_mount_word(Arena *arena, const char *word, MountWords *words)
{
    MountOption option;
    const char *name = word;
    if (str_starts(word, "idmap=") || str_starts(word, "ridmap=")) {
        words->mapping = strchr(word, '=') + 1;
        name = arena_strndup(arena, word, strcspn(word, "="));
    }
    if (!mount_option_lookup(name, &option)) {
        strlist_append(arena, words->data, word);
        return;
    }
    words->step.set = (words->step.set & ~option.clear) | option.set;
    words->step.clear = (words->step.clear & ~option.set) | option.clear;
    words->step.rec_set = (words->step.rec_set & ~option.rec_clear) | option.rec_set;
    words->step.rec_clear = (words->step.rec_clear & ~option.rec_set) | option.rec_clear;
    if (option.propagation)
        words->step.propagation = option.propagation;
    words->extra |= option.extra;
}

/* "size=1m,mode=755" in one text is two words, as mount(8) and mount(2) read it: not at a comma in
 * quotes (context="...:c1,c2") or behind a backslash (a directory of overlay). */
static void plan_mount_split(Arena *arena, const char *text, MountWords *words)
{
    bool quoted = false;
    const char *begin = text;
    for (const char *at = text;; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '\0' || (*at == ',' && !quoted)) {
            if (at > begin)
                plan_mount_word(arena, arena_strndup(arena, begin, (size_t)(at - begin)), words);
            if (*at == '\0')
                return;
            begin = at + 1;
        }
    }
}

/* Sorts the options of one mount into attributes and words for the filesystem. */
static int plan_mount_words(const PlanBuilder *builder, const SpecMount *mount, MountWords *words,
                            Error *error)
{
    Arena *arena = builder->plan->arena;
    StrList *data = arena_alloc(arena, sizeof(*data));
    *words = (MountWords){
        .step.device = str_empty(mount->source) ? NULL : mount->source,
        .step.options = data,
        .data = data,
    };
    for (size_t i = 0; i < mount->options.count; i++)
        plan_mount_split(arena, mount->options.items[i], words);
    words->bind =
        (words->extra & (MOUNT_OPTION_BIND | MOUNT_OPTION_RBIND)) || str_eq(mount->type, "bind");
    words->step.recursive = words->extra & MOUNT_OPTION_RBIND;
    words->step.copy_link = words->extra & MOUNT_OPTION_COPY_LINK;
    words->step.of_link = words->extra & (MOUNT_OPTION_OF_LINK | MOUNT_OPTION_COPY_LINK);
    words->step.on_link = words->extra & MOUNT_OPTION_ON_LINK;
    bool engine_ids = words->bind && builder->input->engine_mounts && builder->plan->own_userns;
    if (engine_ids)
        *(words->step.recursive ? &words->step.rec_set : &words->step.set) |= MOUNT_ATTR_NODEV;
    if (words->bind && !words->step.propagation)
        words->step.propagation = plan_bind_propagation(builder);
    return words->bind ? plan_mount_idmap(builder, mount, engine_ids, words, error)
                       : plan_mount_filesystem(builder, mount, words, error);
}

static const StepMount *plan_keep(const PlanBuilder *builder, const StepMount *mount)
{
    return arena_copy(builder->plan->arena, mount, sizeof(*mount));
}

/* Two steps: the parent clones `source`, the child attaches the clone. */
static void plan_bind(PlanBuilder *builder, const char *origin, const char *source,
                      const char *target, const StepMount *mount)
{
    Plan *plan = builder->plan;
    StepMount cloned = *mount;
    const StepMount attached = {
        .recursive = mount->recursive,
        .optional = mount->optional,
        .propagation = plan->in_order ? mount->propagation : 0,
        .on_link = mount->on_link,
        .copy_link = mount->copy_link,
    };
    if (plan->in_order) /* what is unbindable could not be cloned once more */
        cloned.propagation = 0;
    Slot slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *clone = plan_add(plan, STEP_MOUNT_CLONE, PHASE_SUPPLY, origin);
    clone->source = source;
    clone->with.mount = plan_keep(builder, &cloned);
    clone->out = slot;

    Step *attach = plan_add(plan, STEP_MOUNT_ATTACH, PHASE_ROOT, origin);
    attach->target = target;
    attach->with.mount = plan_keep(builder, &attached);
    plan_use(plan, attach, slot);
}

static int plan_mount_bind(PlanBuilder *builder, const char *origin, const SpecMount *mount,
                           const MountWords *words, Error *error)
{
    if (str_empty(mount->source))
        return error_set(error, ERROR_USAGE, EINVAL, "%s.source: a bind mount needs a source",
                         origin);
    const char *source = mount->source;
    if (source[0] != '/')
        source = arena_printf(builder->plan->arena, "%s/%s", builder->input->bundle, source);
    plan_bind(builder, origin, source, mount->destination, &words->step);
    return 0;
}

/*
 * Filesystems that show a namespace: what stands in for them when it is not the container's. Of
 * proc and sysfs alone, as a new mount would be: the host has debugfs, tracefs, bpf and more below.
 * That is refused to an ordinary user, for whom mounts lock what they cover.
 */
static const struct {
    const char *type;
    uint64_t flag;
    const char *host_path;
    bool optional, with_below;
} plan_namespace_mounts[] = {
    { "proc", CLONE_NEWPID, "/proc", false, false },
    { "sysfs", CLONE_NEWNET, "/sys", false, false },
    { "mqueue", CLONE_NEWIPC, "/dev/mqueue", true, false },
    { "cgroup", CLONE_NEWCGROUP, "/sys/fs/cgroup", false, true },
};

/*
 * On v1 a container without a cgroup namespace of its own is shown its own cgroups; v2 has one
 * tree, which it may see. One such mount is enough: a clone can be attached once.
 */
static Slot plan_cgroup_clones(PlanBuilder *builder, const char *origin, const SpecMount *mount)
{
    const PlanInput *input = builder->input;
    const SpecLinux *spec_linux = input->spec->linux;
    if (!str_eq(mount->type, "cgroup") || !spec_linux ||
        (!input->scope && str_empty(spec_linux->cgroups_path)) ||
        input->cgroup_host->mode == CGROUP_V2 ||
        ((builder->new_namespaces | builder->joined) & CLONE_NEWCGROUP))
        return 0;
    for (size_t i = 0; i < builder->plan->step_count; i++)
        if (builder->plan->steps[i].kind == STEP_CGROUP_CLONE)
            return 0;
    /* systemd's cgroup is there when the child is. */
    StepPhase phase = input->scope ? PHASE_SUPPLY : PHASE_HOST;
    Step *clone = plan_add(builder->plan, STEP_CGROUP_CLONE, phase, origin);
    clone->flags = builder->controllers;
    clone->out = plan_cgroup_slots(builder->plan, SLOT_MOUNT, phase);
    return clone->out;
}

/*
 * What the host's /proc and /dev/mqueue show is not what a joined namespace has: there the kernel
 * says whether its users may see it, and who may not see the queues has none.
 */
static bool plan_mount_shared(PlanBuilder *builder, const char *origin, const SpecMount *mount,
                              const MountWords *words)
{
    const uint64_t not_the_hosts = builder->joined & (CLONE_NEWPID | CLONE_NEWIPC);
    for (size_t i = 0; i < ARRAY_LEN(plan_namespace_mounts); i++) {
        if (!str_eq(mount->type, plan_namespace_mounts[i].type) ||
            plan_owns(builder, plan_namespace_mounts[i].flag))
            continue;
        if (plan_namespace_mounts[i].flag & not_the_hosts)
            return plan_namespace_mounts[i].optional;
        StepMount clone = {
            .rec_set = words->step.set,
            .recursive = plan_namespace_mounts[i].with_below || builder->input->unprivileged,
            .optional = plan_namespace_mounts[i].optional,
            .propagation = MS_SLAVE | MS_REC,
        };
        plan_bind(builder, origin, plan_namespace_mounts[i].host_path, mount->destination, &clone);
        return true;
    }
    return false;
}

/* "/dev/NAME" is made by the parent on the tmpfs that nobody else can reach yet, where it takes one
 * system call; in the tree each part of a path is looked at. */
static void plan_place_in_dev(PlanBuilder *builder, const char *origin, const char *target)
{
    if (!builder->dev || !str_starts(target, "/dev/") || strchr(target + strlen("/dev/"), '/') ||
        str_starts(target, "/dev/.") || !target[strlen("/dev/")])
        return;
    Step *step = plan_add(builder->plan, STEP_DIRECTORY, PHASE_SUPPLY, origin);
    step->target = target + strlen("/dev");
    plan_use(builder->plan, step, builder->dev);
}

/*
 * Two steps where the order in which mounts were made means nothing: the child makes the filesystem
 * while it would wait for the parent, and attaches it in its turn.
 */
static bool plan_mount_early(PlanBuilder *builder, const char *origin, const SpecMount *mount,
                             const StepMount *wanted)
{
    Plan *plan = builder->plan;
    if (plan->in_order || wanted->copy_up || wanted->mode_of_target)
        return false;
    plan_place_in_dev(builder, origin, mount->destination);
    Slot slot = plan_slot(plan, SLOT_MOUNT, PHASE_MAKE);
    Step *make = plan_add(plan, STEP_MOUNT_NEW, PHASE_MAKE, origin);
    make->source = mount->type;
    make->with.mount = plan_keep(builder, wanted);
    make->out = slot;
    const StepMount attached = { .optional = wanted->optional };
    Step *attach = plan_add(plan, STEP_MOUNT_ATTACH, PHASE_ROOT, origin);
    attach->source = mount->type;
    attach->target = mount->destination;
    attach->with.mount = plan_keep(builder, &attached);
    plan_use(plan, attach, slot);
    return true;
}

/* `clones`: what a cgroup mount is to show, or 0 for new mounts. */
static void plan_mount_new(PlanBuilder *builder, const char *origin, const SpecMount *mount,
                           const MountWords *words, Slot clones)
{
    Plan *plan = builder->plan;
    bool cgroup = str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2");
    if (!cgroup && plan_mount_early(builder, origin, mount, &words->step))
        return;
    plan_place_in_dev(builder, origin, mount->destination);
    Step *step = plan_add(plan, cgroup ? STEP_MOUNT_CGROUP : STEP_MOUNT_NEW, PHASE_ROOT, origin);
    step->source = mount->type;
    step->target = mount->destination;
    step->with.mount = plan_keep(builder, &words->step);
    if (cgroup)
        step->flags = builder->controllers;
    if (clones)
        plan_cgroup_use(plan, step, clones);
    /* A terminal comes from the container's own devpts, found through this slot. */
    if (str_eq(mount->type, "devpts"))
        step->out = plan_slot(plan, SLOT_MOUNT, PHASE_ROOT);
}

/* Other attributes and options for what is mounted at the destination already. */
static void plan_remount(PlanBuilder *builder, const char *origin, const char *target,
                         const StepMount *mount)
{
    Step *step = plan_add(builder->plan, STEP_REMOUNT, PHASE_ROOT, origin);
    step->target = target;
    step->with.mount = plan_keep(builder, mount);
}

/* A tmpfs holds device nodes and the places of other mounts, which must be made first. */
static void plan_readonly_later(PlanBuilder *builder, size_t index, MountWords *words)
{
    if (!(words->step.set & MOUNT_ATTR_RDONLY))
        return;
    words->step.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
    size_t *later = arena_append(builder->plan->arena, &builder->readonly_later,
                                 &builder->readonly_later_count, sizeof(*later));
    *later = index;
}

/* Whether a later mount has its place on this one. */
static bool plan_mounted_on(const PlanBuilder *builder, size_t index)
{
    const Spec *spec = builder->input->spec;
    const char *destination = spec->mounts.items[index].destination;
    size_t length = strlen(destination);
    for (size_t i = index + 1; i < spec->mounts.count; i++) {
        const char *other = spec->mounts.items[i].destination;
        if (str_starts(other, destination) && other[length] == '/')
            return true;
    }
    return false;
}

/* The directory of v1's hierarchies is a tmpfs too. podman has systemd's put there by a bind. */
static void plan_cgroup_later(PlanBuilder *builder, size_t index, MountWords *words)
{
    if (builder->input->cgroup_host->mode == CGROUP_V2 || !plan_mounted_on(builder, index))
        return;
    MountWords top = *words;
    plan_readonly_later(builder, index, &top);
    words->step.writable_top = true;
}

static void plan_readonly_now(PlanBuilder *builder)
{
    const StepMount readonly = { .set = MOUNT_ATTR_RDONLY };
    for (size_t i = 0; i < builder->readonly_later_count; i++) {
        size_t index = builder->readonly_later[i];
        plan_remount(builder, plan_origin(builder, "mounts[%zu]", index),
                     builder->input->spec->mounts.items[index].destination, &readonly);
    }
}

/* /dev: a tmpfs made and filled on the host, attached where the spec has it in its order. */
static int plan_mount_dev(PlanBuilder *builder, const char *origin, const SpecMount *mount,
                          const MountWords *words, Error *error)
{
    Plan *plan = builder->plan;
    Slot slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *make = plan_add(plan, STEP_MOUNT_NEW, PHASE_SUPPLY, origin);
    make->source = mount->type;
    make->with.mount = plan_keep(builder, &words->step);
    make->out = slot;
    Step *attach = plan_add(plan, STEP_MOUNT_ATTACH, PHASE_ROOT, origin);
    attach->target = mount->destination;
    plan_use(plan, attach, slot);
    builder->dev = slot;
    return plan_devices(builder, slot, error);
}

static int plan_mount(PlanBuilder *builder, size_t index, bool *dev_done, Error *error)
{
    const SpecMount *mount = &builder->input->spec->mounts.items[index];
    const char *origin = plan_origin(builder, "mounts[%zu]", index);
    MountWords words;
    int r = plan_mount_words(builder, mount, &words, error);
    if (r < 0)
        return error_wrap(error, "%s", origin);

    /* A /dev that begins with what the root has there is filled like a root without one. */
    bool dev = (str_eq(mount->destination, "/dev") || str_eq(mount->destination, "/dev/")) &&
               !words.step.copy_up;
    if (dev && !(words.extra & MOUNT_OPTION_REMOUNT))
        *dev_done = true;
    if (words.extra & MOUNT_OPTION_REMOUNT) {
        plan_remount(builder, origin, mount->destination, &words.step);
        return 0;
    }
    if (words.bind)
        return plan_mount_bind(builder, origin, mount, &words, error);
    if (str_empty(mount->type))
        return error_set(error, ERROR_USAGE, EINVAL, "%s.type: missing, and it is no bind mount",
                         origin);
    if (str_eq(mount->type, "tmpfs"))
        plan_readonly_later(builder, index, &words);
    if (str_eq(mount->type, "cgroup"))
        plan_cgroup_later(builder, index, &words);
    if (dev && str_eq(mount->type, "tmpfs"))
        return plan_mount_dev(builder, origin, mount, &words, error);
    Slot clones = plan_cgroup_clones(builder, origin, mount);
    if (clones || !plan_mount_shared(builder, origin, mount, &words))
        plan_mount_new(builder, origin, mount, &words, clones);
    return 0;
}

static void plan_hidden(PlanBuilder *builder, const StrList *paths, StepKind kind,
                        const char *field)
{
    for (size_t i = 0; i < paths->count; i++) {
        Step *step = plan_add(builder->plan, kind, PHASE_ROOT,
                              plan_origin(builder, "linux.%s[%zu]", field, i));
        step->target = paths->items[i];
    }
}

int plan_mounts(PlanBuilder *builder, Error *error)
{
    const Spec *spec = builder->input->spec;
    bool dev_done = false;
    for (size_t i = 0; i < spec->mounts.count; i++) {
        int r = plan_mount(builder, i, &dev_done, error);
        if (r < 0)
            return r;
    }
    if (!dev_done) { /* no mount on /dev: nodes in the root itself */
        int r = plan_devices(builder, 0, error);
        if (r < 0)
            return r;
    }
    return 0;
}

void plan_hidden_paths(PlanBuilder *builder)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    plan_readonly_now(builder);
    if (!spec_linux)
        return;
    plan_hidden(builder, &spec_linux->masked_paths, STEP_MASK, "maskedPaths");
    plan_hidden(builder, &spec_linux->readonly_paths, STEP_READONLY, "readonlyPaths");
}
