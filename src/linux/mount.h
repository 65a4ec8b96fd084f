/*
 * Mounts by descriptor: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
 *
 * A mount is made detached, configured, and attached to a target that is itself a descriptor, so
 * that no path string into a container's tree is ever resolved by mount(2). Flags are
 * MOUNT_ATTR_... (mount_setattr(2)) throughout, never MS_....
 *
 * Where the kernel lacks a call (ENOSYS, or EPERM by an outer filter) mount(2) on /proc/self/fd/N
 * serves: still by descriptor. There is no classic counterpart of a detached mount, so of the
 * functions that make one only mount_place() falls back; the others answer -ENOSYS.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"
#include "linux/mount_option.h"

/* For a call without a second rung (design/0010): what is missing, and since when it is there,
 * after `what` and `name`. Returns -code. */
int mount_call_error(int code, const char *call, const char *what, const char *name, Error *error);

/* A new instance of a filesystem as a detached mount. `options` are "key=value" or "flag" items
 * for the filesystem itself ("mode=755", "newinstance"). Returns a mount descriptor. */
int mount_new(const char *type, const char *source, const StrList *options, uint64_t attributes,
              Error *error) MUST_CHECK;
/* Whether it can: a value has at most 255 bytes there, in mount(2) all of them together 4095. */
bool mount_new_takes(const StrList *options);

/* The same from an fsopen context of the caller's own (overlay with many layers). */
int mount_open_context(const char *type, Error *error) MUST_CHECK;
int mount_context_string(int context, const char *key, const char *value, Error *error) MUST_CHECK;
int mount_context_flag(int context, const char *key, Error *error) MUST_CHECK;
/* "key=value" or "flag" */
int mount_context_option(int context, const char *option, Error *error) MUST_CHECK;
/* Linux 6.13 for overlay's directories. */
int mount_context_fd(int context, const char *key, int fd, Error *error) MUST_CHECK;
/* Creates the filesystem and mounts it, detached: the mount descriptor. */
int mount_context_finish(int context, uint64_t attributes, Error *error) MUST_CHECK;

/* A detached clone of what dirfd/path is (path "" for dirfd itself): a bind mount in the making.
 * recursive: with the mounts below it. The last component is not followed if it is a symlink. */
int mount_clone(int dirfd, const char *path, bool recursive, Error *error) MUST_CHECK;
/* The same of a mount in the mount namespace of another process, by a path as it sees it. */
int mount_clone_of(pid_t pid, const char *path, bool recursive, Error *error) MUST_CHECK;

typedef struct MountAttributes {
    uint64_t set; /* MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC, _NOATIME, ... */
    uint64_t clear;
    uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE or 0: no change */
    int userns_fd;        /* idmap through this user namespace (Linux 5.12); 0 or -1: none */
    bool recursive;
} MountAttributes;

/* Other options for the filesystem that is mounted at target_fd (O_PATH): fspick(2). */
int mount_reconfigure(int target_fd, const StrList *options, Error *error) MUST_CHECK;

int mount_change(int mount_fd, const MountAttributes *attributes, Error *error) MUST_CHECK;

/* Attaches a detached mount on top of the file or directory target_fd (O_PATH). */
int mount_attach(int mount_fd, int target_fd, Error *error) MUST_CHECK;
/* On `name` in a directory, by path: only where nobody else can have changed it. */
int mount_attach_at(int mount_fd, int directory_fd, const char *name, Error *error) MUST_CHECK;

/* Make, change and attach in one, on every kernel: what the steps above do one by one where the
 * mount is to be attached in the caller's own mount namespace. */
typedef struct MountRequest {
    const char *type;           /* a new filesystem of this type; NULL: a bind of source_fd */
    const char *source;         /* new: the device or label; may be NULL */
    const StrList *options;     /* new: the filesystem's own words; may be NULL */
    int source_fd;              /* bind: what to bind (O_PATH) */
    bool recursive;             /* bind: with the mounts below */
    MountAttributes attributes; /* new: clear is ignored. */
} MountRequest;
/* By mount(2) alone, for a new filesystem; the descriptor of what is below stays what it is. */
int mount_place_new(const MountRequest *request, int target_fd, Error *error) MUST_CHECK;
/* Returns an O_PATH-like descriptor of the root of the attached mount. */
int mount_place(const MountRequest *request, int target_fd, Error *error) MUST_CHECK;

/* "ro,nosuid,nodev" for people and tests. */
void mount_attributes_print(uint64_t attributes, StrBuf *ret_text);

int mount_pivot(int new_root_fd, Error *error) MUST_CHECK; /* pivot_root(".", "."), old one gone */
/* For a host whose root is a ramfs (pivot_root says EINVAL): chroot to a mount that lies over /.
 * Weaker: the old root stays mounted below; `--no-pivot` of the runtimes. */
int mount_enter_root(int new_root_fd, Error *error) MUST_CHECK;
int mount_detach(const char *path, Error *error) MUST_CHECK; /* umount2(MNT_DETACH) */
int mount_set_propagation(const char *path, uint64_t propagation, Error *error) MUST_CHECK;

/* The mount id behind a descriptor (statx STATX_MNT_ID), and its filesystem's magic (fstatfs). */
int mount_id(int fd, uint64_t *ret_id, Error *error) MUST_CHECK;
int mount_magic(int fd, uint64_t *ret_magic, Error *error) MUST_CHECK;
