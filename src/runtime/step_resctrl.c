/*
 * linux.intelRdt: the process is put into a group of the resctrl filesystem. With flags, into one
 * that the container's first process is in already (exec).
 */
#include "base/fd.h"
#include "runtime/steps.h"

int step_resctrl(Runner *runner, const Step *step, Error *error)
{
    int root_fd CLEANUP(fd_closep) = resctrl_open(error);
    if (root_fd < 0)
        return root_fd;
    const ResctrlGroup *group = step->with.resctrl;
    if (step->flags)
        return resctrl_join(root_fd, group, runner->child, error);
    int r = resctrl_make(root_fd, group, runner->child, error);
    runner->resctrl = r == 0 ? group : NULL;
    return r;
}
