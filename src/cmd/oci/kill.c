/*
 * `kill`: by a pidfd that was checked against the start time, so a reused pid is never hit. Engines
 * look for the words "container not running".
 */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "instance.h"
#include "linux/clone.h"
#include "linux/signalname.h"

typedef struct KillOptions {
    bool all;
} KillOptions;

static const Option kill_options[] = {
    { 'a', "all", OPTION_FLAG(KillOptions, all), NULL,
      "Send the signal to all processes of the container" },
    OPTION_END,
};

static int kill_all(Instance *instance, int signal, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_cgroup(instance, &cgroup, error);
    return r < 0 ? r : cgroup_kill(&cgroup, signal, error);
}

static int kill_run(CommandCall *call, Error *error)
{
    const KillOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    int r = instance_open(&instance, call, false, error);
    if (r < 0)
        return r;
    const char *word = call->argument_count > 1 ? call->arguments[1] : "TERM";
    int signal = signalname_parse(word);
    if (signal <= 0)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a signal", word);
    /* Without a pid namespace of its own the end of one process is not the end of all. */
    bool all = options->all || (signal == SIGKILL && !instance.record.own_pidns);
    /* A frozen process does not take it (v1): killing the cgroup thaws it. */
    if (signal == SIGKILL && !all)
        all = instance_status(&instance) == OCI_STATUS_PAUSED;
    if (all && instance.record.cgroup_path)
        return kill_all(&instance, signal, error);
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance.record, error);
    if (pidfd < 0)
        return pidfd;
    r = clone_pidfd_signal(pidfd, signal, error);
    return r == -ESRCH ? error_set(error, ERROR_CONFLICT, ESRCH, "container not running: %s",
                                   instance.record.id)
                       : r;
}

const Command kill_command = {
    .name = "kill",
    .summary = "Send a signal to a container's process (default TERM)",
    .arguments = "ID [SIGNAL]",
    .arguments_min = 1,
    .arguments_max = 2,
    .options = kill_options,
    .values_size = sizeof(KillOptions),
    .run = kill_run,
};
