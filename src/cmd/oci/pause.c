/*
 * `pause` and `resume`: the freezer of the container's cgroup. The state is not recorded, the
 * cgroup knows it.
 */
#include <errno.h>
#include <signal.h>

#include "base/fd.h"
#include "instance.h"
#include "linux/process.h"

static bool pause_was_killed(const Instance *instance)
{
    const uint64_t kill_bit = 1u << (SIGKILL - 1);
    ProcessStatus status;
    int proc CLEANUP(fd_closep) = process_open(-1, instance->record.pid, NULL);
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance->record, NULL);
    return pidfd < 0 || proc < 0 || process_status(proc, instance->arena, &status, NULL) < 0 ||
           ((status.signals_pending[0] | status.signals_pending[1]) & kill_bit);
}

/* On v1 a process that was killed before it is frozen would neither end nor go on: what is about
 * to end is let go. */
static int pause_freeze(const Instance *instance, const Cgroup *cgroup, Error *error)
{
    int r = cgroup_freeze(cgroup, true, error);
    if (r < 0 || !pause_was_killed(instance))
        return r;
    (void)!cgroup_freeze(cgroup, false, NULL);
    return error_set(error, ERROR_CONFLICT, ESRCH, "container not running: %s",
                     instance->record.id);
}

static int pause_change(CommandCall *call, bool frozen, Error *error)
{
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    int r = instance_open(&instance, call, true, error);
    if (r < 0)
        return r;
    OciStatus status = instance_status(&instance);
    bool fits = frozen ? status == OCI_STATUS_RUNNING || status == OCI_STATUS_CREATED
                       : status == OCI_STATUS_PAUSED;
    if (!fits)
        return error_set(error, ERROR_CONFLICT, EINVAL, "container not %s: %s is %s",
                         frozen ? "running" : "paused", instance.record.id,
                         oci_state_status_name(status));
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    r = instance_cgroup(&instance, &cgroup, error);
    if (r < 0)
        return r;
    return frozen ? pause_freeze(&instance, &cgroup, error) : cgroup_freeze(&cgroup, false, error);
}

static int pause_run(CommandCall *call, Error *error)
{
    return pause_change(call, true, error);
}

static int resume_run(CommandCall *call, Error *error)
{
    return pause_change(call, false, error);
}

const Command pause_command = {
    .name = "pause",
    .summary = "Stop all processes of a container where they are",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .run = pause_run,
};

const Command resume_command = {
    .name = "resume",
    .summary = "Let a paused container go on",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .run = resume_run,
};
