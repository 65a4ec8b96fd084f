/*
 * The trap: between opening a file and getting its lock, who had the lock may have renamed or
 * removed the file: a lock counts only if the name still leads to what was locked.
 */
#include "image/imagepartial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "image/imagemark.h"

static int imagepartial_directory(const ImageStore *store, bool make)
{
    if (make && mkdirat(store->root_fd, "partial", 0700) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(store->root_fd, "partial", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int imagepartial_open(const ImageStore *store, const char *digest, Error *error)
{
    const char *name = oci_digest_hex(digest);
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, true);
    if (dir < 0)
        return error_errno(error, dir, "image store: partial");
    for (;;) {
        int fd CLEANUP(fd_closep) =
            openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return error_errno(error, errno, "image store: partial/%s", name);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
            return errno == EWOULDBLOCK ? -EWOULDBLOCK
                                        : error_errno(error, errno, "image store: lock a download");
        if (file_is_at(dir, name, fd))
            return TAKE_FD(fd);
    }
}

int imagepartial_peek(const ImageStore *store, const char *digest)
{
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, false);
    if (dir < 0)
        return dir;
    int fd = openat(dir, oci_digest_hex(digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int imagepartial_link(const ImageStore *store, const char *digest, int dirfd)
{
    const char *name = oci_digest_hex(digest);
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, false);
    if (dir < 0)
        return dir;
    return linkat(dir, name, dirfd, name, 0) < 0 ? -errno : 0;
}

int imagepartial_keep(const ImageStore *store, const char *digest, Error *error)
{
    const char *name = oci_digest_hex(digest);
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, false);
    if (dir < 0 || renameat(dir, name, store->blobs_fd, name) < 0)
        return error_errno(error, dir < 0 ? dir : errno, "image store: blob %s", digest);
    /* Renaming one name of a file to another name of it leaves both: somebody had a link of ours
     * and was faster. */
    (void)unlinkat(dir, name, 0);
    return 0;
}

void imagepartial_discard(const ImageStore *store, const char *digest)
{
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, false);
    if (dir >= 0)
        (void)unlinkat(dir, oci_digest_hex(digest), 0);
}

/*** All of them. ***/

typedef struct ImagePartialWalk {
    int dir;
    uint64_t seconds;
    bool remove;
    ImagePartialCount *count;
} ImagePartialWalk;

static int imagepartial_visit(void *context, const char *name, Error *error)
{
    const ImagePartialWalk *walk = context;
    struct stat st;
    int fd CLEANUP(fd_closep) = openat(walk->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "image store: partial/%s", name);
    if ((uint64_t)(time(NULL) - st.st_mtime) < walk->seconds || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
        !file_is_at(walk->dir, name, fd))
        return 0;
    if (walk->remove && unlinkat(walk->dir, name, 0) < 0)
        return error_errno(error, errno, "image store: partial/%s", name);
    walk->count->files++;
    walk->count->bytes += (uint64_t)st.st_blocks * 512;
    return 0;
}

int imagepartial_abandoned(const ImageStore *store, uint64_t seconds, bool remove,
                           ImagePartialCount *ret_count, Error *error)
{
    ImagePartialWalk walk = { .seconds = seconds, .remove = remove, .count = ret_count };
    *ret_count = (ImagePartialCount){ 0 };
    int dir CLEANUP(fd_closep) = imagepartial_directory(store, false);
    walk.dir = dir;
    if (dir < 0)
        return dir == -ENOENT ? 0 : error_errno(error, dir, "image store: partial");
    return imagemark_each(dir, imagepartial_visit, &walk, error);
}
