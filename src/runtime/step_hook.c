/*
 * Hooks as steps of the child. Those of the engine's side are run by the engine while the child
 * waits in STEP_HOOKS_OUTSIDE.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/channel.h"
#include "runtime/hook.h"
#include "runtime/steps.h"

int step_hooks_outside(Runner *runner, const Step *step UNUSED, Error *error)
{
    int r = channel_tell(runner->channel, MESSAGE_HOOKS, error);
    if (r < 0)
        return r;
    Message message;
    do { /* the word to go on may have come before */
        size_t count = 0;
        r = channel_receive(runner->channel, &message, NULL, &count, error);
        if (r < 0)
            return r;
        runner->started = runner->started || message.kind == MESSAGE_START;
    } while (message.kind == MESSAGE_START);
    if (message.kind != MESSAGE_HOOKED)
        return error_set(error, ERROR_SYSTEM, EPROTO, "the engine gave up");
    return 0;
}

/* A hook without variables has its caller's. The engine's may be secrets, and the program of this
 * one is the image's: it has those of the container's program. */
static void step_hooks_environment(const Plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_EXEC && plan->steps[i].with.exec->env->count)
            environ = plan->steps[i].with.exec->env->items;
        else if (plan->steps[i].kind == STEP_EXEC)
            (void)clearenv();
}

int step_hooks(Runner *runner, const Step *step, Error *error)
{
    HookKind kind = (HookKind)step->flags;
    if (kind == HOOK_START_CONTAINER)
        step_hooks_environment(runner->plan);
    OciState state = *runner->plan->state;
    state.status = OCI_STATUS_CREATED;
    state.pid = getpid(); /* runtime.md#state: as seen by the container */
    int r = hook_run(runner->plan->hooks, kind, &state, -1, error);
    runner->unhooked = r < 0;
    return r;
}

void step_describe_hooks(const Step *step, StrBuf *text)
{
    if (step->kind == STEP_HOOKS)
        strbuf_add(text, hook_name((HookKind)step->flags));
    else
        strbuf_add(text, "prestart, createRuntime");
}
