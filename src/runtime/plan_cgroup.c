/*
 * linux.cgroupsPath and linux.resources as steps of the parent: before the child exists, meanwhile,
 * or where systemd makes the cgroup, around the child.
 */
#include <errno.h>

#include "linux/syscalls.h"
#include "runtime/plan_parts.h"
#include "runtime/resources.h"

bool plan_cgroup_meanwhile(const PlanBuilder *builder)
{
    return !builder->input->scope && !builder->input->unprivileged &&
           builder->input->cgroup_host->mode != CGROUP_V2 &&
           (builder->new_namespaces & CLONE_NEWCGROUP);
}

Slot plan_cgroup_slots(Plan *plan, SlotType type, StepPhase filled_in)
{
    Slot first = plan_slot(plan, type, filled_in);
    for (int i = 1; i < CGROUP_CONTROLLER_MAX; i++)
        (void)plan_slot(plan, type, filled_in);
    return first;
}

void plan_cgroup_use(Plan *plan, Step *step, Slot first)
{
    for (int i = CGROUP_CONTROLLER_MAX - 1; i >= 0; i--)
        plan_use(plan, step, first + i); /* `in` stays at the first */
}

void plan_cgroup_tasks(Plan *plan, Step *make, const char *origin)
{
    StepPhase when = make->phase == PHASE_SUPPLY ? PHASE_ROOT : PHASE_ENTER;
    Slot first = make->out = plan_cgroup_slots(plan, SLOT_FILE, make->phase);
    plan_cgroup_use(plan, plan_add(plan, STEP_CGROUP_ENTER, when, origin), first);
}

static void plan_cgroup_devices(PlanBuilder *builder, const SpecResources *resources)
{
    size_t count = resources->devices.count;
    if (count == 0 || builder->input->unprivileged)
        return;
    Arena *arena = builder->plan->arena;
    StepDevices *devices = arena_alloc(arena, sizeof(*devices));
    CgroupDeviceRule *rules = arena_alloc(arena, count * sizeof(*rules));
    for (size_t i = 0; i < count; i++)
        rules[i] = resources_device_rule(&resources->devices.items[i]);
    devices->rules = rules;
    devices->count = count;
    Step *step = plan_add(builder->plan, STEP_CGROUP_DEVICES, builder->limit_phase,
                          "linux.resources.devices");
    step->with.devices = devices;
    step->target = plan_origin(builder, "%zu rules", count);
}

static void plan_cgroup_notes(const PlanBuilder *builder, const CgroupLimit *limit)
{
    StrList notes = { 0 };
    cgroup_limit_notes(limit, builder->input->cgroup_host->mode, builder->plan->arena, &notes);
    for (size_t i = 0; i < notes.count; i++)
        plan_warn(builder->plan, "linux.resources.%s", notes.items[i]);
}

/* How many steps were added, or a negative errno. */
static int plan_cgroup_limits(PlanBuilder *builder, const SpecResources *resources,
                              const CgroupLimit *limit, Error *error)
{
    Plan *plan = builder->plan;
    int added = 0;
    plan_cgroup_notes(builder, limit);
    if (limit->set) {
        Step *step = plan_add(plan, STEP_CGROUP_LIMIT, builder->limit_phase, "linux.resources");
        step->with.limit = arena_copy(plan->arena, limit, sizeof(*limit));
        added++;
    }
    CgroupDeviceLimit *devices;
    size_t count;
    int r = resources_device_limits(resources, plan->arena, &devices, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++, added++) {
        Step *step = plan_add(plan, STEP_CGROUP_DEVICE_LIMIT, builder->limit_phase,
                              "linux.resources.blockIO");
        step->with.device_limit = &devices[i];
        step->target = plan_origin(builder, "%u:%u", devices[i].major, devices[i].minor);
    }
    if (r == 0 && resources_has_more(resources)) {
        plan_add(plan, STEP_CGROUP_MORE, builder->limit_phase, "linux.resources")->with.resources =
            resources;
        added++;
    }
    return r < 0 ? r : added;
}

/* The step that makes it, and its wishes, to be filled. */
static StepCgroup *plan_cgroup_make(PlanBuilder *builder)
{
    const PlanInput *input = builder->input;
    Plan *plan = builder->plan;
    StepCgroup *wish = arena_alloc(plan->arena, sizeof(*wish));
    Step *step = plan_add(plan, input->scope ? STEP_SCOPE : STEP_CGROUP_CREATE,
                          builder->cgroup_phase, "linux.cgroupsPath");
    step->target = input->scope ? input->scope->unit : input->spec->linux->cgroups_path;
    step->with.cgroup = wish;
    plan->scope = input->scope;
    if (!input->scope)
        plan_cgroup_tasks(plan, step, "linux.cgroupsPath");
    return wish;
}

/*
 * The child of v2 is born in its cgroup, and does nothing of its user's before it was supplied: the
 * limits are set meanwhile. On v1 they come before it, as a cpuset without CPUs takes nobody in. An
 * ordinary user's supplies are made inside his user namespace, where the cgroup is not his.
 */
static StepPhase plan_cgroup_limit_phase(const PlanBuilder *builder)
{
    bool meanwhile =
        builder->input->cgroup_host->mode == CGROUP_V2 && !builder->input->unprivileged;
    return meanwhile ? PHASE_SUPPLY : builder->cgroup_phase;
}

/*
 * Programs that adapt to their limits (the JVM is one) look for all of these on v1, and take the
 * host's measure where one is missing: a limit of one brings the others along.
 */
static uint32_t plan_cgroup_wanted(const PlanInput *input, uint32_t needed)
{
    static const uint32_t measures =
        CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET);
    const CgroupHost *host = input->cgroup_host;
    if (host->mode == CGROUP_V2 || !(needed & measures))
        return input->controllers;
    return input->controllers | ((measures | CGROUP_BIT(CGROUP_CPUACCT)) & host->available);
}

int plan_cgroup(PlanBuilder *builder, Error *error)
{
    const PlanInput *input = builder->input;
    const SpecLinux *spec_linux = input->spec->linux;
    if (!spec_linux || (!input->scope && str_empty(spec_linux->cgroups_path)))
        return 0;

    static const SpecResources none;
    const SpecResources *resources = spec_linux->resources ? spec_linux->resources : &none;
    CgroupLimit limit = { 0 };
    int r = resources_limit(resources, &limit, error);
    if (r < 0)
        return r;
    uint32_t needed = cgroup_limit_controllers(&limit) | resources_controllers(resources);
    if (input->unprivileged)
        needed &= ~CGROUP_BIT(CGROUP_DEVICES);
    uint32_t wanted = plan_cgroup_wanted(input, needed);
    builder->controllers = wanted | needed;
    builder->cgroup_phase = input->scope                     ? PHASE_PLACE
                            : plan_cgroup_meanwhile(builder) ? PHASE_SUPPLY
                                                             : PHASE_HOST;
    builder->limit_phase = plan_cgroup_limit_phase(builder);
    StepCgroup *wish = plan_cgroup_make(builder);
    r = plan_cgroup_limits(builder, resources, &limit, error);
    if (r < 0)
        return r;
    *wish = (StepCgroup){
        .needed = needed,
        .wanted = wanted,
        .optional = input->cgroup_optional && r == 0,
        .scope = input->scope,
    };
    plan_cgroup_devices(builder, resources);
    return 0;
}
