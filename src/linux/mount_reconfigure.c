/*
 * Options of a filesystem that is mounted already: what mount(8) calls remount, without its flags,
 * which are those of the mount (mount_change). They are the filesystem's everywhere it is mounted.
 */
#include <errno.h>

#include "base/fd.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

enum { RECONFIGURE_CLOEXEC = 1, RECONFIGURE_EMPTY_PATH = 8 }; /* FSPICK_... */

int mount_reconfigure(int target_fd, const StrList *options, Error *error)
{
    if (options->count == 0)
        return 0;
    int context CLEANUP(fd_closep) =
        (int)syscall(SYS_fspick, target_fd, "", RECONFIGURE_CLOEXEC | RECONFIGURE_EMPTY_PATH);
    if (context < 0)
        return error_errno(error, errno, "fspick");
    int r = 0;
    for (size_t i = 0; r == 0 && i < options->count; i++)
        r = mount_context_option(context, options->items[i], error);
    if (r < 0)
        return r;
    if (sys_fsconfig(context, SYSCALL_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
        return error_errno(error, errno, "change the options of a filesystem");
    return 0;
}
