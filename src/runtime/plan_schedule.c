/*
 * How the kernel treats the process: scheduler, I/O priority, CPUs, memory nodes and personality.
 *
 * Root of a user namespace may not raise its own priorities, the engine may for it. The process
 * does it itself where it can: what hooks it runs before should not have them.
 */
#include <errno.h>

#include "runtime/plan_parts.h"

static StepPhase plan_schedule_phase(const PlanProcess *input)
{
    return input->plan->own_userns ? PHASE_SUPPLY : PHASE_FINISH;
}

static int plan_scheduler(const PlanProcess *input, Error *error)
{
    const SpecScheduler *wanted = input->process->scheduler;
    if (!wanted)
        return 0;
    IdentityScheduler *scheduler = arena_alloc(input->plan->arena, sizeof(*scheduler));
    *scheduler = (IdentityScheduler){
        .nice = wanted->nice,
        .priority = (uint32_t)wanted->priority,
        .runtime_ns = wanted->runtime,
        .deadline_ns = wanted->deadline,
        .period_ns = wanted->period,
    };
    if (identity_scheduler_policy_from_name(wanted->policy, &scheduler->policy) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "process.scheduler.policy: unknown policy '%s'", wanted->policy);
    for (size_t i = 0; i < wanted->flags.count; i++) {
        uint64_t flag;
        if (identity_scheduler_flag_from_name(wanted->flags.items[i], &flag) < 0)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "process.scheduler.flags[%zu]: unknown flag '%s'", i,
                             wanted->flags.items[i]);
        scheduler->flags |= flag;
    }
    Step *step =
        plan_add(input->plan, STEP_SCHEDULER, plan_schedule_phase(input), "process.scheduler");
    step->target = wanted->policy;
    step->with.scheduler = scheduler;
    return 0;
}

static int plan_io_priority(const PlanProcess *input, Error *error)
{
    const SpecIoPriority *wanted = input->process->io_priority;
    uint32_t class;
    if (!wanted)
        return 0;
    if (identity_ioprio_class_from_name(wanted->class, &class) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "process.ioPriority.class: unknown class '%s'",
                         wanted->class);
    const int64_t priority = wanted->priority;
    Step *step =
        plan_add(input->plan, STEP_IO_PRIORITY, plan_schedule_phase(input), "process.ioPriority");
    step->source = wanted->class;
    step->flags = class;
    step->with.number = arena_copy(input->plan->arena, &priority, sizeof(priority));
    return 0;
}

static int plan_memory_policy(const PlanProcess *input, Error *error)
{
    const SpecMemoryPolicy *wanted = input->memory_policy;
    if (!wanted)
        return 0;
    Mempolicy *policy = arena_alloc(input->plan->arena, sizeof(*policy));
    if (mempolicy_mode_from_name(wanted->mode, &policy->mode) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "linux.memoryPolicy.mode: unknown mode '%s'",
                         wanted->mode);
    for (size_t i = 0; i < wanted->flags.count; i++) {
        uint32_t flag;
        if (mempolicy_flag_from_name(wanted->flags.items[i], &flag) < 0)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "linux.memoryPolicy.flags[%zu]: unknown flag '%s'", i,
                             wanted->flags.items[i]);
        policy->mode |= flag;
    }
    if (!str_empty(wanted->nodes) && identity_cpu_list(wanted->nodes, &policy->nodes) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "linux.memoryPolicy.nodes: '%s' is not a list of nodes", wanted->nodes);
    Step *step = plan_add(input->plan, STEP_MEMORY_POLICY, PHASE_FINISH, "linux.memoryPolicy");
    step->source = wanted->mode;
    step->target = str_empty(wanted->nodes) ? "no node" : wanted->nodes;
    step->with.mempolicy = policy;
    return 0;
}

static int plan_personality(const PlanProcess *input, Error *error)
{
    unsigned long domain;
    if (!input->personality)
        return 0;
    if (identity_personality_from_name(input->personality->domain, &domain) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "linux.personality.domain: unknown domain '%s'",
                         input->personality->domain);
    Step *step = plan_add(input->plan, STEP_PERSONALITY, PHASE_FINISH, "linux.personality");
    step->target = input->personality->domain;
    step->flags = domain;
    return 0;
}

int plan_schedule(const PlanProcess *input, Error *error)
{
    int r = plan_scheduler(input, error);
    if (r == 0)
        r = plan_io_priority(input, error);
    if (r == 0)
        r = plan_memory_policy(input, error);
    return r < 0 ? r : plan_personality(input, error);
}

int plan_cpu_affinity(Plan *plan, StepPhase phase, const char *list, const char *origin,
                      Error *error)
{
    if (str_empty(list))
        return 0;
    cpu_set_t *cpus = arena_alloc(plan->arena, sizeof(*cpus));
    if (identity_cpu_list(list, cpus) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "%s: '%s' is not a list of CPUs", origin,
                         list);
    Step *step = plan_add(plan, STEP_CPU_AFFINITY, phase, origin);
    step->target = list;
    step->with.cpus = cpus;
    return 0;
}
