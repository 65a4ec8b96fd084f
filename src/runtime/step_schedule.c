/*
 * How the kernel treats the process: what plan_schedule.c asks for, by the process itself in the
 * last phase or by the engine for it.
 */
#include "runtime/steps.h"

static pid_t step_scheduled_pid(const Runner *runner, const Step *step)
{
    return step->phase == PHASE_SUPPLY ? runner->child : 0;
}

int step_scheduler(Runner *runner, const Step *step, Error *error)
{
    return identity_set_scheduler(step_scheduled_pid(runner, step), step->with.scheduler, error);
}

int step_io_priority(Runner *runner, const Step *step, Error *error)
{
    return identity_set_ioprio(step_scheduled_pid(runner, step), (uint32_t)step->flags,
                               (uint32_t)*step->with.number, error);
}

int step_cpu_affinity(Runner *runner UNUSED, const Step *step, Error *error)
{
    return identity_set_affinity(step->with.cpus, error);
}

int step_memory_policy(Runner *runner UNUSED, const Step *step, Error *error)
{
    return mempolicy_set(step->with.mempolicy, error);
}

int step_personality(Runner *runner UNUSED, const Step *step, Error *error)
{
    return identity_set_personality((unsigned long)step->flags, error);
}

void step_describe_io_priority(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%s %lld", step->source, (long long)*step->with.number);
}
