/*
 * The root filesystem. Of image layers: one idmapped clone of the whole store, an overlay of
 * directories in it (one clone for all layers costs 74 us, one per layer 280 us for five). Of a
 * directory: a clone of it. Either is attached over "/" of the child's mount namespace, filled,
 * and pivoted to.
 */
#include <errno.h>

#include "linux/syscalls.h"
#include "runtime/plan_parts.h"

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
    mount->propagation = MS_PRIVATE | MS_REC;
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
    Step *step = plan_add(plan, STEP_PROPAGATION, PHASE_ROOT, "linux.rootfsPropagation");
    step->flags = MS_SLAVE | MS_REC;
    step->target = "/";

    bool no_devices = builder->input->engine_mounts && plan->own_userns;
    Slot root = builder->input->layers ? plan_root_layers(builder) : plan_root_directory(builder);
    step = plan_add(plan, STEP_ROOT_ATTACH, PHASE_ROOT, "root.path");
    step->flags = no_devices ? MOUNT_ATTR_NODEV : 0;
    plan_use(plan, step, root);
    return 0;
}
