/*
 * Device nodes. The invariant: an existing node is believed only by its type and number.
 *
 * The trap: mknod applies the umask and, in a directory with a default ACL, that as well; mode and
 * owner are therefore compared afterwards and set where they differ, on the node itself.
 */
#include "linux/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

static int device_file_type(char type, mode_t *ret_type)
{
    switch (type) {
    case 'c':
    case 'u': *ret_type = S_IFCHR; return 0;
    case 'b': *ret_type = S_IFBLK; return 0;
    case 'p': *ret_type = S_IFIFO; return 0;
    default: return -EINVAL;
    }
}

static int device_compare(const struct stat *st, const Device *device)
{
    mode_t type;
    int r = device_file_type(device->type, &type);
    if (r < 0)
        return r;
    if ((st->st_mode & S_IFMT) != type)
        return -ENXIO;
    if (type != S_IFIFO && st->st_rdev != makedev(device->major, device->minor))
        return -ENXIO;
    return 0;
}

int device_check(int fd, const Device *device, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "stat of a device");
    if (device_compare(&st, device) < 0)
        return error_set(error, ERROR_CONFLICT, ENXIO, "not the device %c %u:%u", device->type,
                         device->major, device->minor);
    return 0;
}

/* Mode and owner of the node, through a descriptor that is known to be it. */
static int device_settle(int dirfd, const char *name, const Device *device, Error *error)
{
    char path[FD_PATH_SIZE];
    int fd CLEANUP(fd_closep) = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open the device %s", name);
    int r = device_check(fd, device, error);
    if (r < 0)
        return error_wrap(error, "%s", name);
    if (fchownat(fd, "", device->uid, device->gid, AT_EMPTY_PATH) < 0)
        return error_errno(error, errno, "give the device %s to %u:%u", name, device->uid,
                           device->gid);
    if (chmod(fd_path(fd, path), device->mode & 07777) < 0) /* an O_PATH descriptor has no fchmod */
        return error_errno(error, errno, "set the mode of the device %s", name);
    return 0;
}

int device_make(int dirfd, const char *name, const Device *device, Error *error)
{
    mode_t type;
    if (device_file_type(device->type, &type) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "'%c' is not a type of device", device->type);

    dev_t number = type == S_IFIFO ? 0 : makedev(device->major, device->minor);
    struct stat st;
    bool made = mknodat(dirfd, name, type | (device->mode & 07777), number) == 0;
    if (!made && errno != EEXIST)
        return error_errno(error, errno, "make the device %s", name);
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "stat of the device %s", name);
    if (device_compare(&st, device) < 0)
        return error_set(error, ERROR_CONFLICT, EEXIST,
                         "%s is there and is not the device %c %u:%u", name, device->type,
                         device->major, device->minor);
    if (st.st_uid == device->uid && st.st_gid == device->gid &&
        (st.st_mode & 07777) == (device->mode & 07777))
        return 0;
    return device_settle(dirfd, name, device, error);
}

int device_make_private(int dirfd, const char *name, const Device *device, Error *error)
{
    mode_t type;
    if (device_file_type(device->type, &type) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "'%c' is not a type of device", device->type);
    dev_t number = type == S_IFIFO ? 0 : makedev(device->major, device->minor);
    if (mknodat(dirfd, name, type | (device->mode & 07777), number) < 0 ||
        fchownat(dirfd, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "make the device %s", name);
    return 0;
}

int device_from_path(const char *path, Device *ret_device, Error *error)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return error_errno(error, errno, "stat of %s", path);
    char type = S_ISCHR(st.st_mode) ? 'c' : S_ISBLK(st.st_mode) ? 'b' : '\0';
    if (!type)
        return error_set(error, ERROR_USAGE, ENOTBLK, "%s is not a device", path);
    *ret_device = (Device){
        .type = type,
        .major = major(st.st_rdev),
        .minor = minor(st.st_rdev),
        .mode = st.st_mode & 07777,
        .uid = st.st_uid,
        .gid = st.st_gid,
    };
    return 0;
}
