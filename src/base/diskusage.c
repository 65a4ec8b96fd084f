/*
 * A walk by descriptors. The trap: a tree that somebody made deeper than the descriptors we may
 * have open is cut there; DISKUSAGE_DEPTH_MAX is far above what layers may have.
 */
#include "base/diskusage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

enum { DISKUSAGE_DEPTH_MAX = 600, DISKUSAGE_BLOCK = 512 };

typedef struct DiskUsageFile {
    uint64_t device, inode; /* inode 0: free */
} DiskUsageFile;

static DiskUsageFile *diskusage_slot(DiskUsageFile *files, size_t room, uint64_t device,
                                     uint64_t inode)
{
    size_t slot = (size_t)((inode ^ device) * 0x9e3779b97f4a7c15u) & (room - 1);
    while (files[slot].inode != 0 && (files[slot].inode != inode || files[slot].device != device))
        slot = (slot + 1) & (room - 1);
    return &files[slot];
}

static void diskusage_grow(DiskUsage *usage)
{
    size_t room = usage->room ? 2 * usage->room : 256;
    DiskUsageFile *files = mem_alloc(room * sizeof(*files));
    for (size_t i = 0; i < usage->room; i++)
        if (usage->files[i].inode)
            *diskusage_slot(files, room, usage->files[i].device, usage->files[i].inode) =
                usage->files[i];
    free(usage->files);
    usage->files = files;
    usage->room = room;
}

static bool diskusage_is_new(DiskUsage *usage, const struct stat *st)
{
    if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
        return true;
    if (2 * (usage->count + 1) > usage->room)
        diskusage_grow(usage);
    DiskUsageFile *file = diskusage_slot(usage->files, usage->room, st->st_dev, st->st_ino);
    if (file->inode)
        return false;
    *file = (DiskUsageFile){ st->st_dev, st->st_ino };
    usage->count++;
    return true;
}

static int diskusage_walk(DiskUsage *usage, int dirfd, const char *name, unsigned depth)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (diskusage_is_new(usage, &st))
        usage->bytes += (uint64_t)st.st_blocks * DISKUSAGE_BLOCK;
    if (!S_ISDIR(st.st_mode))
        return 0;
    if (depth > DISKUSAGE_DEPTH_MAX)
        return 0;
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = errno == ENOENT ? 0 : -errno;
        fd_close(fd);
        return r;
    }
    const struct dirent *entry;
    int more;
    while ((more = file_next_entry(dir, &entry)) > 0) {
        int r = diskusage_walk(usage, fd, entry->d_name, depth + 1);
        if (r < 0)
            return r;
    }
    return more;
}

int diskusage_add(DiskUsage *usage, int dirfd, const char *name)
{
    return diskusage_walk(usage, dirfd, name, 0);
}

void diskusage_done(DiskUsage *usage)
{
    free(usage->files);
    *usage = (DiskUsage){ 0 };
}
