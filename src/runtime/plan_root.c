/*
 * The root filesystem. Of image layers: one idmapped clone of the whole store, an overlay of
 * directories in it (one clone for all layers costs 74 us, one per layer 280 us for five). Of a
 * directory: a clone of it. Either is attached over "/" of the child's mount namespace, filled,
 * and pivoted to.
 */
#include <errno.h>

#include "linux/syscalls.h"
#include "runtime/plan_parts.h"

/* linux.rootfsPropagation as flags; 0 without one. */
static uint64_t plan_root_words(const PlanBuilder *builder)
{
    static const struct {
        const char *word;
        uint64_t flags;
    } rows[] = {
        { "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE | MS_REC },
        { "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
        { "slave", MS_SLAVE },           { "rslave", MS_SLAVE | MS_REC },
        { "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
    };
    const Spec *spec = builder->input->spec;
    const char *word = spec->linux ? spec->linux->rootfs_propagation : NULL;
    for (size_t i = 0; word && i < ARRAY_LEN(rows); i++)
        if (str_eq(word, rows[i].word))
            return rows[i].flags;
    return 0;
}

/*
 * Never the source's by default: what the container mounts there would appear on the host. A slave
 * still sees what the host mounts later, as with other runtimes. Who makes the root shared wants
 * volumes that are shared with the host.
 */
uint64_t plan_bind_propagation(const PlanBuilder *builder)
{
    uint64_t root = plan_root_words(builder);
    if (root & MS_SHARED)
        return 0;
    return MS_REC | (root & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE);
}

void plan_root_propagation(PlanBuilder *builder)
{
    uint64_t flags = plan_root_words(builder);
    if (!(flags & (MS_SHARED | MS_SLAVE | MS_UNBINDABLE)))
        return; /* it is private from the beginning */
    Step *step = plan_add(builder->plan, STEP_PROPAGATION, PHASE_ROOT, "linux.rootfsPropagation");
    step->flags = flags;
    step->target = "/";
}

static Slot plan_root_layers(PlanBuilder *builder)
{
    const PlanLayers *layers = builder->input->layers;
    Plan *plan = builder->plan;
    StepMount *store = arena_alloc(plan->arena, sizeof(*store));
    store->idmap = plan->own_userns ? STEP_IDMAP_TOP : STEP_IDMAP_NONE;
    Slot store_slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *clone = plan_add(plan, STEP_MOUNT_CLONE, PHASE_SUPPLY, "root.layers");
    clone->source = layers->base;
    clone->with.mount = store;
    clone->out = store_slot;

    Slot memory = 0;
    if (layers->memory_upper) {
        memory = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
        Step *tmpfs = plan_add(plan, STEP_MOUNT_NEW, PHASE_SUPPLY, "root.layers");
        tmpfs->source = "tmpfs";
        tmpfs->with.mount = arena_alloc(plan->arena, sizeof(StepMount));
        tmpfs->out = memory;
    }
    StepOverlay *overlay = arena_alloc(plan->arena, sizeof(*overlay));
    *overlay = (StepOverlay){
        .lowers = layers->lowers,
        .lower_count = layers->lower_count,
        .upper = layers->upper,
        .work = layers->work,
        .memory = memory,
        .volatile_sync = layers->volatile_upper,
    };
    Slot root_slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *step = plan_add(plan, STEP_OVERLAY, PHASE_SUPPLY, "root.layers");
    step->with.overlay = overlay;
    plan_use(plan, step, store_slot);
    step->out = root_slot;
    return root_slot;
}

static Slot plan_root_directory(PlanBuilder *builder)
{
    Plan *plan = builder->plan;
    const char *path = builder->input->spec->root->path;
    StepMount *mount = arena_alloc(plan->arena, sizeof(*mount));
    mount->recursive = true;
    mount->propagation = (plan_root_words(builder) & MS_SLAVE ? MS_SLAVE : MS_PRIVATE) | MS_REC;
    mount->idmap =
        plan->own_userns && builder->input->idmap_root ? STEP_IDMAP_RECURSIVE : STEP_IDMAP_NONE;
    Slot slot = plan_slot(plan, SLOT_MOUNT, PHASE_SUPPLY);
    Step *clone = plan_add(plan, STEP_MOUNT_CLONE, PHASE_SUPPLY, "root.path");
    clone->source =
        path[0] == '/' ? path : arena_printf(plan->arena, "%s/%s", builder->input->bundle, path);
    clone->with.mount = mount;
    clone->out = slot;
    return slot;
}

int plan_root(PlanBuilder *builder, Error *error)
{
    const Spec *spec = builder->input->spec;
    Plan *plan = builder->plan;
    if (!builder->input->layers && (!spec->root || str_empty(spec->root->path)))
        return error_set(error, ERROR_USAGE, EINVAL, "root.path: missing");

    /* Nothing that is done to mounts from here on reaches the host. */
    Step *step = plan_add(plan, STEP_PROPAGATION, PHASE_ROOT, "default");
    step->flags = MS_SLAVE | MS_REC;
    step->target = "/";

    bool no_devices = builder->input->engine_mounts && plan->own_userns;
    Slot root = builder->input->layers ? plan_root_layers(builder) : plan_root_directory(builder);
    step = plan_add(plan, STEP_ROOT_ATTACH, PHASE_ROOT, "root.path");
    step->flags = no_devices ? MOUNT_ATTR_NODEV : 0;
    plan_use(plan, step, root);
    return 0;
}
