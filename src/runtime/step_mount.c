/*
 * Mounts. Every mount is made detached and attached to a descriptor that was resolved inside the
 * container's root, so a symlink in an image or a race on a shared volume can only move a mount
 * within that root.
 *
 * Binds are cloned by the parent, which may open every source, and handed over; filesystems that
 * belong to the container's namespaces (proc, sysfs, mqueue, devpts, tmpfs) are made by the child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/inroot.h"
#include "linux/namespace.h"
#include "linux/syscalls.h"
#include "linux/treecopy.h"
#include "runtime/steps.h"

/*
 * A program of the host's that the container will run: through a read-only mount of its own, so
 * that one whose root is the host's root cannot write it by way of /proc/1/exe (CVE-2019-5736).
 */
int step_open_file(Runner *runner, const Step *step, Error *error)
{
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, step->source, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open %s", step->source);
    int mount_fd CLEANUP(fd_closep) = mount_clone(fd, "", false, error);
    MountAttributes readonly = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -1 };
    int r = mount_fd < 0 ? mount_fd : mount_change(mount_fd, &readonly, error);
    if (r < 0)
        return error_wrap(error, "%s", step->source);
    runner_fill(runner, step, TAKE_FD(mount_fd));
    return 0;
}

/* A namespace, or the root of a process: to be entered by the child. */
int step_open_place(Runner *runner, const Step *step, Error *error)
{
    int fd = open(step->source, (int)step->flags | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open %s", step->source);
    runner_fill(runner, step, fd);
    return 0;
}

/* Attributes of the tree first, then those of its top, then propagation. */
static int step_change(const StepMount *mount, int mount_fd, Error *error)
{
    const MountAttributes changes[] = {
        { .set = mount->rec_set, .clear = mount->rec_clear, .userns_fd = -1, .recursive = true },
        { .set = mount->set, .clear = mount->clear, .userns_fd = -1 },
        { .propagation = mount->propagation & ~(uint64_t)MS_REC,
          .userns_fd = -1,
          .recursive = mount->propagation & MS_REC },
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        if (!changes[i].set && !changes[i].clear && !changes[i].propagation)
            continue;
        int r = mount_change(mount_fd, &changes[i], error);
        if (r < 0)
            return r;
    }
    return 0;
}

/*
 * Idmapping is for the whole tree or nothing, and not every filesystem can (procfs, NFS, 9p). What
 * the spec demands must succeed; for the engine's own volumes the top alone, or the ids as they
 * are, is better than no volume.
 */
static int step_idmap_mount(Runner *runner, const Step *step, int mount_fd, Error *error)
{
    const StepMount *mount = step->with.mount;
    if (mount->idmap == STEP_IDMAP_NONE)
        return 0;
    int own_fd CLEANUP(fd_closep) = -1;
    if (mount->ids) {
        own_fd = idmap_make_userns(mount->ids->uids, mount->ids->uid_count, mount->ids->gids,
                                   mount->ids->gid_count, error);
        if (own_fd < 0)
            return own_fd;
    }
    MountAttributes change = {
        .userns_fd = mount->ids ? own_fd : runner->userns_fd,
        .recursive = mount->recursive && mount->idmap != STEP_IDMAP_TOP,
    };
    int r = mount_change(mount_fd, &change, error);
    if (r == 0 || mount->idmap != STEP_IDMAP_PREFERRED)
        return r;
    change.recursive = false;
    if (mount_change(mount_fd, &change, NULL) < 0 && !runner->unmapped)
        runner->unmapped = step;
    return 0;
}

/*
 * "/proc/PID/root/PATH" is another container's tree, and its mounts can be cloned only from inside
 * its mount namespace. Returns the path as seen there, NULL for any other source.
 */
static const char *step_foreign_path(const char *source, pid_t *ret_pid)
{
    static const char before[] = "/proc/", behind[] = "/root/";
    if (!str_starts(source, before))
        return NULL;
    const char *digits = source + strlen(before);
    size_t length = strspn(digits, "0123456789");
    char number[16] = "";
    uint32_t pid;
    if (length >= sizeof(number) || !str_starts(digits + length, behind))
        return NULL;
    memcpy(number, digits, length);
    if (str_to_u32(number, &pid) < 0 || pid == 0 || pid > INT32_MAX)
        return NULL;
    *ret_pid = (pid_t)pid;
    return digits + length + strlen(behind) - 1;
}

static int step_clone_source(const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    pid_t pid;
    const char *foreign = step_foreign_path(step->source, &pid);
    if (foreign)
        return mount_clone_of(pid, foreign, mount->recursive, error);
    int source_fd CLEANUP(fd_closep) =
        openat(AT_FDCWD, step->source, O_PATH | O_CLOEXEC | (mount->of_link ? O_NOFOLLOW : 0));
    if (source_fd < 0 && errno == ENOENT) /* "open" would say nothing more */
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no such file or directory");
    if (source_fd < 0)
        return error_errno(error, errno, "open");
    return mount_clone(source_fd, "", mount->recursive, error);
}

int step_mount_clone(Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    int mount_fd CLEANUP(fd_closep) = step_clone_source(step, error);
    if (mount_fd == -ENOENT && mount->optional)
        return 0;
    int r = mount_fd < 0 ? mount_fd : step_idmap_mount(runner, step, mount_fd, error);
    if (r == 0)
        r = step_change(mount, mount_fd, error);
    if (r < 0)
        return error_wrap(error, "source %s", step->source);
    runner_fill(runner, step, TAKE_FD(mount_fd));
    return 0;
}

/* Upper and work directory in a tmpfs of the container's own, which belong to its root. */
static int step_memory_directories(const Runner *runner, const StepOverlay *overlay, Error *error)
{
    const char *const names[] = { overlay->upper, overlay->work };
    int fd = runner->slots[overlay->memory];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (mkdirat(fd, names[i], 0755) < 0)
            return error_errno(error, errno, "%s in memory", names[i]);
        int r = runner_chown(runner, fd, names[i], error);
        if (r < 0)
            return r;
    }
    return 0;
}

int step_overlay(Runner *runner, const Step *step, Error *error)
{
    const StepOverlay *overlay = step->with.overlay;
    int base_fd = runner_slot(runner, step, error);
    if (base_fd < 0)
        return base_fd;
    int r = overlay->memory ? step_memory_directories(runner, overlay, error) : 0;
    if (r < 0)
        return r;
    OverlayOptions options = {
        .base_fd = base_fd,
        .lowers = overlay->lowers,
        .lower_count = overlay->lower_count,
        .upper = overlay->upper,
        .work = overlay->work,
        .upper_elsewhere = overlay->memory,
        .upper_base_fd = runner->slots[overlay->memory],
        .volatile_sync = overlay->volatile_sync,
    };
    int mount_fd = overlay_mount(&options, error);
    if (mount_fd < 0)
        return mount_fd;
    runner_fill(runner, step, mount_fd);
    return 0;
}

/* A directory or file inside the root, made where it is missing, to attach a mount to. */
static int step_target(const Runner *runner, const char *target, int mount_fd, Error *error)
{
    struct stat st;
    if (fstat(mount_fd, &st) < 0)
        return error_errno(error, errno, "stat of the mount");
    return S_ISDIR(st.st_mode) ? inroot_make_dir(runner->root_fd, target, 0755, error)
                               : inroot_make_file(runner->root_fd, target, 0644, error);
}

static bool step_is_link(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/*
 * What hides and locks paths of /proc and /sys looks them up again by name. A link there is never
 * honest, and what it points to may be swapped between (CVE-2019-19921, CVE-2023-28642).
 */
static int step_refuse_link(const Runner *runner, const Step *step, Error *error)
{
    if (!step->target || !step->source ||
        (!str_eq(step->source, "proc") && !str_eq(step->source, "sysfs")))
        return 0;
    int fd CLEANUP(fd_closep) =
        inroot_open(runner->root_fd, step->target, O_PATH | O_NOFOLLOW, NULL);
    if (fd >= 0 && step_is_link(fd))
        return error_set(error, ERROR_DENIED, ELOOP, "%s of the root is a symbolic link",
                         step->target);
    return 0;
}

/*
 * A tmpfs on a directory that was made for it is everybody's (1777), as under runc. The directory
 * becomes so too, or the container's next start would find another mode than its first; but not
 * where it lies on a volume, where it stays visible to others.
 */
static void step_new_place(const Runner *runner, int target_fd)
{
    uint64_t root, place;
    int fd CLEANUP(fd_closep) = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && mount_id(runner->root_fd, &root, NULL) == 0 && mount_id(fd, &place, NULL) == 0 &&
        root == place)
        (void)fchmod(fd, 01777);
}

/* What a new tmpfs takes over from the directory it will cover. */
static int step_take_over(const StepMount *mount, int target_fd, int mount_fd, Error *error)
{
    struct stat st;
    int from CLEANUP(fd_closep) = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to CLEANUP(fd_closep) = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0 || fstat(to, &st) < 0)
        return error_errno(error, errno, "open what a tmpfs begins with");
    int r = mount->copy_up ? treecopy_run(from, to, TREECOPY_SAME_IDS, error) : 0;
    if (r == 0 && mount->mode_of_target && fstat(from, &st) < 0)
        r = error_errno(error, errno, "stat");
    /* The mode is the spec's, or the covered directory's. */
    if (r == 0 && fchmod(to, st.st_mode & 07777) < 0)
        r = error_errno(error, errno, "mode of a tmpfs");
    return r;
}

/* Both directories, or neither. */
static bool step_same_kind(int mount_fd, int target_fd)
{
    struct stat mount, target;
    return fstat(mount_fd, &mount) == 0 && fstat(target_fd, &target) == 0 &&
           S_ISDIR(mount.st_mode) == S_ISDIR(target.st_mode);
}

static int step_attach(const Runner *runner, const Step *step, int mount_fd, Error *error)
{
    const StepMount *mount = step->with.mount;
    bool takes = mount && (mount->copy_up || mount->mode_of_target);
    int before_fd CLEANUP(fd_closep) =
        takes ? inroot_open(runner->root_fd, step->target, O_PATH, NULL) : -1;
    int target_fd CLEANUP(fd_closep) =
        mount && mount->on_link
            ? inroot_open(runner->root_fd, step->target, O_PATH | O_NOFOLLOW, NULL)
            : -1;
    if (target_fd < 0)
        target_fd = step_target(runner, step->target, mount_fd, error);
    int r = target_fd < 0 ? target_fd : 0;
    if (r == 0 && takes && before_fd >= 0)
        r = step_take_over(mount, target_fd, mount_fd, error);
    else if (r == 0 && takes && mount->mode_of_target)
        step_new_place(runner, target_fd);
    if (r == 0)
        r = mount_attach(mount_fd, target_fd, error);
    if (r == -EINVAL && !step_same_kind(mount_fd, target_fd))
        r = error_set(error, ERROR_USAGE, ENOTDIR,
                      "a file cannot be mounted on a directory: not a directory");
    return r < 0 ? error_wrap(error, "mount on %s", step->target) : 0;
}

int step_remount(Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    int target_fd CLEANUP(fd_closep) = inroot_open(runner->root_fd, step->target, O_PATH, error);
    int r = target_fd < 0 ? target_fd : step_change(mount, target_fd, error);
    if (r == 0 && mount->options)
        r = mount_reconfigure(target_fd, mount->options, error);
    return r < 0 ? error_wrap(error, "%s", step->target) : 0;
}

/*
 * Since Linux 6.8 mountinfo lists mounts by their ids, so by the time they were made, and readers
 * take the later one of two for the one on top. What the engine made beforehand would come before
 * everything. A clone has a new id, but only what is attached can be cloned: to a place that
 * vanishes with the old root. Not "/", where pivot_root's umount would find it on top. Parked are
 * mounts one at a time, since each lies on the ones before: what is below is not cloned along.
 *
 * What is parked stops being a peer of the host's mount once it was cloned: the host would get what
 * is parked on it next, and lose the mounts below it when the old root goes.
 */
static int step_renew(const Runner *runner, const StepMount *mount, int mount_fd, Error *error)
{
    struct stat st;
    if (fstat(mount_fd, &st) < 0)
        return error_errno(error, errno, "stat of the mount");
    int park_fd = runner->park_fds[S_ISDIR(st.st_mode) ? 0 : 1];
    int r = park_fd < 0 ? 0 : mount_attach(mount_fd, park_fd, error);
    if (r < 0)
        return r;
    int fd CLEANUP(fd_closep) = park_fd < 0
                                    ? fcntl(mount_fd, F_DUPFD_CLOEXEC, 3)
                                    : mount_clone(mount_fd, "", mount && mount->recursive, error);
    if (fd < 0)
        return park_fd < 0 ? error_errno(error, errno, "mount") : fd;
    const MountAttributes alone = {
        .propagation = MS_PRIVATE,
        .userns_fd = -1,
        .recursive = mount && mount->recursive,
    };
    r = park_fd < 0 ? 0 : mount_change(mount_fd, &alone, error);
    if (r == 0 && mount)
        r = step_change(mount, fd, error);
    return r < 0 ? r : TAKE_FD(fd);
}

/* In place of a mount: a link with the text of the one that was cloned. */
static int step_copy_link(const Runner *runner, const Step *step, int link_fd, Error *error)
{
    char name[256], text[4096], there[sizeof(text)];
    ssize_t length = readlinkat(link_fd, "", text, sizeof(text) - 1);
    if (length < 0)
        return error_errno(error, errno, "read the symbolic link");
    text[length] = '\0';
    int parent_fd CLEANUP(fd_closep) =
        inroot_open_parent(runner->root_fd, step->target, name, error);
    if (parent_fd < 0)
        return parent_fd;
    if (symlinkat(text, parent_fd, name) == 0)
        return 0;
    int code = errno;
    bool same = code == EEXIST && readlinkat(parent_fd, name, there, sizeof(there)) == length &&
                memcmp(there, text, (size_t)length) == 0;
    return same ? 0 : error_errno(error, code, "%s: link to %s", step->target, text);
}

int step_mount_attach(Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    if (mount && mount->optional && runner->slots[step->in] < 0)
        return 0;
    int mount_fd = runner_slot(runner, step, error);
    if (mount_fd < 0)
        return mount_fd;
    if (mount && mount->copy_link && step_is_link(mount_fd))
        return step_copy_link(runner, step, mount_fd, error);
    if (!runner->plan->in_order) {
        int r = step_refuse_link(runner, step, error);
        if (r == 0 && mount)
            r = step_change(mount, mount_fd, error);
        return r < 0 ? r : step_attach(runner, step, mount_fd, error);
    }
    int renewed_fd CLEANUP(fd_closep) = step_renew(runner, mount, mount_fd, error);
    return renewed_fd < 0 ? renewed_fd : step_attach(runner, step, renewed_fd, error);
}

static int step_label_root(int mount_fd, const char *label, Error *error)
{
    char path[FD_PATH_SIZE];
    if (setxattr(fd_path(mount_fd, path), "security.selinux", label, strlen(label), 0) < 0)
        return error_errno(error, errno, "label '%s'", label);
    return 0;
}

/* An overlay of some layers has more to say than fsconfig(2) takes in a word. */
static int step_mount_wordy(const Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    const MountRequest request = {
        .type = step->source,
        .source = mount->device ? mount->device : step->source,
        .options = mount->options,
        .attributes = { .set = mount->set },
    };
    int target_fd CLEANUP(fd_closep) = inroot_make_dir(runner->root_fd, step->target, 0755, error);
    int r = target_fd < 0 ? target_fd : mount_place_new(&request, target_fd, error);
    if (r < 0)
        return error_wrap(error, "mount on %s", step->target);
    int mount_fd CLEANUP(fd_closep) = inroot_open(runner->root_fd, step->target, O_PATH, error);
    const StepMount later = { .propagation = mount->propagation };
    r = mount_fd < 0 ? mount_fd : step_change(&later, mount_fd, error);
    return r == 0 && mount->label ? step_label_root(mount_fd, mount->label, error) : r;
}

/* In the child: a filesystem of its own namespaces, attached. In the parent: a tmpfs that becomes
 * the container's /dev, owned by the container's root. */
int step_mount_new(Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    int refused = step_refuse_link(runner, step, error);
    if (refused < 0)
        return refused;
    if (step->target && !mount_new_takes(mount->options))
        return step_mount_wordy(runner, step, error);
    Error failure = { 0 };
    int mount_fd CLEANUP(fd_closep) =
        mount_new(step->source, mount->device ? mount->device : step->source, mount->options,
                  mount->set, &failure);
    if (mount_fd == -ENODEV && mount->optional)
        return 0;
    if (mount_fd < 0) {
        if (error)
            *error = failure;
        return error_wrap(error, "mount '%s'%s%s", step->source, step->target ? " on " : "",
                          step->target ? step->target : "");
    }
    StepMount later = { .propagation = mount->propagation };
    int r = step_change(&later, mount_fd, error);
    if (r == 0 && mount->label)
        r = step_label_root(mount_fd, mount->label, error);
    if (r == 0 && step->phase == PHASE_SUPPLY)
        r = runner_chown(runner, mount_fd, "", error);
    if (r == 0 && step->target)
        r = step_attach(runner, step, mount_fd, error);
    if (r < 0)
        return r;
    if (step->out)
        runner_fill(runner, step, TAKE_FD(mount_fd));
    return 0;
}

/* " slave", " rslave" */
static void step_print_propagation(uint64_t flags, StrBuf *text)
{
    static const struct {
        uint64_t flag;
        const char *name;
    } names[] = {
        { MS_PRIVATE, "private" },
        { MS_SLAVE, "slave" },
        { MS_SHARED, "shared" },
        { MS_UNBINDABLE, "unbindable" },
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (flags & names[i].flag)
            strbuf_printf(text, " %s%s", flags & MS_REC ? "r" : "", names[i].name);
}

void step_describe_mount(const Step *step, StrBuf *text)
{
    const StepMount *mount = step->with.mount;
    if (step->source)
        strbuf_add(text, step->source);
    if (step->target)
        strbuf_printf(text, "%son %s", step->source ? " " : "", step->target);
    if (!mount)
        return;
    if (mount->idmap != STEP_IDMAP_NONE)
        strbuf_add(text, mount->ids ? " idmapped by its own mapping" : " idmapped");
    step_print_propagation(mount->propagation, text);
    if (mount->set | mount->rec_set) {
        strbuf_add_char(text, ' ');
        mount_attributes_print(mount->set | mount->rec_set, text);
    }
    if (mount->copy_up)
        strbuf_add(text, " with what is there");
    for (size_t i = 0; mount->options && i < mount->options->count; i++)
        strbuf_printf(text, "%s%s", i ? "," : " ", mount->options->items[i]);
}

void step_describe_overlay(const Step *step, StrBuf *text)
{
    const StepOverlay *overlay = step->with.overlay;
    strbuf_printf(text, "%zu layer%s", overlay->lower_count, overlay->lower_count == 1 ? "" : "s");
    if (overlay->memory)
        strbuf_add(text, " under memory");
    else
        strbuf_printf(text, overlay->upper ? " under %s" : ", read-only", overlay->upper);
}

int step_propagation(Runner *runner UNUSED, const Step *step, Error *error)
{
    return mount_set_propagation("/", step->flags, error);
}

void step_describe_propagation(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%s", step->flags & MS_REC ? "all mounts" : step->target);
    step_print_propagation(step->flags & ~(uint64_t)MS_REC, text);
}

/* The root mount is laid over "/" of the child's own mount namespace: pivot_root needs an attached
 * mount, and any other place would need a directory that exists on every host. */
int step_root_attach(Runner *runner, const Step *step, Error *error)
{
    int mount_fd = runner_slot(runner, step, error);
    if (mount_fd < 0)
        return mount_fd;
    MountAttributes attributes = { .set = step->flags, .userns_fd = -1 };
    int changed = step->flags ? mount_change(mount_fd, &attributes, error) : 0;
    if (changed < 0)
        return changed;
    int top_fd CLEANUP(fd_closep) = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top_fd < 0)
        return error_errno(error, errno, "open /");
    if (runner->plan->in_order) { /* without them mounts are only out of order */
        runner->park_fds[0] = openat(AT_FDCWD, "/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
        runner->park_fds[1] = openat(AT_FDCWD, "/proc/version", O_PATH | O_CLOEXEC);
    }
    int r = mount_attach(mount_fd, top_fd, error);
    if (r < 0)
        return r;
    runner->root_fd = mount_fd;
    return 0;
}

/* exec: the root of a container that was joined. It is that of its mount namespace, unless the
 * container has the host's. */
int step_root_open(Runner *runner, const Step *step, Error *error)
{
    if (step->in) {
        int place_fd = runner_slot(runner, step, error);
        int r = place_fd < 0 ? place_fd : mount_enter_root(place_fd, error);
        if (r < 0)
            return r;
    }
    runner->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return runner->root_fd < 0 ? error_errno(error, errno, "open /") : 0;
}

int step_root_readonly(Runner *runner, const Step *step UNUSED, Error *error)
{
    MountAttributes readonly = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -1 };
    return mount_change(runner->root_fd, &readonly, error);
}

/* Without pivot_root the host's tree stays below: at least its proc and sysfs, which are not
 * covered there, must not serve as unmasked ones for a new mount in a user namespace. */
static int step_enter_root(Runner *runner, Error *error)
{
    static const char *const places[] = { "/proc", "/sys" };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        int r = mount_detach(places[i], error);
        if (r < 0 && r != -EINVAL && r != -ENOENT)
            return r;
    }
    return mount_enter_root(runner->root_fd, error);
}

int step_pivot(Runner *runner, const Step *step, Error *error)
{
    if (step->flags)
        return step_enter_root(runner, error);
    return mount_pivot(runner->root_fd, error);
}

/*
 * A container that inherits the mount namespace. Its tree was made in one of its own, so nothing of
 * it ever was among the host's mounts; here it leaves that namespace with a detached clone of the
 * tree as its root. The kernel lets go of the clone when its last process has ended. The clone has
 * no parent, so there is no way up from it, as there would be from a chroot on the host's tree.
 */
int step_leave_mounts(Runner *runner, const Step *step, Error *error)
{
    int host_fd = runner_slot(runner, step, error);
    if (host_fd < 0)
        return host_fd;
    int tree_fd = mount_clone(AT_FDCWD, "/", true, error);
    if (tree_fd < 0)
        return tree_fd;
    fd_close(runner->root_fd);
    runner->root_fd = tree_fd;
    int r = namespace_join(host_fd, NAMESPACE_MOUNT, error);
    return r < 0 ? r : mount_enter_root(tree_fd, error);
}
