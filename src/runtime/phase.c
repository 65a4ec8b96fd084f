/*
 * The loop over the steps of a phase. An error leaves here with the step's origin in front of it:
 * "mounts[3]: ...".
 */
#include "runtime/phase.h"

#include "base/clock.h"
#include "runtime/steps.h"
#include "runtime/trace.h"

static int phase_step(Runner *runner, size_t index, Error *error)
{
    const Step *step = &runner->plan->steps[index];
    StepTime *time = runner->times ? &runner->times[index] : NULL;
    if (time) {
        /* exec does not come back: its end is written before it. */
        time->start_ns = clock_ns();
        if (step->kind == STEP_EXEC)
            time->end_ns = time->start_ns;
    }
    int r = step_ops[step->kind].apply(runner, step, error);
    if (time)
        time->end_ns = clock_ns();
    return r < 0 ? error_wrap(error, "%s", step->origin) : 0;
}

bool phase_exists(const Plan *plan, StepPhase phase)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].phase == phase)
            return true;
    return false;
}

int phase_check(Runner *runner, StepPhase phase, Error *error)
{
    for (size_t i = 0; i < runner->plan->step_count; i++) {
        const Step *step = &runner->plan->steps[i];
        if (step->phase != phase || !step_ops[step->kind].check)
            continue;
        int r = step_ops[step->kind].check(runner, step, error);
        if (r < 0)
            return error_wrap(error, "%s", step->origin);
    }
    return 0;
}

int phase_run(Runner *runner, StepPhase phase, Error *error)
{
    for (size_t i = 0; i < runner->plan->step_count; i++) {
        if (runner->plan->steps[i].phase != phase)
            continue;
        int r = phase_step(runner, i, error);
        if (r < 0)
            return r;
    }
    return 0;
}
