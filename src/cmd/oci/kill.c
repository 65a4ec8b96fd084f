/*
 * `kill`: by a pidfd that was checked against the start time, so a reused pid is never hit. Engines
 * look for the words "container not running".
 */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "base/str.h"
#include "instance.h"
#include "linux/clone.h"
#include "linux/signalname.h"

typedef struct KillOptions {
    bool all, regex;
} KillOptions;

static const Option kill_options[] = {
    { 'a', "all", OPTION_FLAG(KillOptions, all), NULL,
      "Send the signal to all processes of the container" },
    { 'r', "regex", OPTION_FLAG(KillOptions, regex), NULL,
      "Signal all containers whose id matches ID, a regular expression" },
    OPTION_END,
};

/* A number too, as runc: 0 asks whether the process is there. */
static int kill_signal(const char *word, int *ret_signal, Error *error)
{
    uint32_t number;
    int signal = signalname_parse(word);
    if (signal < 0 && str_to_u32(word, &number) == 0 && number <= (uint32_t)SIGRTMAX)
        signal = (int)number;
    if (signal < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "unknown signal \"%s\"", word);
    *ret_signal = signal;
    return 0;
}

static int kill_all(Instance *instance, int signal, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_cgroup(instance, &cgroup, error);
    return r < 0 ? r : cgroup_kill(&cgroup, signal, error);
}

/*
 * A frozen process does not take SIGKILL (v1): killing the cgroup thaws it. Looked at afterwards,
 * so that of a `pause` at the same time either we see the freezing or it sees the signal.
 */
static int kill_process(Instance *instance, int signal, bool none_is_fine, Error *error)
{
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance->record, error);
    if (pidfd < 0)
        return none_is_fine ? 0 : pidfd;
    int r = clone_pidfd_signal(pidfd, signal, error);
    if (r == -ESRCH)
        return error_set(error, ERROR_CONFLICT, ESRCH, "container not running: %s",
                         instance->record.id);
    if (r == 0 && signal == SIGKILL && instance_status(instance) == OCI_STATUS_PAUSED)
        r = kill_all(instance, SIGKILL, error);
    return r;
}

static int kill_one(CommandCall *call, Error *error)
{
    const KillOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    int r = instance_open(&instance, call, false, error);
    if (r < 0)
        return r;
    int signal = SIGTERM;
    if (call->argument_count > 1 && !str_empty(call->arguments[1]))
        r = kill_signal(call->arguments[1], &signal, error);
    if (r < 0)
        return r;
    /* Without a pid namespace of its own the end of one process is not the end of all. */
    bool all = options->all || (signal == SIGKILL && !instance.record.own_pidns);
    if (all && instance.record.cgroup_path) {
        Error failure = { 0 };
        r = kill_all(&instance, signal, &failure);
        if (r == 0 || failure.kind != ERROR_NOT_FOUND)
            return r == 0 ? 0 : error_set(error, failure.kind, failure.code, "%s", failure.message);
    }
    return kill_process(&instance, signal, options->all, error);
}

static int kill_run(CommandCall *call, Error *error)
{
    const KillOptions *options = call->values;
    return instance_each(call, options->regex, kill_one, error);
}

const Command kill_command = {
    .name = "kill",
    .summary = "Send a signal to a container's process (default TERM)",
    .arguments = "ID [SIGNAL]",
    .arguments_min = 1,
    .arguments_max = 2,
    .completes = "container",
    .examples = "# the word with or without SIG, or its number\nambit-oci kill web HUP",
    .options = kill_options,
    .values_size = sizeof(KillOptions),
    .run = kill_run,
};
