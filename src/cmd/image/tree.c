/*
 * Each kind of entry is one function. The invariant: nothing is opened for writing that was there
 * before (O_EXCL, after removing what stood at the path), and no call on a final name follows a
 * symlink, so that an archive reaches only inodes that it made itself.
 *
 * The trap is the order of metadata: chown clears set-id bits and file capabilities, writing clears
 * capabilities, and everything changes times: data, owner, mode, attributes, times.
 */
#include "cmd/image/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/image/acl.h"
#include "cmd/image/treedir.h"

#define TREE_WHITEOUT        ".wh."
#define TREE_WHITEOUT_META   ".wh..wh."
#define TREE_WHITEOUT_OPAQUE ".wh..wh..opq"

struct Tree {
    TreeDirs dirs;
};

/* Where one entry goes. */
typedef struct TreePlace {
    const TreeDirCached *parent;
    const char *name;
    const char *path; /* normalised */
} TreePlace;

int tree_new(const TreeOptions *options, Tree **ret_tree, Error *error)
{
    Tree *tree = mem_alloc(sizeof(*tree));
    int r = treedir_init(&tree->dirs, options, error);
    if (r < 0) {
        tree_freep(&tree);
        return r;
    }
    *ret_tree = tree;
    return 0;
}

void tree_freep(Tree **tree)
{
    if (!*tree)
        return;
    treedir_done(&(*tree)->dirs);
    free(*tree);
    *tree = NULL;
}

const TreeCounts *tree_counts(const Tree *tree)
{
    return &tree->dirs.counts;
}

static bool tree_plain(const Tree *tree)
{
    return tree->dirs.options.plain;
}

/*** Metadata. ***/

/* What an image may set: capabilities of files, ACLs, and the namespace that is the users' own,
 * without the part by which overlayfs itself can be steered. trusted.* is the engine's alone. */
static bool tree_xattr_allowed(const char *name)
{
    return str_eq(name, "security.capability") || str_eq(name, ACL_ACCESS_XATTR) ||
           (str_starts(name, "user.") && !str_starts(name, "user.overlay."));
}

static int tree_set_xattrs(Tree *tree, const TreeEntry *entry, int fd, Error *error)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const TreeXattr *x = &entry->xattrs[i];
        if (S_ISDIR(entry->mode) && str_eq(x->name, ACL_DEFAULT_XATTR))
            continue; /* at the end, or what is made in it would inherit it: treedir_apply_late */
        if (!tree_xattr_allowed(x->name)) {
            tree->dirs.counts.xattrs_dropped++;
            continue;
        }
        if (fsetxattr(fd, x->name, x->value, x->size, 0) == 0)
            continue;
        if (errno == EOPNOTSUPP && !str_eq(x->name, "security.capability"))
            tree->dirs.counts.xattrs_dropped++;
        else
            return error_errno(error, errno, "extended attribute %.64s", x->name);
    }
    return 0;
}

static bool tree_owner_needed(const Tree *tree, const TreeEntry *entry, const TreePlace *place)
{
    return !tree_plain(tree) &&
           (entry->uid != 0 || entry->gid != 0 || !place || place->parent->set_gid);
}

/* For what has no descriptor of its own: symlinks and special files. */
static int tree_set_metadata_at(Tree *tree, const TreeEntry *entry, const TreePlace *place,
                                Error *error)
{
    int dirfd = place->parent->fd;
    struct timespec times[2] = { entry->mtime, entry->mtime };
    if (tree_owner_needed(tree, entry, place) &&
        fchownat(dirfd, place->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "owner");
    if (!S_ISLNK(entry->mode) && fchmodat(dirfd, place->name, entry->mode & 07777, 0) < 0)
        return error_errno(error, errno, "mode");
    if (utimensat(dirfd, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "times");
    return 0;
}

int tree_finish_file(Tree *tree, const TreeEntry *entry, int fd, Error *error)
{
    int owned CLEANUP(fd_closep) = fd;
    struct stat st;
    if (tree_plain(tree))
        return 0;
    if (fstat(owned, &st) < 0)
        return error_errno(error, errno, "fstat");
    if ((st.st_uid != entry->uid || st.st_gid != entry->gid) &&
        fchown(owned, entry->uid, entry->gid) < 0)
        return error_errno(error, errno, "owner");
    if ((st.st_mode & 07777) != (entry->mode & 07777) && fchmod(owned, entry->mode & 07777) < 0)
        return error_errno(error, errno, "mode");
    int r = tree_set_xattrs(tree, entry, owned, error);
    if (r < 0)
        return r;
    struct timespec times[2] = { entry->mtime, entry->mtime };
    if (futimens(owned, times) < 0)
        return error_errno(error, errno, "times");
    return 0;
}

/*** What stands at an entry's path already. ***/

/* Removes it, whatever it is. */
static int tree_clear(const TreePlace *place, Error *error)
{
    struct stat st;
    if (fstatat(place->parent->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "stat");
    if (!S_ISDIR(st.st_mode)) {
        if (unlinkat(place->parent->fd, place->name, 0) < 0)
            return error_errno(error, errno, "replace");
        return 0;
    }
    int r = file_remove_tree_at(place->parent->fd, place->name);
    return r < 0 ? error_errno(error, r, "replace a directory") : 0;
}

static int tree_place(Tree *tree, const char *path, TreePlace *ret, Error *error)
{
    ret->path = path;
    return treedir_parent(&tree->dirs, path, &ret->parent, &ret->name, error);
}

/* Clears the path and finds its parent again, for the cache was emptied. */
static int tree_replace(Tree *tree, TreePlace *place, Error *error)
{
    int r = tree_clear(place, error);
    if (r < 0)
        return r;
    treedir_forget(&tree->dirs);
    return tree_place(tree, place->path, place, error);
}

/*** The kinds of entries. ***/

static int tree_describe_dir(Tree *tree, const TreeEntry *entry, const char *path, int fd,
                             Error *error)
{
    if (tree_plain(tree))
        return 0;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "fstat");
    if ((st.st_uid != entry->uid || st.st_gid != entry->gid) &&
        fchown(fd, entry->uid, entry->gid) < 0)
        return error_errno(error, errno, "owner");
    if ((st.st_mode & 07777) != (entry->mode & 07777) && fchmod(fd, entry->mode & 07777) < 0)
        return error_errno(error, errno, "mode");
    int r = tree_set_xattrs(tree, entry, fd, error);
    if (r < 0)
        return r;
    TreeDirLate late = { .mtime = entry->mtime };
    for (size_t i = 0; i < entry->xattr_count; i++)
        if (str_eq(entry->xattrs[i].name, ACL_DEFAULT_XATTR)) {
            late.acl = entry->xattrs[i].value;
            late.acl_size = entry->xattrs[i].size;
        }
    return treedir_note_late(&tree->dirs, path, &late, error);
}

static int tree_add_root(Tree *tree, const TreeEntry *entry, Error *error)
{
    if (!S_ISDIR(entry->mode) || entry->hard_link)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the root can only be a directory");
    int fd CLEANUP(fd_closep) =
        openat(tree->dirs.options.root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open");
    int r = tree_describe_dir(tree, entry, "", fd, error);
    treedir_forget(&tree->dirs);
    return r;
}

typedef enum TreeDirOrigin {
    TREE_DIR_NEW,
    TREE_DIR_KEPT,     /* it was there */
    TREE_DIR_REPLACED, /* something else was there: a file, a whiteout */
} TreeDirOrigin;

/* A TreeDirOrigin or a negative errno. */
static int tree_make_dir(Tree *tree, mode_t mode, TreePlace *place, Error *error)
{
    if (mkdirat(place->parent->fd, place->name, mode) == 0)
        return TREE_DIR_NEW;
    struct stat st;
    if (errno != EEXIST || fstatat(place->parent->fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "mkdir");
    if (S_ISDIR(st.st_mode))
        return TREE_DIR_KEPT;
    int r = tree_replace(tree, place, error);
    if (r < 0)
        return r;
    if (mkdirat(place->parent->fd, place->name, mode) < 0)
        return error_errno(error, errno, "mkdir");
    return TREE_DIR_REPLACED;
}

static int tree_add_dir(Tree *tree, const TreeEntry *entry, TreePlace *place, Error *error)
{
    int origin = tree_make_dir(tree, tree_plain(tree) ? 0700 : entry->mode & 0777, place, error);
    if (origin < 0)
        return origin;
    int fd CLEANUP(fd_closep) =
        openat(place->parent->fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open");
    int r = tree_describe_dir(tree, entry, place->path, fd, error);
    if (r == 0 && origin == TREE_DIR_REPLACED && !tree_plain(tree))
        r = treedir_hide(&tree->dirs, fd, error);
    if (origin == TREE_DIR_KEPT)
        treedir_forget(&tree->dirs); /* its set-group-id bit may have changed */
    return r;
}

static int tree_add_file(Tree *tree, const TreeEntry *entry, TreePlace *place, int *ret_fd,
                         Error *error)
{
    /* Set-id bits come last, with the owner. */
    mode_t mode = tree_plain(tree) ? 0600 : (entry->mode & 07000 ? 0600 : entry->mode & 0777);
    for (int attempt = 0;; attempt++) {
        int fd = openat(place->parent->fd, place->name,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0) {
            tree->dirs.counts.bytes += entry->size;
            *ret_fd = fd;
            return 0;
        }
        if (errno != EEXIST || attempt > 0)
            return error_errno(error, errno, "create");
        int r = tree_replace(tree, place, error);
        if (r < 0)
            return r;
    }
}

static int tree_add_symlink(Tree *tree, const TreeEntry *entry, TreePlace *place, Error *error)
{
    if (str_empty(entry->target))
        return error_set(error, ERROR_CORRUPT, EINVAL, "symlink without a target");
    for (int attempt = 0;; attempt++) {
        if (symlinkat(entry->target, place->parent->fd, place->name) == 0)
            return tree_set_metadata_at(tree, entry, place, error);
        if (errno != EEXIST || attempt > 0)
            return error_errno(error, errno, "symlink");
        int r = tree_replace(tree, place, error);
        if (r < 0)
            return r;
    }
}

/* Everybody may make a FIFO and overlayfs's whiteout; other devices are made by who may. */
static int tree_make_special(Tree *tree, const TreeEntry *entry, const TreePlace *place)
{
    const TreeOptions *options = &tree->dirs.options;
    bool device = S_ISCHR(entry->mode) ? entry->device != makedev(0, 0) : S_ISBLK(entry->mode);
    if (device && options->on_device)
        return options->on_device(options->context, place->path, entry->mode, entry->device);
    mode_t mode = S_ISFIFO(entry->mode) ? entry->mode : (entry->mode & S_IFMT) | 0600;
    return mknodat(place->parent->fd, place->name, mode, entry->device) < 0 ? -errno : 0;
}

static int tree_add_special(Tree *tree, const TreeEntry *entry, TreePlace *place, Error *error)
{
    if (tree_plain(tree))
        return error_set(error, ERROR_CORRUPT, EINVAL, "a device or FIFO has no place here");
    for (int attempt = 0;; attempt++) {
        int r = tree_make_special(tree, entry, place);
        if (r == 0)
            return tree_set_metadata_at(tree, entry, place, error);
        if (r != -EEXIST || attempt > 0)
            return error_errno(error, r, "mknod");
        r = tree_replace(tree, place, error);
        if (r < 0)
            return r;
    }
}

static int tree_add_hard_link(Tree *tree, const TreeEntry *entry, TreePlace *place, Error *error)
{
    char target[TREEDIR_PATH_MAX];
    const char *target_name;
    int target_dir CLEANUP(fd_closep) = -1;
    struct stat there, here;
    if (treedir_normalise(entry->target, target) < 0 || !*target)
        return error_set(error, ERROR_CORRUPT, EINVAL, "hard link to an impossible path");
    int r = treedir_existing_parent(&tree->dirs, target, &target_dir, &target_name);
    if (r < 0 || fstatat(target_dir, target_name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(error, ERROR_CORRUPT, ENOENT,
                         "hard link to %.256s, which is not in this layer", target);
    if (S_ISDIR(there.st_mode) || (S_ISCHR(there.st_mode) && there.st_rdev == makedev(0, 0)))
        return error_set(error, ERROR_CORRUPT, EINVAL, "hard link to %.256s, which is not a file",
                         target);

    for (int attempt = 0;; attempt++) {
        /* Without AT_SYMLINK_FOLLOW: a link to a symlink is a second name of the symlink. */
        if (linkat(target_dir, target_name, place->parent->fd, place->name, 0) == 0)
            return 0;
        if (errno != EEXIST || attempt > 0)
            return error_errno(error, errno, "hard link");
        if (fstatat(place->parent->fd, place->name, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
            here.st_dev == there.st_dev && here.st_ino == there.st_ino)
            return 0; /* the same file already; replacing would remove the target */
        r = tree_replace(tree, place, error);
        if (r < 0)
            return r;
    }
}

/*** Whiteouts: image-spec layer.md#whiteouts. They apply to the layers below, never to this one.
 * ***/

static int tree_hide_path(Tree *tree, int dirfd, const char *name, Error *error)
{
    int fd CLEANUP(fd_closep) =
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open");
    return treedir_hide(&tree->dirs, fd, error);
}

static int tree_add_whiteout(Tree *tree, TreePlace *place, Error *error)
{
    const char *name = place->name + strlen(TREE_WHITEOUT);
    if (str_eq(place->name, TREE_WHITEOUT_OPAQUE))
        return tree_hide_path(tree, place->parent->fd, ".", error);
    if (str_empty(name) || str_eq(name, ".") || str_eq(name, ".."))
        return error_set(error, ERROR_CORRUPT, EINVAL, "whiteout of an impossible name");

    if (mknodat(place->parent->fd, name, S_IFCHR, makedev(0, 0)) == 0)
        return 0;
    struct stat st;
    if (errno != EEXIST || fstatat(place->parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "whiteout");
    /* This layer has that name itself: it stays, and hides what is below. */
    return S_ISDIR(st.st_mode) ? tree_hide_path(tree, place->parent->fd, name, error) : 0;
}

/* Bookkeeping of aufs (".wh..wh.plnk", ".wh..wh.aufs"), which is no content. */
static bool tree_is_aufs_metadata(const char *path)
{
    for (const char *p = path; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (str_starts(p, TREE_WHITEOUT_META) && !str_eq(p, TREE_WHITEOUT_OPAQUE))
            return true;
    }
    return false;
}

static int tree_add_at(Tree *tree, const TreeEntry *entry, const char *path, int *ret_fd,
                       Error *error)
{
    if (!*path)
        return tree_add_root(tree, entry, error);
    if (!tree_plain(tree) && tree_is_aufs_metadata(path))
        return 0;

    TreePlace place;
    int r = tree_place(tree, path, &place, error);
    if (r < 0)
        return r;
    if (!tree_plain(tree) && str_starts(place.name, TREE_WHITEOUT))
        return tree_add_whiteout(tree, &place, error);
    if (entry->hard_link)
        return tree_add_hard_link(tree, entry, &place, error);
    switch (entry->mode & S_IFMT) {
    case S_IFDIR: return tree_add_dir(tree, entry, &place, error);
    case S_IFREG: return tree_add_file(tree, entry, &place, ret_fd, error);
    case S_IFLNK: return tree_add_symlink(tree, entry, &place, error);
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO: return tree_add_special(tree, entry, &place, error);
    default: return error_set(error, ERROR_CORRUPT, EINVAL, "unknown type of entry");
    }
}

int tree_add(Tree *tree, const TreeEntry *entry, int *ret_fd, Error *error)
{
    *ret_fd = -1;
    if (++tree->dirs.counts.entries > tree->dirs.options.entries_max)
        return error_set(error, ERROR_LIMIT, EFBIG, "more than %llu entries",
                         (unsigned long long)tree->dirs.options.entries_max);
    char path[TREEDIR_PATH_MAX];
    int r = treedir_normalise(entry->path, path);
    if (r < 0)
        return error_set(error, ERROR_CORRUPT, r, "%s",
                         r == -ENAMETOOLONG ? "the path is too long"
                                            : "a path with \"..\", too deep or with a long name");
    return tree_add_at(tree, entry, path, ret_fd, error);
}

int tree_finish(Tree *tree, Error *error)
{
    return treedir_apply_late(&tree->dirs, error);
}
