/*
 * Mounting goes by descriptors, so that the file which was made is the one that is covered.
 */
#include "engine/nskeep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/mount.h"
#include "linux/namespace_of.h"

enum { NSKEEP_NSFS_MAGIC = 0x6e736673 };

/* Whether a namespace is mounted on the open file. */
static bool nskeep_is_namespace(int fd)
{
    uint64_t magic;
    return mount_magic(fd, &magic, NULL) == 0 && magic == NSKEEP_NSFS_MAGIC;
}

/* Opens the file, making it: 1 in *ret_made. */
static int nskeep_open_file(const char *path, bool *ret_made, Error *error)
{
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    *ret_made = fd >= 0;
    if (fd >= 0)
        return fd;
    if (errno != EEXIST)
        return error_errno(error, errno, "%s", path);
    fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "%s", path);
    struct stat st;
    const char *cause = NULL;
    if (nskeep_is_namespace(fd))
        cause = "a namespace is kept there already";
    else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != 0)
        cause = "exists, and is not an empty file";
    if (!cause)
        return fd;
    fd_close(fd);
    return error_set(error, ERROR_CONFLICT, EEXIST, "%s: %s", path, cause);
}

int nskeep_keep(const Target *target, NamespaceType type, const char *path, Error *error)
{
    int ns_fd CLEANUP(fd_closep) = namespace_of_open(target->proc_fd, type, error);
    if (ns_fd < 0)
        return ns_fd;
    bool made;
    int file_fd CLEANUP(fd_closep) = nskeep_open_file(path, &made, error);
    if (file_fd < 0)
        return file_fd;
    int mount_fd CLEANUP(fd_closep) = mount_clone(ns_fd, "", false, error);
    int r = mount_fd < 0 ? mount_fd : mount_attach(mount_fd, file_fd, error);
    if (r == 0)
        return 0;
    if (made)
        (void)unlink(path);
    if (r == -EINVAL && type == NAMESPACE_MOUNT)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "%s: the kernel keeps a mount namespace only where it is not seen from "
                         "that namespace: on a private mount of an older one",
                         path);
    return error_wrap(error, "cannot keep the %s namespace on %s", namespace_table[type].name,
                      path);
}

int nskeep_drop(const char *path, Error *error)
{
    int fd CLEANUP(fd_closep) = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "%s", path);
    if (!nskeep_is_namespace(fd))
        return error_set(error, ERROR_USAGE, EINVAL, "%s: no namespace is kept there", path);
    int r = mount_detach(path, error);
    if (r < 0)
        return r;
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && unlink(path) < 0)
        return error_errno(error, errno, "%s: the namespace is dropped, the file stays", path);
    return 0;
}
