/*
 * The running program, executed anew from something nobody can write.
 *
 * First rung: a detached clone of the one file's mount, made read-only. No namespace holds it, so
 * nobody can remount it, and whoever opens /proc/PID/exe opens it through that mount. Second rung,
 * without CAP_SYS_ADMIN or open_tree: a copy in a memfd, sealed against writing.
 *
 * The trap: the check and the making must agree, or the program would execute itself for ever; that
 * is what the tests run first.
 */
#include "linux/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 0x0002U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW   0x0004
#define F_SEAL_WRITE  0x0008
#endif

static const char sealed_exe[] = "/proc/self/exe";

bool sealed_already(void)
{
    enum { STATFS_RDONLY = 1 };
    struct statfs fs;
    if (statfs(sealed_exe, &fs) == 0 && (fs.f_flags & STATFS_RDONLY))
        return true;
    int fd CLEANUP(fd_closep) = open(sealed_exe, O_RDONLY | O_CLOEXEC);
    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE);
}

static int sealed_from_mount(void)
{
    int fd CLEANUP(fd_closep) =
        sys_open_tree(AT_FDCWD, sealed_exe, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return -errno;
    const SyscallMountAttr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
    if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int sealed_memfd(void)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = (int)syscall(SYS_memfd_create, "ambit", flags | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = (int)syscall(SYS_memfd_create, "ambit", flags);
    return fd < 0 ? -errno : fd;
}

static int sealed_from_copy(void)
{
    struct stat st;
    int source CLEANUP(fd_closep) = open(sealed_exe, O_RDONLY | O_CLOEXEC);
    int copy CLEANUP(fd_closep) = sealed_memfd();
    if (source < 0 || fstat(source, &st) < 0)
        return -errno;
    if (copy < 0)
        return copy;
    for (off_t done = 0; done < st.st_size;) {
        ssize_t n = sendfile(copy, source, &done, (size_t)(st.st_size - done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
    }
    if (fchmod(copy, 0555) < 0 ||
        fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return -errno;
    return TAKE_FD(copy);
}

/* The programs and files that belong to ours are found beside it (base/companion.h). */
static void sealed_tell_path(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink(sealed_exe, path, sizeof(path) - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    (void)setenv("AMBIT_PROGRAM", path, 1);
}

int sealed_exec(char *const argv[], Error *error)
{
    int fd CLEANUP(fd_closep) = sealed_from_mount();
    if (fd < 0)
        fd = sealed_from_copy();
    if (fd < 0)
        return error_errno(error, fd, "make a sealed copy of the running program");
    sealed_tell_path();
    (void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
    return error_errno(error, errno, "execute the sealed copy of the running program");
}
