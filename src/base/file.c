/*
 * Atomic replacement and recursive removal. The invariant: at every moment a reader sees the old
 * content or the new one. The trap: after a crash the temp file stays behind; its name begins with
 * ".tmp-", which is what `ambit system check` looks for.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_at(int dirfd, const char *path, size_t limit, Arena *arena, char **ret_data,
                 size_t *ret_size)
{
    /* O_NONBLOCK: a FIFO in the way must not stop us. */
    int fd CLEANUP(fd_closep) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    return fd_read_all(fd, limit, arena, ret_data, ret_size);
}

/* The directory part of `path` opened (dirfd itself if there is none), for fsync. */
static int file_sync_parent(int dirfd, const char *path)
{
    const char *slash = strrchr(path, '/');
    char parent[4096] = ".";
    if (slash) {
        size_t length = slash == path ? 1 : (size_t)(slash - path);
        if (length >= sizeof(parent))
            return -ENAMETOOLONG;
        memcpy(parent, path, length);
        parent[length] = '\0';
    }
    int fd CLEANUP(fd_closep) = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

static int file_write_temp(int dirfd, const char *temp, const void *data, size_t size, mode_t mode,
                           FileDurability durability)
{
    int fd CLEANUP(fd_closep) =
        openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -errno;
    int r = fd_write_all(fd, data, size);
    if (r < 0)
        return r;
    if (durability == FILE_DURABLE && fsync(fd) < 0)
        return -errno;
    return 0;
}

int file_write_at(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
                  FileDurability durability)
{
    static unsigned serial;
    const char *slash = strrchr(path, '/');
    int directory_length = slash ? (int)(slash + 1 - path) : 0;
    char temp[4096];
    int length = snprintf(temp, sizeof(temp), "%.*s.tmp-%d-%u", directory_length, path,
                          (int)getpid(), serial++);
    if (length < 0 || (size_t)length >= sizeof(temp))
        return -ENAMETOOLONG;

    int r = file_write_temp(dirfd, temp, data, size, mode, durability);
    if (r == 0 && renameat(dirfd, temp, dirfd, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlinkat(dirfd, temp, 0);
        return r;
    }
    return durability == FILE_DURABLE ? file_sync_parent(dirfd, path) : 0;
}

int file_make_dirs_at(int dirfd, const char *path, mode_t mode)
{
    char copy[4096];
    size_t length = strlen(path);
    if (length >= sizeof(copy))
        return -ENAMETOOLONG;
    memcpy(copy, path, length + 1);

    int fd = openat(dirfd, copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT)
        return fd >= 0 ? fd : -errno;
    for (char *p = copy + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(dirfd, copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

void file_closedirp(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

int file_next_entry(DIR *dir, const struct dirent **ret_entry)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno > 0 ? -errno : 0;
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        *ret_entry = entry;
        return 1;
    }
}

/* ---- removing ---- */

enum { FILE_DEPTH_MAX = 300 }; /* more than images have; each level holds a descriptor */

typedef struct FileRemoval {
    dev_t device;
    int top_fd; /* the tree's own directory, once it is open */
    unsigned depth;
    unsigned raised; /* directories that were too deep, and are in the uppermost one now */
} FileRemoval;

static int file_remove_entry(FileRemoval *removal, int dirfd, const char *name, bool directory);

static int file_remove_children(FileRemoval *removal, int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    DIR *dir CLEANUP(file_closedirp) = fd < 0 || fstat(fd, &st) < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = -errno;
        fd_close(fd);
        return r;
    }
    if (st.st_dev != removal->device)
        return -EBUSY;
    if (removal->depth == 0)
        removal->top_fd = fd;
    removal->depth++;
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0) {
        r = file_remove_entry(removal, fd, entry->d_name, entry->d_type == DT_DIR);
        if (r < 0)
            break;
    }
    removal->depth--;
    return r;
}

/* Whoever is inside may nest directories without end: this one goes on from the top. */
static int file_remove_later(FileRemoval *removal, int dirfd, const char *name)
{
    char raised[32];
    int r;
    do {
        (void)snprintf(raised, sizeof(raised), ".deep-%u", removal->raised++);
        r = renameat(dirfd, name, removal->top_fd, raised);
    } while (r < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
    return r < 0 ? -errno : 0;
}

/* `directory` is a guess that saves a call; it may be wrong. */
static int file_remove_entry(FileRemoval *removal, int dirfd, const char *name, bool directory)
{
    if (!directory) {
        if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
            return 0;
        if (errno != EISDIR && errno != EPERM)
            return -errno;
    }
    if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno == ENOTDIR) /* no directory after all, or a file that may not be unlinked */
        return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -errno;
    if (removal->depth >= FILE_DEPTH_MAX)
        return file_remove_later(removal, dirfd, name);
    int r = file_remove_children(removal, dirfd, name);
    if (r < 0)
        return r;
    return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int file_remove_tree_at(int dirfd, const char *name)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    FileRemoval removal = { .device = st.st_dev, .top_fd = -1 };
    for (;;) {
        unsigned raised = removal.raised;
        int r = file_remove_entry(&removal, dirfd, name, S_ISDIR(st.st_mode));
        if ((r != -ENOTEMPTY && r != -EEXIST) || raised == removal.raised)
            return r;
    }
}

bool file_is_at(int dirfd, const char *name, int fd)
{
    struct stat named, opened;
    return fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
           named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

bool file_link_is(int dirfd, const char *path, const char *text)
{
    char target[256];
    ssize_t length = readlinkat(dirfd, path, target, sizeof(target));
    return length >= 0 && (size_t)length < sizeof(target) && strlen(text) == (size_t)length &&
           memcmp(target, text, (size_t)length) == 0;
}

int file_write_text_at(int dirfd, const char *path, const char *text)
{
    int fd CLEANUP(fd_closep) = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t size = strlen(text);
    ssize_t n;
    do
        n = write(fd, text, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == size ? 0 : -EIO;
}
