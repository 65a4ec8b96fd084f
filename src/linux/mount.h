/*
 * Mounts by descriptor: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2).
 *
 * A mount is made detached, configured, and attached to a target that is itself a descriptor, so
 * that no path string into a container's tree is ever resolved by mount(2). Where the kernel lacks
 * a call (ENOSYS, or EPERM by an outer filter) mount(2) on /proc/self/fd/N serves: still by
 * descriptor. Flags are MOUNT_ATTR_... (mount_setattr(2)) throughout, never MS_....
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* A new instance of a filesystem as a detached mount. `options` are "key=value" or "flag" items
 * for the filesystem itself ("mode=755", "newinstance"). Returns a mount descriptor. */
int mount_new(const char *type, const char *source, const StrList *options, uint64_t attributes,
              Error *error) MUST_CHECK;

/* The same from an fsopen context of the caller's own (overlay with many layers). */
int mount_open_context(const char *type, Error *error) MUST_CHECK;
int mount_context_string(int context, const char *key, const char *value, Error *error) MUST_CHECK;
int mount_context_flag(int context, const char *key, Error *error) MUST_CHECK;
int mount_context_finish(int context, uint64_t attributes, Error *error) MUST_CHECK;

/* A detached clone of what dirfd/path is (path "" for dirfd itself): a bind mount in the making.
 * recursive: with the mounts below it. The last component is not followed if it is a symlink. */
int mount_clone(int dirfd, const char *path, bool recursive, Error *error) MUST_CHECK;

typedef struct MountAttributes {
    uint64_t set;         /* MOUNT_ATTR_RDONLY, _NOSUID, _NODEV, _NOEXEC, _NOATIME, ... */
    uint64_t clear;
    uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE or 0: no change */
    int userns_fd;        /* idmap through this user namespace (Linux 5.12); -1: none */
    bool recursive;
} MountAttributes;

int mount_change(int mount_fd, const MountAttributes *attributes, Error *error) MUST_CHECK;

/* Attaches a detached mount on top of the file or directory target_fd (O_PATH). */
int mount_attach(int mount_fd, int target_fd, Error *error) MUST_CHECK;

/* The word of runtime-spec config.md#mounts ("ro", "nosuid", "rro", "rbind", "private", "mode=755")
 * for one option. What a word means is one row in a table in mount.c. */
typedef struct MountOption {
    uint64_t set, clear;     /* attributes */
    uint64_t rec_set, rec_clear; /* recursive attributes ("rro") */
    uint64_t propagation;    /* MS_... | MS_REC */
    uint64_t extra;          /* MOUNT_OPTION_... */
} MountOption;
enum {
    MOUNT_OPTION_BIND = 1,
    MOUNT_OPTION_RBIND = 2,
    MOUNT_OPTION_TMPCOPYUP = 4,
    MOUNT_OPTION_IDMAP = 8,
    MOUNT_OPTION_RIDMAP = 16,
    MOUNT_OPTION_REMOUNT = 32,
    MOUNT_OPTION_NOFOLLOW = 64, /* src-nofollow / dest-nofollow are told apart by the caller */
};
/* True and *ret filled if the word is known; false: it is data for the filesystem. */
bool mount_option_lookup(const char *word, MountOption *ret_option);
/* All known words, in order, for `features`: *ret is NULL-terminated and static. */
const char *const *mount_option_names(void);

/* "ro,nosuid,nodev" for people and tests. */
void mount_attributes_print(uint64_t attributes, StrBuf *ret_text);

int mount_pivot(int new_root_fd, Error *error) MUST_CHECK; /* pivot_root(".", "."), old one gone */
int mount_detach(const char *path, Error *error) MUST_CHECK; /* umount2(MNT_DETACH) */
int mount_set_propagation(const char *path, uint64_t propagation, Error *error) MUST_CHECK;

/* The mount id behind a descriptor (statx STATX_MNT_ID), and its filesystem's magic (fstatfs). */
int mount_id(int fd, uint64_t *ret_id, Error *error) MUST_CHECK;
int mount_magic(int fd, uint64_t *ret_magic, Error *error) MUST_CHECK;
