/*
 * What steps share: descriptors in slots, and the ids of the container's root.
 */
#include "runtime/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/descriptors.h"
#include "linux/identity.h"

int runner_slot(const Runner *runner, const Step *step, Error *error)
{
    int fd = runner->slots[step->in];
    if (fd < 0)
        return error_set(error, ERROR_SYSTEM, EBADF, "nothing in slot %d", step->in);
    return fd;
}

void runner_fill(Runner *runner, const Step *step, int fd)
{
    fd_close(runner->slots[step->out]);
    runner->slots[step->out] = fd;
}

int runner_become_root(const Runner *runner, Error *error)
{
    /* Where setgroups is denied (a rootless caller) the groups stay what they are. */
    int r = runner->plan->keep_groups ? 0 : identity_set_groups(NULL, 0, error);
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

int runner_close_rest(Runner *runner, int more, Error *error)
{
    const Plan *plan = runner->plan;
    int keep[DESCRIPTORS_KEEP_MAX] = { runner->channel, more, runner->root_fd, runner->procfs_fd,
                                       runner->terminal_fd };
    size_t count = 5;
    unsigned preserve = 0;
    bool *used = arena_alloc(runner->arena, (plan->slot_count + 1) * sizeof(*used));
    for (size_t i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        if (step->kind == STEP_EXEC)
            preserve = (unsigned)step->with.exec->preserve_fds;
        if (step->phase == PHASE_FINISH && step->in)
            used[step->in] = true;
    }
    for (size_t i = 1; i < plan->slot_count; i++) {
        if (!used[i])
            runner->slots[i] = -1;
        else if (count == DESCRIPTORS_KEEP_MAX)
            return error_set(error, ERROR_LIMIT, E2BIG, "too many open files for the last phase");
        else
            keep[count++] = runner->slots[i];
    }
    runner->mask_fd = runner->null_fd = -1;
    return descriptors_close(preserve, keep, count, error);
}
