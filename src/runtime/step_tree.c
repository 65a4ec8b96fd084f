/*
 * What the tree holds besides mounts: devices, links, the terminal, and the places that are hidden
 * or read-only. Nothing here follows a path out of the root: parents are resolved by inroot.h, the
 * last name is used by *at() calls that do not follow links.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/device.h"
#include "linux/inroot.h"
#include "linux/syscalls.h"
#include "linux/terminal.h"
#include "runtime/channel.h"
#include "runtime/steps.h"

/*
 * Where a device or link goes. On the detached tmpfs that becomes /dev nobody but this process can
 * reach yet, so a plain name needs no resolution: 11 times five system calls less per start.
 */
static int step_place(const Runner *runner, const Step *step, char name[256], int *ret_close_fd,
                      Error *error)
{
    int base_fd = step->in ? runner_slot(runner, step, error) : runner->root_fd;
    *ret_close_fd = -1;
    if (base_fd < 0)
        return base_fd;
    const char *target = step->target + strspn(step->target, "/");
    if (step->phase == PHASE_SUPPLY && !strchr(target, '/') && strlen(target) < 256) {
        memcpy(name, target, strlen(target) + 1);
        return base_fd;
    }
    return *ret_close_fd = inroot_open_parent(base_fd, step->target, name, error);
}

/* In the parent on a detached tmpfs (slot), or in the child inside the root. */
int step_device(Runner *runner, const Step *step, Error *error)
{
    Device device = *step->with.device;
    char name[256];
    int opened CLEANUP(fd_closep) = -1;
    int parent_fd = step_place(runner, step, name, &opened, error);
    if (parent_fd < 0)
        return parent_fd;
    /* Made by the parent, the node is owned by the host's id of the container's user. */
    const StepIds *ids = step->phase == PHASE_SUPPLY ? runner->ids : NULL;
    if (ids && (idmap_to_host(ids->uids, ids->uid_count, device.uid, &device.uid) < 0 ||
                idmap_to_host(ids->gids, ids->gid_count, device.gid, &device.gid) < 0))
        return error_set(error, ERROR_USAGE, ERANGE, "owner %u:%u is not mapped", device.uid,
                         device.gid);
    return opened < 0 ? device_make_private(parent_fd, name, &device, error)
                      : device_make(parent_fd, name, &device, error);
}

void step_describe_device(const Step *step, StrBuf *text)
{
    const Device *device = step->with.device;
    strbuf_printf(text, "%s %c %u:%u mode %o", step->target, device->type, device->major,
                  device->minor, (unsigned)device->mode);
}

/* In the parent on a detached tmpfs, where only a device may be in its place: that is found out
 * when something is mounted on it. */
static int step_directory_private(const Runner *runner, const Step *step, Error *error)
{
    char name[256];
    int opened CLEANUP(fd_closep) = -1;
    int parent_fd = step_place(runner, step, name, &opened, error);
    if (parent_fd < 0)
        return parent_fd;
    if (mkdirat(parent_fd, name, 0755) < 0)
        return errno == EEXIST ? 0 : error_errno(error, errno, "directory %s", step->target);
    return runner_chown(runner, parent_fd, name, error);
}

int step_directory(Runner *runner, const Step *step, Error *error)
{
    if (step->in)
        return step_directory_private(runner, step, error);
    int fd CLEANUP(fd_closep) = inroot_make_dir(runner->root_fd, step->target, 0755, error);
    return fd < 0 ? fd : 0;
}

int step_symlink(Runner *runner, const Step *step, Error *error)
{
    char name[256];
    int opened CLEANUP(fd_closep) = -1;
    int parent_fd = step_place(runner, step, name, &opened, error);
    if (parent_fd < 0)
        return parent_fd;
    if (symlinkat(step->source, parent_fd, name) < 0)
        return errno == EEXIST
                   ? 0
                   : error_errno(error, errno, "symlink %s -> %s", step->target, step->source);
    return step->phase == PHASE_SUPPLY ? runner_chown(runner, parent_fd, name, error) : 0;
}

void step_describe_symlink(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%s -> %s", step->target, step->source);
}

/* The devpts to make a terminal in: the mount this process made (run), or what is on /dev/pts of a
 * container that was joined (exec), if it is one. */
static int step_open_devpts(const Runner *runner, const Step *step, Error *error)
{
    if (step->in) {
        int fd = runner_slot(runner, step, error);
        return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    }
    int fd CLEANUP(fd_closep) =
        inroot_open(runner->root_fd, "/dev/pts", O_RDONLY | O_DIRECTORY, error);
    if (fd < 0)
        return fd;
    uint64_t magic = 0;
    int r = mount_magic(fd, &magic, error);
    if (r < 0)
        return r;
    if (magic != DEVPTS_SUPER_MAGIC)
        return error_set(error, ERROR_DENIED, EPERM, "/dev/pts of the container is no devpts");
    return TAKE_FD(fd);
}

/* The container's terminal comes from its own devpts by descriptor: no path is involved that could
 * be swapped (CVE-2025-52565). */
int step_terminal(Runner *runner, const Step *step, Error *error)
{
    int devpts_fd CLEANUP(fd_closep) = step_open_devpts(runner, step, error);
    if (devpts_fd < 0)
        return devpts_fd;
    int master_fd CLEANUP(fd_closep) = terminal_open_master(devpts_fd, "ptmx", error);
    if (master_fd < 0)
        return master_fd;
    runner->terminal_fd = terminal_open_peer(master_fd, error);
    if (runner->terminal_fd < 0)
        return runner->terminal_fd;
    const Plan *plan = runner->plan;
    if (plan->rows && plan->columns) {
        int r = terminal_resize(master_fd, plan->rows, plan->columns, error);
        if (r < 0)
            return r;
    }
    if (step->target) {
        int mount_fd CLEANUP(fd_closep) = mount_clone(runner->terminal_fd, "", false, error);
        if (mount_fd < 0)
            return mount_fd;
        int target_fd CLEANUP(fd_closep) =
            inroot_make_file(runner->root_fd, step->target, 0600, error);
        int r = target_fd < 0 ? target_fd : mount_attach(mount_fd, target_fd, error);
        if (r < 0)
            return error_wrap(error, "%s", step->target);
    }
    Message message = { .kind = MESSAGE_TERMINAL };
    return channel_send(runner->channel, &message, &master_fd, 1, error);
}

/* The container's /dev/null, opened once and checked to be the real one (CVE-2025-31133). */
static int step_null(Runner *runner, Error *error)
{
    if (runner->null_fd >= 0)
        return runner->null_fd;
    int fd = inroot_open(runner->root_fd, "/dev/null", O_PATH | O_NOFOLLOW, error);
    if (fd < 0)
        return fd;
    static const Device null_device = { .type = 'c', .major = 1, .minor = 3 };
    int r = device_check(fd, &null_device, error);
    if (r < 0) {
        fd_close(fd);
        return error_wrap(error, "/dev/null");
    }
    return runner->null_fd = fd;
}

/* A clone of a mount that is attached already, on another target. */
static int step_cover(int cover_fd, int target_fd, Error *error)
{
    int clone_fd CLEANUP(fd_closep) = mount_clone(cover_fd, "", false, error);
    return clone_fd < 0 ? clone_fd : mount_attach(clone_fd, target_fd, error);
}

/* One empty read-only tmpfs serves all masked directories: one superblock, not one per path. */
static int step_mask_directory(Runner *runner, int target_fd, Error *error)
{
    if (runner->mask_fd >= 0)
        return step_cover(runner->mask_fd, target_fd, error);

    char *words[] = { (char *)"nr_inodes=1", (char *)"mode=555", NULL };
    StrList options = { .items = words, .count = 2 };
    runner->mask_fd = mount_new(
        "tmpfs", "tmpfs", &options,
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
    return runner->mask_fd < 0 ? runner->mask_fd : mount_attach(runner->mask_fd, target_fd, error);
}

static int step_mask_file(Runner *runner, int target_fd, Error *error)
{
    int null_fd = step_null(runner, error);
    return null_fd < 0 ? null_fd : step_cover(null_fd, target_fd, error);
}

int step_mask(Runner *runner, const Step *step, Error *error)
{
    int target_fd CLEANUP(fd_closep) = inroot_open(runner->root_fd, step->target, O_PATH, error);
    if (target_fd == -ENOENT || target_fd == -ENOTDIR)
        return 0;
    struct stat st;
    int r = target_fd;
    if (r >= 0 && fstat(target_fd, &st) < 0)
        r = error_errno(error, errno, "stat");
    if (r >= 0)
        r = S_ISDIR(st.st_mode) ? step_mask_directory(runner, target_fd, error)
                                : step_mask_file(runner, target_fd, error);
    return r < 0 ? error_wrap(error, "mask %s", step->target) : 0;
}

int step_readonly(Runner *runner, const Step *step, Error *error)
{
    int target_fd CLEANUP(fd_closep) = inroot_open(runner->root_fd, step->target, O_PATH, error);
    if (target_fd == -ENOENT || target_fd == -ENOTDIR)
        return 0;
    int clone_fd CLEANUP(fd_closep) = target_fd < 0 ? -1 : mount_clone(target_fd, "", true, error);
    int r = target_fd < 0 ? target_fd : clone_fd;
    MountAttributes readonly = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -1, .recursive = true };
    if (r >= 0)
        r = mount_change(clone_fd, &readonly, error);
    if (r >= 0)
        r = mount_attach(clone_fd, target_fd, error);
    return r < 0 ? error_wrap(error, "read-only %s", step->target) : 0;
}
