/*
 * `run`: create and start in one, without the wait between them. In the foreground this process
 * stands in for a supervisor: it passes signals and the terminal on and deletes at the end.
 */
#include <unistd.h>

#include "base/fd.h"
#include "engine/foreground.h"
#include "instance.h"
#include "notify.h"

static const Option run_options[] = {
    INSTANCE_OPTIONS,
    { 'd', "detach", OPTION_FLAG(InstanceOptions, detach), NULL, "Do not wait for the process" },
    { 0, "keep", OPTION_FLAG(InstanceOptions, keep), NULL, "Do not delete it when it ends" },
    OPTION_END,
};

static int run_wait(Instance *instance, const sigset_t *signals, int *ret_status, Error *error)
{
    const Launched *launched = &instance->launched;
    bool terminal = instance->spec->process && instance->spec->process->terminal &&
                    !instance->options->console_socket;
    Foreground foreground = {
        .interactive = true,
        .transparent = true,
        .terminal = terminal,
        .terminal_fd = terminal ? launched->terminal_fd : -1,
        .pid = launched->pid,
        .pidfd = launched->pidfd,
    };
    int r = foreground_wait(&foreground, signals, ret_status, error);
    instance->reaped = r == 0;
    return r;
}

static int run_run(CommandCall *call, Error *error)
{
    const InstanceOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.options = options;
    instance.arena = call->arena;
    sigset_t signals;
    int r = instance_seal(&instance, options, error);
    if (r < 0)
        return r;
    if (!options->detach)
        foreground_block_signals(&signals);
    int notify CLEANUP(fd_closep) = -1;
    instance.ret_notify = &notify;
    r = instance_make(&instance, call->arguments[0], false, error);
    if (r < 0)
        return r;
    r = instance_poststart(&instance, error);
    if (r == 0 && notify >= 0)
        r = notify_forward(notify, instance.launched.pidfd,
                           options->detach ? instance.launched.pid : getpid(),
                           options->detach ? NULL : &signals, error);
    if (r < 0 || options->detach)
        return r;
    r = run_wait(&instance, &signals, &call->exit_status, error);
    if (options->keep || !record_relock(&instance.place))
        return r;
    Error failure = { 0 };
    int end = instance_destroy(&instance, &failure);
    if (r == 0 && end < 0) {
        *error = failure;
        return end;
    }
    return r;
}

const Command run_command = {
    .name = "run",
    .summary = "Make a container and run its program",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = run_options,
    .values_size = sizeof(InstanceOptions),
    .run = run_run,
};
