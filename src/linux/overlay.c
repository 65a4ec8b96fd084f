/*
 * Overlays whose layers are handed over as open directories, never as paths: layers may lie in a
 * detached mount that no path reaches, and names need no escaping and meet no length limit.
 *
 *   Linux 6.13   fsconfig(FSCONFIG_SET_FD)
 *   Linux 6.8    fsconfig "lowerdir+" = /proc/self/fd/N (a string there has at most 255 bytes)
 *   older        mount(2) by a short-lived child in a mount namespace of its own, which sits in
 *                /proc/self/fd, so that "lowerdir=7:8:9" names 500 layers in one page. Also where
 *                base_fd is a detached mount, before Linux 6.15
 *
 * The traps: the child's mounts must be private before it mounts, else the host sees the overlay.
 * And the kernel writes the upper layer with the ids of whoever mounted: below an idmapped upper
 * layer the host's root has no counterpart, "work" cannot be made and the overlay turns silently
 * read-only. So the mount is made with the filesystem ids of the work directory's owner.
 */
#include "linux/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "linux/clone.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

enum {
    OVERLAY_LOWERS_MAX = 500, /* the kernel's own limit */
    OVERLAY_DATA_MAX = 4096,
    OVERLAY_UPPER = 0, /* places in OverlayDirs.fds; the lowers follow */
    OVERLAY_WORK = 1,
    OVERLAY_LOWERS = 2,
};

typedef struct OverlayDirs {
    int fds[OVERLAY_LOWERS + OVERLAY_LOWERS_MAX];
    size_t count;
} OverlayDirs;

static void overlay_dirs_done(OverlayDirs *dirs)
{
    for (size_t i = 0; i < dirs->count; i++)
        fd_close(dirs->fds[i]);
    dirs->count = 0;
}

static int overlay_open_dir(int base_fd, const char *path, OverlayDirs *dirs, Error *error)
{
    /* Not O_PATH: fsconfig takes that since Linux 6.15 only. */
    int fd = path ? openat(base_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (path && fd < 0)
        return error_errno(error, errno, "open the overlay directory %s", path);
    dirs->fds[dirs->count++] = fd;
    return 0;
}

static int overlay_open_dirs(const OverlayOptions *options, OverlayDirs *dirs, Error *error)
{
    if (options->lower_count == 0 || options->lower_count > OVERLAY_LOWERS_MAX)
        return error_set(error, ERROR_LIMIT, EINVAL, "%zu lower layers, allowed are 1 to %d",
                         options->lower_count, OVERLAY_LOWERS_MAX);
    if (!options->upper != !options->work)
        return error_set(error, ERROR_USAGE, EINVAL, "an upper layer needs a work directory");
    int upper_base_fd = options->upper_elsewhere ? options->upper_base_fd : options->base_fd;
    int r = overlay_open_dir(upper_base_fd, options->upper, dirs, error);
    if (r == 0)
        r = overlay_open_dir(upper_base_fd, options->work, dirs, error);
    for (size_t i = 0; r == 0 && i < options->lower_count; i++)
        r = overlay_open_dir(options->base_fd, options->lowers[i], dirs, error);
    return r;
}

/* ---- the mounter's ids ---- */

typedef struct OverlayMounter {
    uid_t uid, old_uid;
    gid_t gid, old_gid;
} OverlayMounter;

/* Filesystem ids of the calling thread. Leaving 0 takes CAP_CHOWN, CAP_DAC_OVERRIDE and their like
 * out of the effective set, which the overlay needs to keep: the set is put back. */
static int overlay_set_fsids(uid_t uid, gid_t gid)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    (void)setfsgid(gid);
    (void)setfsuid(uid);
    if (setfsuid((uid_t)-1) != (int)uid || setfsgid((gid_t)-1) != (int)gid)
        return -EPERM;
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/* Becomes the owner of the work directory, as seen through its mount. */
static int overlay_mounter_enter(const OverlayDirs *dirs, OverlayMounter *mounter, Error *error)
{
    struct stat st;
    mounter->old_uid = mounter->uid = (uid_t)setfsuid((uid_t)-1);
    mounter->old_gid = mounter->gid = (gid_t)setfsgid((gid_t)-1);
    if (dirs->fds[OVERLAY_WORK] < 0)
        return 0;
    if (fstat(dirs->fds[OVERLAY_WORK], &st) < 0)
        return error_errno(error, errno, "stat of the overlay's work directory");
    if (st.st_uid == mounter->old_uid && st.st_gid == mounter->old_gid)
        return 0;
    mounter->uid = st.st_uid;
    mounter->gid = st.st_gid;
    int r = overlay_set_fsids(st.st_uid, st.st_gid);
    if (r < 0)
        return error_errno(error, r, "act as %u:%u, the owner of the overlay's work directory",
                           st.st_uid, st.st_gid);
    return 0;
}

static void overlay_mounter_leave(const OverlayMounter *mounter)
{
    if (mounter->uid != mounter->old_uid || mounter->gid != mounter->old_gid)
        (void)overlay_set_fsids(mounter->old_uid, mounter->old_gid);
}

/* ---- first and second rung: an fsopen context ---- */

static int overlay_set_dir(int context, const char *key, int fd, OverlayRung rung, Error *error)
{
    char path[FD_PATH_SIZE];
    if (rung == OVERLAY_RUNG_FD)
        return mount_context_fd(context, key, fd, error);
    return mount_context_string(context, key, fd_path(fd, path), error);
}

static int overlay_mount_context(const OverlayOptions *options, const OverlayDirs *dirs,
                                 OverlayRung rung, Error *error)
{
    int context CLEANUP(fd_closep) = mount_open_context("overlay", error);
    if (context < 0)
        return context;
    int r = mount_context_string(context, "source", "overlay", error);
    for (size_t i = OVERLAY_LOWERS; r == 0 && i < dirs->count; i++)
        r = overlay_set_dir(context, "lowerdir+", dirs->fds[i], rung, error);
    if (r == 0 && options->upper)
        r = overlay_set_dir(context, "upperdir", dirs->fds[OVERLAY_UPPER], rung, error);
    if (r == 0 && options->work)
        r = overlay_set_dir(context, "workdir", dirs->fds[OVERLAY_WORK], rung, error);
    if (r == 0 && options->volatile_sync)
        r = mount_context_flag(context, "volatile", error);
    if (r == 0 && options->userxattr)
        r = mount_context_flag(context, "userxattr", error);
    OverlayMounter mounter CLEANUP(overlay_mounter_leave) = { 0 };
    if (r == 0)
        r = overlay_mounter_enter(dirs, &mounter, error);
    return r < 0 ? r : mount_context_finish(context, 0, error);
}

/* ---- third rung: a child with a mount namespace of its own ---- */

static int overlay_print_data(const OverlayOptions *options, const OverlayDirs *dirs,
                              char data[OVERLAY_DATA_MAX])
{
    size_t used = 0;
    for (size_t i = OVERLAY_LOWERS; i < dirs->count && used < OVERLAY_DATA_MAX; i++)
        used += (size_t)snprintf(data + used, OVERLAY_DATA_MAX - used, "%s%d",
                                 i == OVERLAY_LOWERS ? "lowerdir=" : ":", dirs->fds[i]);
    if (options->upper && used < OVERLAY_DATA_MAX)
        used += (size_t)snprintf(data + used, OVERLAY_DATA_MAX - used, ",upperdir=%d,workdir=%d",
                                 dirs->fds[OVERLAY_UPPER], dirs->fds[OVERLAY_WORK]);
    if (used < OVERLAY_DATA_MAX)
        used += (size_t)snprintf(data + used, OVERLAY_DATA_MAX - used, "%s%s",
                                 options->volatile_sync ? ",volatile" : "",
                                 options->userxattr ? ",userxattr" : "");
    return used < OVERLAY_DATA_MAX ? 0 : -E2BIG;
}

/*
 * The base as a mount of this namespace: overlay takes no layers of another one, nor, before Linux
 * 6.15, detached ones. A detached base moves in; any other is looked up anew by its path and must
 * be the same directory.
 */
static int overlay_child_base(int base_fd, Error *error)
{
    static const char *const doing = "find the overlay's base directory";
    char link[16], path[PATH_MAX];
    struct stat wanted, found;
    if (sys_move_mount(base_fd, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) == 0) {
        /* A clone of a shared mount is its peer: what comes to lie on one appears on the host. */
        if (mount(NULL, "/proc", NULL, MS_PRIVATE, NULL) < 0)
            return error_errno(error, errno, "%s", doing);
        return base_fd;
    }
    int refused = errno; /* EINVAL: it is not detached */
    (void)snprintf(link, sizeof(link), "%d", base_fd);
    ssize_t length = readlink(link, path, sizeof(path));
    if (length < 0 || (size_t)length == sizeof(path))
        return error_errno(error, ENAMETOOLONG, "%s", doing);
    path[length] = '\0';
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(base_fd, &wanted) == 0 && fstat(fd, &found) == 0 &&
        wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino)
        return fd;
    if (refused == EINVAL)
        return error_errno(error, EXDEV, "%s", doing);
    return mount_call_error(refused, "move_mount", doing, "", error);
}

/* In the child, which ends soon and closes nothing. /proc serves as the mount point, since it
 * exists, for one after the other; what is still needed of it is the working directory. */
static int overlay_child_mount(const OverlayOptions *options, Error *error)
{
    OverlayOptions here = *options;
    OverlayDirs dirs = { .count = 0 };
    OverlayMounter mounter;
    char data[OVERLAY_DATA_MAX];
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || chdir("/proc/self/fd") < 0)
        return error_errno(error, errno, "prepare the mount of an overlay");
    here.base_fd = overlay_child_base(options->base_fd, error);
    if (here.base_fd < 0)
        return here.base_fd;
    if (options->upper_elsewhere)
        here.upper_base_fd = overlay_child_base(options->upper_base_fd, error);
    if (options->upper_elsewhere && here.upper_base_fd < 0)
        return here.upper_base_fd;
    int r = overlay_open_dirs(&here, &dirs, error);
    if (r == 0)
        r = overlay_mounter_enter(&dirs, &mounter, error);
    if (r < 0)
        return r;
    r = overlay_print_data(&here, &dirs, data);
    if (r < 0)
        return error_errno(error, r, "too many layers for this kernel's overlay");
    if (mount("overlay", "/proc", "overlay", 0, data) < 0)
        return error_errno(error, errno, "mount an overlay of %zu layers", options->lower_count);
    return mount_clone(AT_FDCWD, "/proc", false, error);
}

static _Noreturn void overlay_child(const OverlayOptions *options, int socket)
{
    Error error = { 0 };
    int fd = overlay_child_mount(options, &error);
    _exit(fd_send(socket, &error, sizeof(error), &fd, fd < 0 ? 0 : 1) < 0);
}

static int overlay_mount_classic(const OverlayOptions *options, Error *error)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_errno(error, errno, "make a socket pair");
    const CloneOptions clone_options = { .flags = CLONE_NEWNS, .cgroup_fd = -1 };
    pid_t pid = clone_process(&clone_options, error);
    if (pid == 0)
        overlay_child(options, sockets[1]);
    fd_close(sockets[1]);

    Error answer = { 0 };
    int fd = -1;
    size_t count = 1;
    ssize_t size = pid < 0 ? -1 : fd_receive(sockets[0], &answer, sizeof(answer), &fd, &count);
    fd_close(sockets[0]);
    if (pid < 0)
        return (int)pid;
    (void)!clone_wait(pid, NULL, NULL);
    if (size != sizeof(answer) || (answer.code == 0 && count != 1))
        return error_set(error, ERROR_SYSTEM, EIO, "the helper that mounts an overlay ended");
    if (answer.code == 0)
        return fd;
    if (error)
        *error = answer;
    return -answer.code;
}

int overlay_mount_rung(const OverlayOptions *options, OverlayRung rung, Error *error)
{
    OverlayDirs dirs CLEANUP(overlay_dirs_done) = { .count = 0 };
    int r = overlay_open_dirs(options, &dirs, error);
    if (r < 0)
        return r;
    return rung == OVERLAY_RUNG_CLASSIC ? overlay_mount_classic(options, error)
                                        : overlay_mount_context(options, &dirs, rung, error);
}

int overlay_mount(const OverlayOptions *options, Error *error)
{
    OverlayDirs dirs CLEANUP(overlay_dirs_done) = { .count = 0 };
    int r = overlay_open_dirs(options, &dirs, error);
    if (r < 0)
        return r;

    Error first = { 0 };
    int fd = overlay_mount_context(options, &dirs, OVERLAY_RUNG_FD, &first);
    if (fd == -EINVAL)
        fd = overlay_mount_context(options, &dirs, OVERLAY_RUNG_STRING, NULL);
    if (fd >= 0)
        return fd;
    /* EOPNOTSUPP: before Linux 6.5 overlay takes no descriptors through fsconfig. */
    bool old = fd == -EINVAL || fd == -EOPNOTSUPP || fd == -ENOSYS || fd == -EPERM;
    Error second = { 0 };
    if (old)
        fd = overlay_mount_classic(options, &second);
    if (fd >= 0)
        return fd;
    /* Of what this kernel has not there is nothing to say; else the newest way is more precise. */
    const Error *told = first.code == ENOSYS || first.code == EOPNOTSUPP ? &second : &first;
    if (error)
        *error = *told;
    return -told->code;
}
