/*
 * The handle of a procfs and safe opens below it. The invariant: what is written went to procfs
 * itself, on the handle's own mount; a bind mount, a symlink or a tmpfs in the way is an error.
 *
 * The trap: "self" and "thread-self" are symlinks to the reader's numbers in the pid namespace of
 * that procfs, which differ from getpid() after a clone; they are read from the handle each time.
 */
#include "linux/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

enum {
    PROCFS_MAGIC = 0x9fa0,
    PROCFS_ROOT_INODE = 1,
};

int procfs_check(int fd, Error *error)
{
    uint64_t magic;
    struct stat st;
    int r = mount_magic(fd, &magic, error);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "stat of procfs");
    if (magic != PROCFS_MAGIC || !S_ISDIR(st.st_mode))
        return error_set(error, ERROR_CONFLICT, EINVAL, "this is not procfs");
    return 0;
}

int procfs_open_mounted(Error *error)
{
    int fd CLEANUP(fd_closep) = open("/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open /proc");
    int r = procfs_check(fd, error);
    if (r < 0)
        return error_wrap(error, "/proc");
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_ino != PROCFS_ROOT_INODE)
        return error_set(error, ERROR_CONFLICT, EINVAL, "/proc is not the root of a procfs");
    return TAKE_FD(fd);
}

int procfs_open_root(Error *error)
{
    int fd = mount_new("proc", "proc", NULL,
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
    return fd >= 0 ? fd : procfs_open_mounted(error);
}

/* "self/attr/exec" becomes "123/attr/exec". */
static int procfs_translate(int procfs, const char *path, char ret_path[PATH_MAX])
{
    char target[64];
    const char *word = str_starts(path, "thread-self/") ? "thread-self"
                       : str_starts(path, "self/")      ? "self"
                                                        : NULL;
    target[0] = '\0';
    if (word) {
        ssize_t length = readlinkat(procfs, word, target, sizeof(target) - 1);
        if (length <= 0)
            return length < 0 ? -errno : -ESRCH; /* not seen from this pid namespace */
        target[length] = '\0';
        path += strlen(word);
    }
    int length = snprintf(ret_path, PATH_MAX, "%s%s", target, path);
    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* -EXDEV unless fd is on the mount `id`; fd is closed then. */
static int procfs_same_mount(int fd, uint64_t id)
{
    uint64_t here;
    int r = mount_id(fd, &here, NULL);
    if (r == 0 && here == id)
        return fd;
    fd_close(fd);
    return r < 0 ? r : -EXDEV;
}

/* Without openat2: name by name, never through a symlink, each on the handle's own mount. */
static int procfs_open_walking(int procfs, char *path, int flags)
{
    uint64_t id;
    int r = mount_id(procfs, &id, NULL);
    if (r < 0)
        return r;
    int here CLEANUP(fd_closep) = -1;
    for (char *name = path; name;) {
        char *slash = strchr(name, '/');
        if (slash)
            *slash++ = '\0';
        if (name[0] == '\0' || str_eq(name, "..") || str_eq(name, "."))
            return -EINVAL;
        int how = slash ? O_PATH | O_DIRECTORY : flags;
        int fd = openat(here < 0 ? procfs : here, name, how | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        fd = procfs_same_mount(fd, id);
        fd_close(here);
        here = fd;
        if (fd < 0)
            return fd;
        name = slash;
    }
    return TAKE_FD(here);
}

int procfs_open(int procfs, const char *path, int flags, Error *error)
{
    char real[PATH_MAX];
    int r = procfs_translate(procfs, path, real);
    if (r < 0)
        return error_errno(error, r, "open %s of procfs", path);

    const SyscallOpenHow how = {
        .flags = (uint64_t)(unsigned)flags | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    int fd = sys_openat2(procfs, real, &how);
    if (fd < 0)
        fd = errno == ENOSYS || errno == EPERM ? procfs_open_walking(procfs, real, flags) : -errno;
    if (fd == -EXDEV || fd == -ELOOP)
        return error_errno(error, fd, "something is mounted over %s of procfs", path);
    if (fd < 0)
        return error_errno(error, fd, "open %s of procfs", path);
    return fd;
}

int procfs_write(int procfs, const char *path, const char *text, Error *error)
{
    int fd CLEANUP(fd_closep) = procfs_open(procfs, path, O_WRONLY, error);
    if (fd < 0)
        return fd;
    size_t size = strlen(text);
    ssize_t n;
    do
        n = write(fd, text, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(error, errno, "write \"%s\" to %s of procfs", text, path);
    if ((size_t)n != size)
        return error_errno(error, EIO, "write \"%s\" to %s of procfs", text, path);
    return 0;
}

int procfs_sysctl_path(const char *key, char ret_path[PROCFS_SYSCTL_MAX], Error *error)
{
    size_t length = strlen(key);
    if (length == 0 || length >= PROCFS_SYSCTL_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "\"%.64s\" is not a sysctl key", key);
    char path[PROCFS_SYSCTL_MAX];
    memcpy(path, key, length + 1);
    if (key[strcspn(key, "./")] == '.')
        str_swap(path, '.', '/');
    for (const char *p = path; p; p = strchr(p, '/')) {
        p += p != path;
        size_t part = strcspn(p, "/");
        if (part == 0 || strspn(p, ".") == part)
            return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" is not a sysctl key", key);
    }
    memcpy(ret_path, path, length + 1);
    return 0;
}

int procfs_set_sysctl(int procfs, const char *key, const char *value, Error *error)
{
    char path[PROCFS_SYSCTL_MAX], whole[PROCFS_SYSCTL_MAX + 4];
    int r = procfs_sysctl_path(key, path, error);
    if (r < 0)
        return r;
    (void)snprintf(whole, sizeof(whole), "sys/%s", path);
    r = procfs_write(procfs, whole, value, error);
    if (r == -ENOENT) /* net.core was the host's user namespace's alone for long: on 6.1 it is */
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "sysctl %s: this kernel has none such%s",
                         key,
                         str_starts(path, "net/core/") ? " or hides it from user namespaces" : "");
    return r < 0 && error ? error_wrap(error, "sysctl %s", key) : r;
}

int procfs_set_time_offsets(int procfs, const ProcfsTimeOffset *offsets, size_t count, Error *error)
{
    char text[512];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %" PRId64 " %u\n",
                                 offsets[i].clock, offsets[i].seconds, offsets[i].nanoseconds);
        if (used >= sizeof(text))
            return error_set(error, ERROR_LIMIT, E2BIG, "%zu time offsets", count);
    }
    if (used == 0)
        return 0;
    int r = procfs_write(procfs, "self/timens_offsets", text, error);
    if (r == -EACCES)
        return error_set(error, ERROR_CONFLICT, EACCES,
                         "the time namespace has processes already, or is not the caller's own");
    return r;
}
