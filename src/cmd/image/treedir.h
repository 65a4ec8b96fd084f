/*
 * The directories of a layer's tree (tree.h): normalising paths, finding the parent directory of an
 * entry, making those that the archive does not describe, and what is set on them late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

enum {
    TREEDIR_PATH_MAX = 4096, /* bytes, with the terminator */
    TREEDIR_DEPTH_MAX = 256, /* directories above one name */
};

/* The lower view is needed and was not given: see TreeOptions.lower_fd. */
#define TREEDIR_NEEDS_LOWER (-EREMOTE)

typedef struct TreeOptions {
    int root_fd;    /* an empty directory; borrowed */
    int lower_fd;   /* the layers below, merged, read-only; -1: not at hand. Borrowed */
    bool has_lower; /* there are layers below. Without lower_fd, an entry whose parent directory
                       is not in this layer is then answered with TREEDIR_NEEDS_LOWER */
    bool plain;     /* no owners, modes, extended attributes, devices and whiteouts: an archive
                       that only carries files */
    uint64_t entries_max;
    /* Called for each directory that hides what is below it; the descriptor is borrowed. */
    int (*on_opaque)(void *context, int fd, Error *error);
    /* Makes a device node, which a user namespace may not: 0 or a negative errno. NULL: mknod(2).
     */
    int (*on_device)(void *context, const char *path, mode_t type, dev_t device);
    void *context;
} TreeOptions;

typedef struct TreeCounts {
    uint64_t entries;
    uint64_t bytes;          /* of regular files, holes included */
    uint64_t implicit_dirs;  /* parents that no entry described */
    uint64_t xattrs_dropped; /* not of a kind that an image may set, or refused by the filesystem */
} TreeCounts;

/*
 * "./a//b/" becomes "a/b", "/" and "." become "". -EINVAL for "..", a component longer than 255
 * bytes, more than TREEDIR_DEPTH_MAX of them; -ENAMETOOLONG for the whole.
 */
int treedir_normalise(const char *path, char ret_path[TREEDIR_PATH_MAX]) MUST_CHECK;

/* Opens (O_PATH) the directory of a normalised path below dirfd, through no symlink: a descriptor
 * or a negative errno. */
int treedir_open_exact(int dirfd, const char *path) MUST_CHECK;

enum { TREEDIR_CACHE = 8 };

typedef struct TreeDirCached {
    char *path;   /* normalised; NULL: free slot */
    int fd;       /* O_PATH */
    bool set_gid; /* new entries inherit its group */
} TreeDirCached;

typedef struct TreeDirs {
    TreeOptions options;
    TreeDirCached cache[TREEDIR_CACHE];
    unsigned next_slot;
    uint64_t *opaque; /* inode numbers, an open hash table; 0: free */
    size_t opaque_count, opaque_room;
    FILE *late; /* records for treedir_apply_late */
    TreeCounts counts;
} TreeDirs;

int treedir_init(TreeDirs *dirs, const TreeOptions *options, Error *error) MUST_CHECK;
void treedir_done(TreeDirs *dirs);

/*
 * The parent directory of a normalised, non-empty path: what is cached stays owned by the cache
 * and is valid until the next call. *ret_name points into `path`. Missing directories are made:
 * as they are in the layers below, or with mode 0755, owner 0.
 */
int treedir_parent(TreeDirs *dirs, const char *path, const TreeDirCached **ret_parent,
                   const char **ret_name, Error *error) MUST_CHECK;
/* The same without making anything: -ENOENT. */
int treedir_existing_parent(TreeDirs *dirs, const char *path, int *ret_fd, const char **ret_name)
    MUST_CHECK;
/* A directory or symlink was removed or replaced, or a directory changed: descriptors may be stale.
 */
void treedir_forget(TreeDirs *dirs);

/* The open directory hides what the layers below have at its path. */
int treedir_hide(TreeDirs *dirs, int fd, Error *error) MUST_CHECK;

/* What a directory gets at the end, because every entry made in it would change it or inherit it.
 */
typedef struct TreeDirLate {
    struct timespec mtime;
    const void *acl; /* system.posix_acl_default; NULL: none */
    size_t acl_size;
} TreeDirLate;
int treedir_note_late(TreeDirs *dirs, const char *path, const TreeDirLate *late, Error *error)
    MUST_CHECK;
int treedir_apply_late(TreeDirs *dirs, Error *error) MUST_CHECK;
