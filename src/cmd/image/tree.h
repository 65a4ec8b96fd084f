/*
 * A layer's tree while it is being written: entries of a hostile archive become files below one
 * directory, in the form in which overlayfs reads a lower layer (image-spec layer.md;
 * Documentation/filesystems/overlayfs.rst): a removed name is a character device 0:0; directories
 * that hide what lies below them are only reported, because the mark (trusted.overlay.opaque) takes
 * a privilege that the writer does not have.
 *
 * All paths are relative to the root descriptor and resolved with openat2(2) (Linux 5.6) so that
 * nothing outside it can be reached: ".." is refused, symlinks of the image are followed inside the
 * root. Root privileges (CAP_CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP) are expected.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "cmd/image/treedir.h"

enum { TREE_XATTR_MAX = 64 }; /* per entry */

typedef struct TreeXattr {
    const char *name;
    const void *value;
    size_t size;
} TreeXattr;

typedef struct TreeEntry {
    const char *path; /* as the archive says it */
    mode_t mode;      /* with its type */
    uid_t uid;
    gid_t gid;
    dev_t device;
    uint64_t size; /* of a regular file */
    struct timespec mtime;
    const char *target; /* symlink: its text; hard link (hard_link set): the other path */
    bool hard_link;
    const TreeXattr *xattrs;
    size_t xattr_count;
} TreeEntry;

typedef struct Tree Tree;

int tree_new(const TreeOptions *options, Tree **ret_tree, Error *error) MUST_CHECK;
void tree_freep(Tree **tree);

/*
 * Adds one entry; what was at its path is replaced, as docker does. For a regular file *ret_fd is
 * open for writing its data, to be followed by tree_finish_file; otherwise -1. Names beginning
 * with ".wh." are whiteouts (unless `plain`).
 */
int tree_add(Tree *tree, const TreeEntry *entry, int *ret_fd, Error *error) MUST_CHECK;
/* Owner, mode, attributes and times, in the order that keeps them; closes fd. */
int tree_finish_file(Tree *tree, const TreeEntry *entry, int fd, Error *error) MUST_CHECK;
/* Once at the end: times of directories, which every later entry in them had changed. */
int tree_finish(Tree *tree, Error *error) MUST_CHECK;

const TreeCounts *tree_counts(const Tree *tree);
