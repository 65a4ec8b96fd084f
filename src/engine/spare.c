/*
 * rename(2) is the whole protocol: whoever moves a directory has it, so no lock is needed and a
 * crash leaves it in one place or the other.
 */
#include "engine/spare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

#define SPARE_WORN "worn-"

enum {
    SPARE_PATH_SIZE = 16,
    SPARE_WORN_SIZE = 96,
    SPARE_DIRECTORY_BYTES = 16384,
    SPARE_XATTRS = 1024,
    SPARE_SWEEP_MAX = 4, /* more than one container leaves, so that they do not pile up */
};

/* A directory that held many names stays large; a new one does not begin with these flags. */
#define SPARE_FLAGS                                                                               \
    (FS_SYNC_FL | FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_DIRSYNC_FL | \
     FS_TOPDIR_FL | FS_PROJINHERIT_FL | FS_COMPR_FL | FS_JOURNAL_DATA_FL)

static void spare_path(int number, char path[SPARE_PATH_SIZE])
{
    (void)snprintf(path, SPARE_PATH_SIZE, "spare/%d", number);
}

bool spare_take(const Engine *engine, const char *path)
{
    for (int i = 0; i < SPARE_MAX; i++) {
        char spare[SPARE_PATH_SIZE];
        spare_path(i, spare);
        if (renameat(engine->root_fd, spare, engine->root_fd, path) == 0)
            return true;
    }
    return false;
}

/* What overlay leaves on the root of an upper layer means nothing under other lower ones, but for
 * the filesystem's UUID, which may stay. */
static bool spare_clear_xattrs(int fd)
{
    char names[SPARE_XATTRS];
    ssize_t size = flistxattr(fd, names, sizeof(names));
    if (size < 0)
        return errno == ENOTSUP;
    for (const char *name = names; name < names + size; name += strlen(name) + 1)
        if (!str_eq(name, "trusted.overlay.uuid") &&
            (!str_starts(name, "trusted.overlay.") || fremovexattr(fd, name) < 0))
            return false;
    return true;
}

static bool spare_is_empty(int fd)
{
    char entries[256];
    long size = syscall(SYS_getdents64, fd, entries, sizeof(entries));
    /* "." and ".." are 24 bytes each. */
    return size >= 0 && size <= 48;
}

static bool spare_is_new(int data_fd, const char *name, mode_t mode)
{
    int fd CLEANUP(fd_closep) =
        openat(data_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & 07777) != mode || st.st_uid != geteuid() ||
        st.st_gid != getegid() || st.st_size > SPARE_DIRECTORY_BYTES || !spare_is_empty(fd))
        return false;
    unsigned flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & SPARE_FLAGS))
        return false;
    return spare_clear_xattrs(fd);
}

/* Overlay's own leftovers: its work directory with the mark of a volatile mount. */
static bool spare_set_aside(const Engine *engine, int data_fd, const char *path)
{
    char worn[SPARE_WORN_SIZE];
    const char *id = strrchr(path, '/');
    (void)snprintf(worn, sizeof(worn), "spare/" SPARE_WORN "%.64s", id ? id + 1 : path);
    for (int tries = 0; tries < 2; tries++) {
        if (renameat(data_fd, "work/work", engine->root_fd, worn) == 0)
            return true;
        /* ENOENT: no "spare" yet, or there was never an overlay. */
        if (errno != ENOENT || (mkdirat(engine->root_fd, "spare", 0700) < 0 && errno != EEXIST))
            return false;
    }
    return true;
}

void spare_sweep(const Engine *engine)
{
    int fd = openat(engine->root_fd, "spare", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fd_close(fd);
        return;
    }
    const struct dirent *entry;
    for (int count = 0; count < SPARE_SWEEP_MAX && (entry = readdir(dir));) {
        if (!str_starts(entry->d_name, SPARE_WORN))
            continue;
        (void)!file_remove_tree_at(fd, entry->d_name);
        count++;
    }
    (void)closedir(dir);
}

bool spare_give(const Engine *engine, const char *path)
{
    int data_fd CLEANUP(fd_closep) =
        openat(engine->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (data_fd < 0)
        return false;
    if (!spare_is_new(data_fd, "upper", 0755) || !spare_set_aside(engine, data_fd, path) ||
        !spare_is_new(data_fd, "work", 0700))
        return false;
    for (int i = 0; i < SPARE_MAX; i++) {
        char spare[SPARE_PATH_SIZE];
        spare_path(i, spare);
        /* Over an existing directory with something in it rename answers ENOTEMPTY. */
        if (renameat(engine->root_fd, path, engine->root_fd, spare) == 0)
            return true;
    }
    return false;
}
