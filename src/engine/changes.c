/*
 * An upper directory of overlayfs beside the merged view of what is below it. Both are walked by
 * descriptor, without following symlinks: the upper one was written by whoever is inside.
 *
 * The trap: a directory is in the upper layer as soon as anything in it changes, with its own
 * attributes unchanged. It is told because docker tells it.
 */
#include "engine/changes.h"

#include <dirent.h>
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
#include "engine/rootfs.h"
#include "linux/overlay.h"

enum { CHANGES_DEPTH_MAX = 256 };

static int changes_refuse(const ListingItem *item, const char *why, Error *error)
{
    return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "container %s: %s",
                     item->container->name, why);
}

static int changes_layers(const Engine *engine, const ListingItem *item, Arena *arena,
                          ChangesLayers *ret_layers, Error *error)
{
    const Container *container = item->container;
    if (!container)
        return error_set(error, ERROR_CONFLICT, EBUSY, "container %.12s is not completely made",
                         item->id);
    if (container->rootfs)
        return changes_refuse(item, "it runs in a directory of its own (--rootfs), not in an image",
                              error);
    if (str_eq(container->rung, rootfs_rung_name(ROOTFS_COPIED)))
        return changes_refuse(item,
                              "its root is a copy of the image: the filesystem cannot be "
                              "idmapped",
                              error);
    const char *upper = arena_printf(arena, "containers/%s/upper", item->id);
    if (faccessat(engine->root_fd, upper, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return changes_refuse(item, "what it changes is in memory (--read-only)", error);
    ChangesLayers layers = { .upper = upper };
    for (size_t i = 0; i < container->layers.count; i++)
        strlist_append(arena, &layers.lowers,
                       arena_printf(arena, "layers/%s", container->layers.items[i]));
    strlist_append(arena, &layers.lowers, "stubs");
    *ret_layers = layers;
    return 0;
}

int changes_find(const Engine *engine, const char *name, Arena *arena, ListingItem *ret_item,
                 ChangesLayers *ret_layers, Error *error)
{
    int r = listing_find(engine, name, arena, ret_item, error);
    return r < 0 ? r : changes_layers(engine, ret_item, arena, ret_layers, error);
}

/*** diff ***/

typedef struct Changes {
    Arena *arena;
    ChangesList list;
} Changes;

static int changes_add(Changes *changes, ChangesKind kind, const char *path, Error *error)
{
    if (changes->list.count >= CHANGES_MAX)
        return error_set(error, ERROR_LIMIT, EFBIG, "more than %d changes", CHANGES_MAX);
    *(ChangesEntry *)arena_append(changes->arena, &changes->list.items, &changes->list.count,
                                  sizeof(ChangesEntry)) = (ChangesEntry){ kind, path };
    return 0;
}

static int changes_open(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static DIR *changes_opendir(int fd)
{
    int copy = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir)
        fd_close(copy);
    return dir;
}

/* What is below an opaque directory and not in it is gone. */
static int changes_hidden(Changes *changes, int upper, int lower, const char *path, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = changes_opendir(lower);
    const struct dirent *entry;
    int r = 0, more = 0;
    while (r == 0 && dir && (more = file_next_entry(dir, &entry)) > 0)
        if (faccessat(upper, entry->d_name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            r = changes_add(changes, CHANGES_DELETED,
                            arena_printf(changes->arena, "%s/%s", path, entry->d_name), error);
    return more < 0 ? error_errno(error, more, "%s", path) : r;
}

/* A directory in both views. */
typedef struct ChangesDir {
    int upper, lower; /* lower -1: there is nothing below it */
    const char *path;
    unsigned depth;
} ChangesDir;

static int changes_dir(Changes *changes, const ChangesDir *at, Error *error);

static int changes_subdir(Changes *changes, const ChangesDir *at, const char *name,
                          const char *path, bool existed, Error *error)
{
    int upper CLEANUP(fd_closep) = changes_open(at->upper, name);
    if (upper < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "%s", path);
    int lower CLEANUP(fd_closep) = existed ? changes_open(at->lower, name) : -1;
    ChangesDir below = { upper, lower, path, at->depth + 1 };
    return changes_dir(changes, &below, error);
}

static int changes_one(Changes *changes, const ChangesDir *at, const char *name, Error *error)
{
    const char *path = arena_printf(changes->arena, "%s/%s", at->path, name);
    struct stat st, below;
    if (fstatat(at->upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "%s", path);
    bool existed = at->lower >= 0 && fstatat(at->lower, name, &below, AT_SYMLINK_NOFOLLOW) == 0;
    if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
        return existed ? changes_add(changes, CHANGES_DELETED, path, error) : 0;
    int r = changes_add(changes, existed ? CHANGES_MODIFIED : CHANGES_ADDED, path, error);
    if (r < 0 || !S_ISDIR(st.st_mode))
        return r;
    return changes_subdir(changes, at, name, path, existed && S_ISDIR(below.st_mode), error);
}

static int changes_dir(Changes *changes, const ChangesDir *at, Error *error)
{
    char opaque[2];
    DIR *dir CLEANUP(file_closedirp) = changes_opendir(at->upper);
    if (!dir)
        return error_errno(error, errno, "%s", at->path);
    if (at->depth > CHANGES_DEPTH_MAX)
        return error_set(error, ERROR_LIMIT, ELOOP, "more than %d directories deep",
                         CHANGES_DEPTH_MAX);
    int r = 0, more = 0;
    if (at->lower >= 0 &&
        fgetxattr(at->upper, "trusted.overlay.opaque", opaque, sizeof(opaque)) == 1 &&
        *opaque == 'y')
        r = changes_hidden(changes, at->upper, at->lower, at->path, error);
    const struct dirent *entry;
    while (r == 0 && (more = file_next_entry(dir, &entry)) > 0)
        r = changes_one(changes, at, entry->d_name, error);
    return more < 0 ? error_errno(error, more, "%s", at->path) : r;
}

static int changes_compare(const void *a, const void *b)
{
    return strcmp(((const ChangesEntry *)a)->path, ((const ChangesEntry *)b)->path);
}

int changes_list(const Engine *engine, const ChangesLayers *layers, Arena *arena,
                 ChangesList *ret_list, Error *error)
{
    Changes changes = { .arena = arena };
    OverlayOptions options = {
        .base_fd = engine->root_fd,
        .lowers = (const char *const *)layers->lowers.items,
        .lower_count = layers->lowers.count,
    };
    int lower CLEANUP(fd_closep) = overlay_mount(&options, error);
    if (lower < 0)
        return lower;
    int upper CLEANUP(fd_closep) = changes_open(engine->root_fd, layers->upper);
    if (upper < 0)
        return error_errno(error, errno, "%s", layers->upper);
    ChangesDir root = { upper, lower, "", 0 };
    int r = changes_dir(&changes, &root, error);
    if (r < 0)
        return r;
    if (changes.list.count > 0)
        qsort(changes.list.items, changes.list.count, sizeof(ChangesEntry), changes_compare);
    *ret_list = changes.list;
    return 0;
}
