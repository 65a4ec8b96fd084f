/*
 * The loop over the steps of a phase. An error leaves here with the step's origin in front of it:
 * "mounts[3]: ...".
 */
#include "runtime/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/identity.h"
#include "runtime/steps.h"

static int runner_step(Runner *runner, size_t index, Error *error)
{
    const Step *step = &runner->plan->steps[index];
    StepTime *time = runner->times ? &runner->times[index] : NULL;
    if (time) {
        /* exec does not come back: its end is written before it. */
        time->start_ns = trace_now_ns();
        if (step->kind == STEP_EXEC)
            time->end_ns = time->start_ns;
    }
    int r = step_ops[step->kind].apply(runner, step, error);
    if (time)
        time->end_ns = trace_now_ns();
    return r < 0 ? error_wrap(error, "%s", step->origin) : 0;
}

int runner_phase(Runner *runner, StepPhase phase, Error *error)
{
    for (size_t i = 0; i < runner->plan->step_count; i++) {
        if (runner->plan->steps[i].phase != phase)
            continue;
        int r = runner_step(runner, i, error);
        if (r < 0)
            return r;
    }
    return 0;
}

int runner_slot(const Runner *runner, const Step *step, Error *error)
{
    int fd = runner->slots[step->in];
    if (fd < 0)
        return error_set(error, ERROR_SYSTEM, EBADF, "%s: nothing in slot %d",
                         step_ops[step->kind].name, step->in);
    return fd;
}

void runner_fill(Runner *runner, const Step *step, int fd)
{
    fd_close(runner->slots[step->out]);
    runner->slots[step->out] = fd;
}

int runner_become_root(Error *error)
{
    /* Where setgroups is denied (a rootless caller) the groups stay what they are. */
    int r = identity_set_groups(NULL, 0, error);
    if (r == 0 || r == -EPERM)
        r = identity_set_gid(0, error);
    return r < 0 ? r : identity_set_uid(0, error);
}

int runner_chown(const Runner *runner, int dirfd, const char *name, Error *error)
{
    uint32_t uid = 0, gid = 0;
    if (!runner->ids)
        return 0;
    if (idmap_to_host(runner->ids->uids, runner->ids->uid_count, 0, &uid) < 0 ||
        idmap_to_host(runner->ids->gids, runner->ids->gid_count, 0, &gid) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "linux.uidMappings: id 0 is not mapped");
    if (fchownat(dirfd, name, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "chown to the container's root");
    return 0;
}
