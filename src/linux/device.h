/*
 * Device nodes: mknod(2), checked by type and number and never trusted by name.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct Device {
    char type; /* 'c' or 'u' character, 'b' block, 'p' FIFO: runtime-spec config-linux.md#devices */
    uint32_t major, minor; /* 0 for a FIFO */
    mode_t mode;           /* permission bits; exact, whatever the umask */
    uid_t uid;             /* owner, as the caller's user namespace counts */
    gid_t gid;
} Device;

/*
 * Makes the node `name` (one component) in dirfd. If something is there already it must be the same
 * node by type and number (its mode and owner are then set), else -EEXIST. EPERM means that the
 * caller must bind the host's node instead (mount.h), for instance in a user namespace.
 */
int device_make(int dirfd, const char *name, const Device *device, Error *error) MUST_CHECK;

/* The same in a directory that nobody else can reach yet: no checks, two system calls. The umask
 * must be 0. */
int device_make_private(int dirfd, const char *name, const Device *device, Error *error) MUST_CHECK;

/* 0 if what fd (O_PATH is enough) refers to has this type and number; else -ENXIO. */
int device_check(int fd, const Device *device, Error *error) MUST_CHECK;

/* The facts of an existing node on the host; follows no symlink. Not a device: -ENOTBLK. */
int device_from_path(const char *path, Device *ret_device, Error *error) MUST_CHECK;
