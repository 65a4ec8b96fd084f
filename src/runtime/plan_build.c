/*
 * The order of everything, in one place: build() calls one part after the other, and the phases
 * put their steps where they belong in time.
 */
#include "runtime/plan_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "linux/syscalls.h"
#include "runtime/hook.h"
#include "runtime/plan_parts.h"

char *plan_origin(const PlanBuilder *builder, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return arena_strdup(builder->plan->arena, text);
}

void plan_warn(Plan *plan, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    strlist_append(plan->arena, &plan->warnings, text);
}

static const IdRange *plan_id_ranges(Arena *arena, const SpecIdMappings *mappings)
{
    IdRange *ranges = arena_alloc(arena, mappings->count * sizeof(*ranges));
    for (size_t i = 0; i < mappings->count; i++) {
        const SpecIdMapping *mapping = &mappings->items[i];
        ranges[i] = (IdRange){ mapping->container_id, mapping->host_id, mapping->size };
    }
    return ranges;
}

const StepIds *plan_ids(Arena *arena, const SpecIdMappings *uids, const SpecIdMappings *gids)
{
    StepIds *ids = arena_alloc(arena, sizeof(*ids));
    *ids = (StepIds){
        .uids = plan_id_ranges(arena, uids),
        .gids = plan_id_ranges(arena, gids),
        .uid_count = uids->count,
        .gid_count = gids->count,
    };
    return ids;
}

bool plan_owns(const PlanBuilder *builder, uint64_t flag)
{
    if (!builder->plan->own_userns || (builder->new_namespaces & flag))
        return true;
    /* Containers of one pod join its user namespace with those that it made. */
    return (builder->joined & flag & ~builder->input->outside) && (builder->joined & CLONE_NEWUSER);
}

static int plan_namespace(PlanBuilder *builder, size_t index, Error *error)
{
    const SpecNamespace *wanted = &builder->input->spec->linux->namespaces.items[index];
    Plan *plan = builder->plan;
    NamespaceType type = namespace_from_name(wanted->type);
    if (type == NAMESPACE_INVALID)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "linux.namespaces[%zu].type: unknown namespace '%s'", index, wanted->type);
    uint64_t flag = namespace_table[type].flag;
    if ((builder->new_namespaces | builder->joined) & flag)
        return error_set(error, ERROR_USAGE, EINVAL, "linux.namespaces[%zu]: '%s' is there twice",
                         index, wanted->type);
    if (str_empty(wanted->path)) {
        builder->new_namespaces |= flag;
        return 0;
    }
    builder->joined |= flag;
    PlanJoin *join = arena_append(plan->arena, &plan->joins, &plan->join_count, sizeof(*join));
    *join = (PlanJoin){
        .type = type,
        .path = wanted->path,
        .origin = plan_origin(builder, "linux.namespaces[%zu].path", index),
    };
    return 0;
}

static int plan_id_maps(PlanBuilder *builder, Error *error)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    Plan *plan = builder->plan;
    if (!(builder->new_namespaces & CLONE_NEWUSER))
        return 0;
    if (spec_linux->uid_mappings.count == 0 || spec_linux->gid_mappings.count == 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "linux.%cidMappings: a new user namespace needs one",
                         spec_linux->uid_mappings.count == 0 ? 'u' : 'g');
    Step *step = plan_add(plan, STEP_IDMAP, PHASE_MAP, "linux.uidMappings");
    step->with.ids = plan_ids(plan->arena, &spec_linux->uid_mappings, &spec_linux->gid_mappings);
    return 0;
}

/*
 * Without one in the spec the runtime's is inherited. The tree is made in a new one all the same,
 * which the child leaves at the end (STEP_LEAVE_MOUNTS): so nothing is mounted on the host.
 */
static int plan_mount_namespace(PlanBuilder *builder, Error *error)
{
    Plan *plan = builder->plan;
    if ((builder->new_namespaces | builder->joined) & CLONE_NEWNS)
        return 0;
    if (plan->own_userns)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "linux.namespaces: a container with a user namespace needs a mount "
                         "namespace: the host's cannot be entered from there");
    builder->new_namespaces |= CLONE_NEWNS;
    builder->host_mounts = plan_slot(plan, SLOT_FILE, PHASE_HOST);
    Step *step = plan_add(plan, STEP_OPEN_PLACE, PHASE_HOST, "linux.namespaces");
    step->source = "/proc/self/ns/mnt";
    step->flags = O_RDONLY;
    step->out = builder->host_mounts;
    return 0;
}

/*
 * Made with the child is what can be made in no other way: user and pid, of which it is the first,
 * and time, which takes effect on a child. The others it makes itself, while the parent works
 * already; cgroup after it has entered the cgroup that is to be its root.
 */
static void plan_child_namespaces(PlanBuilder *builder)
{
    static const uint64_t later[] = { CLONE_NEWCGROUP, CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWNET };
    Plan *plan = builder->plan;
    plan->clone_flags = builder->new_namespaces;
    for (size_t i = 0; i < ARRAY_LEN(later); i++) {
        if (!(builder->new_namespaces & later[i]))
            continue;
        if (later[i] == CLONE_NEWNET && builder->input->spec->linux->net_devices.count)
            continue; /* devices are moved there by the engine, which must find it */
        plan->clone_flags &= ~later[i];
        bool meanwhile = later[i] == CLONE_NEWCGROUP && plan_cgroup_meanwhile(builder);
        StepPhase phase = meanwhile ? PHASE_ROOT : PHASE_ENTER;
        plan_add(plan, STEP_UNSHARE, phase, "linux.namespaces")->flags = later[i];
    }
    if (builder->new_namespaces & CLONE_NEWNET)
        (void)plan_add(plan, STEP_LOOPBACK_UP, PHASE_ENTER, "default");
}

static void plan_net_devices(PlanBuilder *builder)
{
    const SpecNetDevices *devices = &builder->input->spec->linux->net_devices;
    for (size_t i = 0; i < devices->count; i++) {
        const SpecNetDevice *device = &devices->items[i];
        Step *step = plan_add(builder->plan, STEP_NET_DEVICE, PHASE_SUPPLY,
                              plan_origin(builder, "linux.netDevices.%s", device->host_name));
        step->source = device->host_name;
        step->target = str_empty(device->name) ? NULL : device->name;
    }
}

static int64_t plan_offset_ns(const SpecTimeOffset *offset)
{
    return offset ? offset->secs * 1000000000 + offset->nanosecs : 0;
}

static void plan_time_offsets(PlanBuilder *builder)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    Plan *plan = builder->plan;
    const SpecTimeOffsets *offsets = spec_linux->time_offsets;
    if (!offsets || !(builder->new_namespaces & CLONE_NEWTIME))
        return;
    plan->time_offsets = true;
    plan->monotonic_offset_ns = plan_offset_ns(offsets->monotonic);
    plan->boottime_offset_ns = plan_offset_ns(offsets->boottime);
}

int plan_namespaces(PlanBuilder *builder, Error *error)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    int r = 0;
    for (size_t i = 0; spec_linux && r == 0 && i < spec_linux->namespaces.count; i++)
        r = plan_namespace(builder, i, error);
    if (r < 0)
        return r;
    builder->plan->own_userns = (builder->new_namespaces | builder->joined) & CLONE_NEWUSER;
    r = plan_mount_namespace(builder, error);
    if (r == 0)
        r = plan_id_maps(builder, error);
    if (r < 0)
        return r;
    plan_time_offsets(builder);
    plan_net_devices(builder);
    plan_resctrl(builder->plan, spec_linux->intel_rdt, false);
    return 0;
}

static int plan_names(PlanBuilder *builder, Error *error)
{
    const Spec *spec = builder->input->spec;
    const struct {
        const char *value, *field;
        StepKind kind;
    } names[] = {
        { spec->hostname, "hostname", STEP_HOSTNAME },
        { spec->domainname, "domainname", STEP_DOMAINNAME },
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_empty(names[i].value))
            continue;
        if (!((builder->new_namespaces | builder->joined) & CLONE_NEWUTS))
            return error_set(error, ERROR_USAGE, EINVAL,
                             "%s: cannot be set without a uts namespace of its own",
                             names[i].field);
        plan_add(builder->plan, names[i].kind, PHASE_ENTER, names[i].field)->target =
            names[i].value;
    }
    return 0;
}

/* The step that makes a whole and writable procfs for the container, or NULL. */
static Step *plan_own_procfs(const Plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        Step *step = &plan->steps[i];
        if (step->kind == STEP_MOUNT_NEW && str_eq(step->source, "proc") &&
            step->with.mount->options->count == 0 && !(step->with.mount->set & MOUNT_ATTR_RDONLY))
            return step;
    }
    return NULL;
}

/*
 * Sysctls are written through the container's own procfs, which nothing hides yet and nobody else
 * has seen. A private one, as labels need it later, costs its making and an RCU wait to let it go.
 */
static void plan_procfs(PlanBuilder *builder, bool private)
{
    Plan *plan = builder->plan;
    Step *own = private ? NULL : plan_own_procfs(plan);
    if (own && !own->out)
        own->out = plan_slot(plan, SLOT_MOUNT, PHASE_ROOT);
    Slot slot = own ? own->out : 0;
    Step *step = plan_add(plan, STEP_PROCFS, PHASE_ROOT, "default");
    if (slot)
        plan_use(plan, step, slot);
}

static void plan_sysctls(PlanBuilder *builder)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    const SpecProcess *process = builder->input->spec->process;
    bool sysctls = spec_linux && spec_linux->sysctl.count;
    bool labels = process && (process->apparmor_profile || process->selinux_label);
    if (sysctls || labels)
        plan_procfs(builder, labels);
    for (size_t i = 0; spec_linux && i < spec_linux->sysctl.count; i++) {
        Step *step =
            plan_add(builder->plan, STEP_SYSCTL, PHASE_ROOT,
                     plan_origin(builder, "linux.sysctl.%s", spec_linux->sysctl.items[i].key));
        step->target = spec_linux->sysctl.items[i].key;
        step->source = spec_linux->sysctl.items[i].value;
    }
}

/* The slot that holds the container's devpts, or 0. */
static Slot plan_devpts_slot(const Plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_MOUNT_NEW && plan->steps[i].out &&
            str_eq(plan->steps[i].source, "devpts"))
            return plan->steps[i].out;
    return 0;
}

static int plan_terminal(PlanBuilder *builder, Error *error)
{
    const SpecProcess *process = builder->input->spec->process;
    Plan *plan = builder->plan;
    if (!process || !process->terminal)
        return 0;
    Slot devpts = plan_devpts_slot(plan);
    if (!devpts)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "process.terminal: a terminal needs a devpts mount");
    plan->terminal = true;
    plan->rows = builder->input->rows;
    plan->columns = builder->input->columns;
    if (process->console_size) {
        plan->rows = (uint16_t)process->console_size->height;
        plan->columns = (uint16_t)process->console_size->width;
    }
    Step *step = plan_add(plan, STEP_TERMINAL, PHASE_ROOT, "process.terminal");
    step->target = "/dev/console";
    plan_use(plan, step, devpts);
    return 0;
}

/* Before pivot_root: the engine's hooks, then those in the container's namespaces. Those before the
 * program: plan_process.c. */
static void plan_hooks(PlanBuilder *builder)
{
    Plan *plan = builder->plan;
    const SpecHooks *hooks = builder->input->state ? builder->input->spec->hooks : NULL;
    if (!hooks)
        return;
    plan->hooks = hooks;
    bool create = hooks->create_container.count, start = hooks->start_container.count;
    if (create || start || hooks->prestart.count || hooks->create_runtime.count)
        (void)plan_add(plan, STEP_HOOKS_OUTSIDE, PHASE_ROOT, "hooks");
    if (create)
        plan_add(plan, STEP_HOOKS, PHASE_ROOT, "hooks")->flags = HOOK_CREATE_CONTAINER;
}

static void plan_pivot(PlanBuilder *builder)
{
    const Spec *spec = builder->input->spec;
    Plan *plan = builder->plan;
    /* Other runtimes make it, and images rely on that; what is there already is left alone. */
    if (spec->process && !str_empty(spec->process->cwd) && !str_eq(spec->process->cwd, "/"))
        plan_add(plan, STEP_DIRECTORY, PHASE_ROOT, "process.cwd")->target = spec->process->cwd;
    if (spec->root && spec->root->readonly)
        (void)plan_add(plan, STEP_ROOT_READONLY, PHASE_ROOT, "root.readonly");
    plan_add(plan, STEP_PIVOT, PHASE_ROOT, "root.path")->flags = builder->input->no_pivot;
    plan_root_propagation(builder);
    if (builder->host_mounts)
        plan_use(plan, plan_add(plan, STEP_LEAVE_MOUNTS, PHASE_ROOT, "linux.namespaces"),
                 builder->host_mounts);
}

static int plan_finish(PlanBuilder *builder, Error *error)
{
    const PlanInput *input = builder->input;
    if (!input->spec->process) { /* it can be created; to start it is an error */
        static const StepExec nothing;
        plan_add(builder->plan, STEP_EXEC, PHASE_FINISH, "process")->with.exec = &nothing;
        return 0;
    }
    static const SpecLinux none;
    const SpecLinux *spec_linux = input->spec->linux ? input->spec->linux : &none;
    PlanProcess process = {
        .plan = builder->plan,
        .process = input->spec->process,
        .seccomp = spec_linux->seccomp,
        .memory_policy = spec_linux->memory_policy,
        .personality = spec_linux->personality,
        .user = input->user,
        .extra_groups = input->extra_groups,
        .parent_death_signal = input->parent_death_signal,
        .preserve_fds = input->preserve_fds,
        .keep_keyring = input->keep_keyring,
    };
    if (input->init_path) {
        process.init = plan_slot(builder->plan, SLOT_FILE, PHASE_HOST);
        Step *step = plan_add(builder->plan, STEP_OPEN_FILE, PHASE_HOST, "--init");
        step->source = input->init_path;
        step->out = process.init;
    }
    return plan_process(&process, error);
}

int plan_build(const PlanInput *input, Arena *arena, Plan *ret_plan, Error *error)
{
    Plan plan = {
        .arena = arena,
        .id = input->id,
        .in_order = !input->engine_mounts,
        .unprivileged = input->unprivileged,
        .state = input->state,
        .keep_groups = input->keep_groups,
        .neighbours = input->neighbours,
        .neighbour_count = input->neighbour_count,
    };
    PlanBuilder builder = { .input = input, .plan = &plan };
    int r = plan_namespaces(&builder, error);
    if (r == 0)
        r = plan_cgroup(&builder, error);
    if (r == 0)
        plan_child_namespaces(&builder);
    if (r == 0)
        r = plan_names(&builder, error);
    if (r == 0)
        r = plan_root(&builder, error);
    if (r == 0)
        r = plan_mounts(&builder, error);
    if (r < 0)
        return r;
    const SpecLinux *spec_linux = input->spec->linux;
    if (spec_linux && !str_empty(spec_linux->mount_label) && !input->selinux)
        plan_warn(&plan, "linux.mountLabel: ignored, SELinux is not active");
    plan_sysctls(&builder);
    plan_hidden_paths(&builder);
    r = plan_terminal(&builder, error);
    if (r < 0)
        return r;
    plan_hooks(&builder);
    plan_pivot(&builder);
    r = plan_finish(&builder, error);
    if (r < 0)
        return r;
    plan_sort(&plan);
    *ret_plan = plan;
    return 0;
}
