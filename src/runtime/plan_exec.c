/*
 * `exec`: a plan without a tree to build. All namespaces of the container's first process are
 * joined by path through the stage, then the same last phase as of `run` follows.
 */
#include <fcntl.h>

#include "runtime/plan_build.h"
#include "runtime/plan_parts.h"

static void plan_exec_joins(Plan *plan, const PlanExecInput *input)
{
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        if (type == NAMESPACE_USER && input->userns_host)
            continue; /* joining one's own user namespace is refused by the kernel */
        PlanJoin *join = arena_append(plan->arena, &plan->joins, &plan->join_count, sizeof(*join));
        *join = (PlanJoin){
            .type = type,
            .path = arena_printf(plan->arena, "/proc/%d/ns/%s", (int)input->pid,
                                 namespace_table[type].proc_name),
            .origin = "exec",
        };
    }
    plan->own_userns = !input->userns_host;
    plan->unprivileged = input->unprivileged;
}

/* The root of the container is that of its mount namespace, unless that is the host's. */
static void plan_exec_root(Plan *plan, const PlanExecInput *input)
{
    Slot root = 0;
    if (!spec_namespace(input->spec, "mount")) {
        root = plan_slot(plan, SLOT_DIRECTORY, PHASE_HOST);
        Step *open = plan_add(plan, STEP_OPEN_PLACE, PHASE_HOST, "exec");
        open->source = arena_printf(plan->arena, "/proc/%d/root", (int)input->pid);
        open->flags = O_PATH | O_DIRECTORY;
        open->out = root;
    }
    Step *step = plan_add(plan, STEP_ROOT_OPEN, PHASE_ROOT, "exec");
    if (root)
        plan_use(plan, step, root);
}

static void plan_exec_terminal(Plan *plan, const PlanExecInput *input)
{
    if (!input->process->terminal)
        return;
    plan->terminal = true;
    plan->rows = input->rows;
    plan->columns = input->columns;
    if (input->process->console_size) {
        plan->rows = (uint16_t)input->process->console_size->height;
        plan->columns = (uint16_t)input->process->console_size->width;
    }
    (void)plan_add(plan, STEP_TERMINAL, PHASE_ROOT, "process.terminal");
}

/* The engine's process runs on the initial CPUs before it makes the child; the child moves to its
 * own once it is in the cgroup. */
static int plan_exec_place(Plan *plan, const PlanExecInput *input, Error *error)
{
    static const SpecCpuAffinity none;
    const SpecCpuAffinity *affinity =
        input->process->exec_cpu_affinity ? input->process->exec_cpu_affinity : &none;
    int r = plan_cpu_affinity(plan, PHASE_HOST, affinity->initial,
                              "process.execCPUAffinity.initial", error);
    if (r < 0)
        return r;
    if (input->cgroup_path) {
        Step *step = plan_add(plan, STEP_CGROUP_OPEN, PHASE_HOST, "exec");
        step->target = input->cgroup_path;
        step->flags = (uint64_t)input->pid;
        step->with.cgroups =
            arena_copy(plan->arena, &input->cgroup_parts, sizeof(input->cgroup_parts));
        plan_cgroup_tasks(plan, step, "exec");
    }
    return plan_cpu_affinity(plan, PHASE_ENTER, affinity->final, "process.execCPUAffinity.final",
                             error);
}

int plan_build_exec(const PlanExecInput *input, Arena *arena, Plan *ret_plan, Error *error)
{
    const PlanNeighbour self = { input->pid, input->start_ticks, input->id };
    Plan plan = {
        .arena = arena,
        .id = input->id,
        .join_pid = input->pid,
        .neighbours = arena_copy(arena, &self, sizeof(self)),
        .neighbour_count = 1,
    };
    plan_exec_joins(&plan, input);
    int r = plan_exec_place(&plan, input, error);
    if (r < 0)
        return r;
    plan_exec_root(&plan, input);
    if (input->process->apparmor_profile || input->process->selinux_label)
        (void)plan_add(&plan, STEP_PROCFS, PHASE_ROOT, "exec");
    plan_exec_terminal(&plan, input);
    static const SpecLinux none;
    const SpecLinux *spec_linux = input->spec->linux ? input->spec->linux : &none;
    plan_resctrl(&plan, spec_linux->intel_rdt, true);
    plan.state = input->state;
    PlanProcess process = {
        .plan = &plan,
        .process = input->process,
        .seccomp = input->privileged ? NULL : spec_linux->seccomp,
        .memory_policy = spec_linux->memory_policy,
        .personality = spec_linux->personality,
        .user = input->user,
        .extra_groups = input->extra_groups,
        .preserve_fds = input->preserve_fds,
        .keep_keyring = input->keep_keyring,
    };
    r = plan_process(&process, error);
    if (r < 0)
        return r;
    plan_sort(&plan);
    *ret_plan = plan;
    return 0;
}
