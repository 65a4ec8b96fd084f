/*
 * `pause` and `resume`: the freezer of the container's cgroup. The state is not recorded, the
 * cgroup knows it.
 */
#include <errno.h>

#include "instance.h"

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
    return r < 0 ? r : cgroup_freeze(&cgroup, frozen, error);
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
