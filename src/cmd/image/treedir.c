/*
 * Two ways to a parent directory. The fast one: a small cache of open directories (archives are
 * written directory by directory), filled by openat2(RESOLVE_IN_ROOT), which follows symlinks of
 * the image inside the root. The slow one, when that fails because a directory is missing: a walk
 * component by component through the merged view of this layer and the ones below, as the kernel
 * would see it through overlayfs. It is what makes "lib/x" land in usr/lib where a lower layer has
 * lib -> usr/lib, and gives an undescribed "tmp" the mode that it has below.
 *
 * The trap: a directory of this layer hides the layers below once it is opaque or stands where the
 * lower layers have something else; `visible` says whether looking down is still right.
 */
#include "cmd/image/treedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/image/acl.h"
#include "linux/inroot.h"
#include "linux/syscalls.h"

enum {
    TREEDIR_RESTARTS_MAX = 64,  /* symlinks and ".." on one walk; the kernel allows 40 symlinks */
    TREEDIR_OPAQUE_MAX = 65536, /* opaque directories in one layer */
    TREEDIR_ACL_MAX = 4096,     /* bytes of a default ACL */
    TREEDIR_AGAIN_MAX = 64,     /* openat2's EAGAIN: a rename anywhere on the host */
};

#define TREEDIR_EXACT (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS)

int treedir_normalise(const char *path, char ret_path[TREEDIR_PATH_MAX])
{
    size_t used = 0, depth = 0;
    while (*path) {
        size_t length = strcspn(path, "/");
        if (length == 0 || (length == 1 && *path == '.')) {
            path += length ? length : 1;
            continue;
        }
        if ((length == 2 && path[0] == '.' && path[1] == '.') || length > 255 ||
            ++depth > TREEDIR_DEPTH_MAX)
            return -EINVAL;
        if (used + 1 + length + 1 > TREEDIR_PATH_MAX)
            return -ENAMETOOLONG;
        if (used > 0)
            ret_path[used++] = '/';
        memcpy(ret_path + used, path, length);
        used += length;
        path += length;
    }
    ret_path[used] = '\0';
    return 0;
}

/* Without openat2: name by name. The path is normalised, so there is no "..". */
static int treedir_walk_exact(int dirfd, const char *path)
{
    int here CLEANUP(fd_closep) = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (here >= 0 && *path) {
        char name[NAME_MAX + 1];
        size_t length = strcspn(path, "/");
        if (length > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, path, length);
        name[length] = '\0';
        path += length + strspn(path + length, "/");
        int next = openat(here, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        fd_close(here);
        here = next;
    }
    return here < 0 ? -errno : TAKE_FD(here);
}

int treedir_open_exact(int dirfd, const char *path)
{
    SyscallOpenHow how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = TREEDIR_EXACT };
    for (unsigned i = 0; i < TREEDIR_AGAIN_MAX; i++) {
        int fd = sys_openat2(dirfd, *path ? path : ".", &how);
        if (fd >= 0)
            return fd;
        if (errno == ENOSYS || errno == EPERM)
            return treedir_walk_exact(dirfd, path);
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

static int treedir_open_in_root(const TreeDirs *dirs, const char *path, int flags)
{
    return inroot_open(dirs->options.root_fd, *path ? path : ".", (uint64_t)flags, NULL);
}

int treedir_init(TreeDirs *dirs, const TreeOptions *options, Error *error)
{
    *dirs = (TreeDirs){ .options = *options };
    for (size_t i = 0; i < TREEDIR_CACHE; i++)
        dirs->cache[i].fd = -1;
    /* A nameless file rather than memory: the number of directories is the archive's choice. */
    int fd = openat(options->root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = memfd_create("late", MFD_CLOEXEC);
    dirs->late = fd < 0 ? NULL : fdopen(fd, "w+");
    if (!dirs->late) {
        int r = error_errno(error, errno, "temporary file for directories");
        fd_close(fd);
        return r;
    }
    return 0;
}

void treedir_forget(TreeDirs *dirs)
{
    for (size_t i = 0; i < TREEDIR_CACHE; i++) {
        mem_freep(&dirs->cache[i].path);
        fd_closep(&dirs->cache[i].fd);
    }
}

void treedir_done(TreeDirs *dirs)
{
    treedir_forget(dirs);
    mem_freep(&dirs->opaque);
    if (dirs->late)
        (void)fclose(dirs->late);
    dirs->late = NULL;
}

/*** The set of opaque directories. ***/

static size_t treedir_opaque_slot(const uint64_t *table, size_t room, uint64_t inode)
{
    size_t slot = (size_t)(inode * 0x9e3779b97f4a7c15u) & (room - 1);
    while (table[slot] != 0 && table[slot] != inode)
        slot = (slot + 1) & (room - 1);
    return slot;
}

static bool treedir_is_opaque(const TreeDirs *dirs, uint64_t inode)
{
    return dirs->opaque_room > 0 &&
           dirs->opaque[treedir_opaque_slot(dirs->opaque, dirs->opaque_room, inode)] == inode;
}

static void treedir_opaque_grow(TreeDirs *dirs)
{
    size_t room = dirs->opaque_room ? 2 * dirs->opaque_room : 64;
    uint64_t *table = mem_alloc(room * sizeof(*table));
    for (size_t i = 0; i < dirs->opaque_room; i++)
        if (dirs->opaque[i])
            table[treedir_opaque_slot(table, room, dirs->opaque[i])] = dirs->opaque[i];
    mem_freep(&dirs->opaque);
    dirs->opaque = table;
    dirs->opaque_room = room;
}

int treedir_hide(TreeDirs *dirs, int fd, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "fstat");
    if (treedir_is_opaque(dirs, st.st_ino))
        return 0;
    if (dirs->opaque_count >= TREEDIR_OPAQUE_MAX)
        return error_set(error, ERROR_LIMIT, EFBIG, "more than %d opaque directories in one layer",
                         TREEDIR_OPAQUE_MAX);
    if (2 * (dirs->opaque_count + 1) > dirs->opaque_room)
        treedir_opaque_grow(dirs);
    dirs->opaque[treedir_opaque_slot(dirs->opaque, dirs->opaque_room, st.st_ino)] = st.st_ino;
    dirs->opaque_count++;
    return dirs->options.on_opaque ? dirs->options.on_opaque(dirs->options.context, fd, error) : 0;
}

/*** The walk that makes what is missing. ***/

typedef struct TreeDirWalk {
    char resolved[TREEDIR_PATH_MAX]; /* of the directory `fd`: no symlinks in it */
    char rest[TREEDIR_PATH_MAX];     /* still to walk */
    int fd;
    bool visible; /* the layers below show through in `fd` */
    unsigned restarts;
} TreeDirWalk;

static void treedir_walk_done(TreeDirWalk *walk)
{
    fd_closep(&walk->fd);
}

/* Begins again at the root with "<head>/<middle>/<tail>". */
static int treedir_restart(const TreeDirs *dirs, TreeDirWalk *walk, const char *head,
                           const char *middle, const char *tail)
{
    if (++walk->restarts > TREEDIR_RESTARTS_MAX)
        return -ELOOP;
    char path[TREEDIR_PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s/%s", head, middle, tail);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    memcpy(walk->rest, path, (size_t)length + 1);
    walk->resolved[0] = '\0';
    fd_closep(&walk->fd);
    walk->fd = treedir_open_exact(dirs->options.root_fd, "");
    walk->visible = dirs->options.has_lower;
    return walk->fd < 0 ? walk->fd : 0;
}

static int treedir_follow(const TreeDirs *dirs, TreeDirWalk *walk, int dirfd, const char *name,
                          const char *tail)
{
    char target[TREEDIR_PATH_MAX];
    ssize_t length = readlinkat(dirfd, name, target, sizeof(target));
    if (length < 0)
        return -errno;
    if ((size_t)length >= sizeof(target))
        return -ENAMETOOLONG;
    target[length] = '\0';
    return treedir_restart(dirs, walk, target[0] == '/' ? "" : walk->resolved, target, tail);
}

static int treedir_enter(const TreeDirs *dirs, TreeDirWalk *walk, const char *name,
                         const char *tail)
{
    int fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        int r = -errno;
        fd_close(fd);
        return r;
    }
    fd_close(walk->fd);
    walk->fd = fd;
    if (treedir_is_opaque(dirs, st.st_ino))
        walk->visible = false;

    size_t used = strlen(walk->resolved), length = strlen(name);
    if (used + 1 + length + 1 > sizeof(walk->resolved))
        return -ENAMETOOLONG;
    if (used > 0)
        walk->resolved[used++] = '/';
    memcpy(walk->resolved + used, name, length + 1);
    memmove(walk->rest, tail, strlen(tail) + 1);
    return 0;
}

/* Makes the directory `name` in the walk's directory; `like` (may be NULL) is its model. */
static int treedir_make(TreeDirs *dirs, TreeDirWalk *walk, const char *name,
                        const struct stat *like, const char *tail, Error *error)
{
    if (mkdirat(walk->fd, name, 0755) < 0)
        return -errno;
    if (like && (fchownat(walk->fd, name, like->st_uid, like->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
                 fchmodat(walk->fd, name, like->st_mode & 07777, 0) < 0))
        return -errno;
    int r = treedir_enter(dirs, walk, name, tail);
    if (r < 0)
        return r;
    dirs->counts.implicit_dirs++;
    TreeDirLate late = { .mtime = like ? like->st_mtim : (struct timespec){ 0 } };
    return treedir_note_late(dirs, walk->resolved, &late, error);
}

/* `name` is missing in this layer: what do the layers below have at this place? */
static int treedir_from_lower(TreeDirs *dirs, TreeDirWalk *walk, const char *name, const char *tail,
                              Error *error)
{
    if (!walk->visible)
        return treedir_make(dirs, walk, name, NULL, tail, error);
    if (dirs->options.lower_fd < 0)
        return TREEDIR_NEEDS_LOWER;

    int lower CLEANUP(fd_closep) = treedir_open_exact(dirs->options.lower_fd, walk->resolved);
    struct stat st;
    if (lower < 0 || fstatat(lower, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return treedir_make(dirs, walk, name, NULL, tail, error);
    if (S_ISLNK(st.st_mode))
        return treedir_follow(dirs, walk, lower, name, tail);
    return treedir_make(dirs, walk, name, S_ISDIR(st.st_mode) ? &st : NULL, tail, error);
}

static bool treedir_is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* One component of the walk. */
static int treedir_step(TreeDirs *dirs, TreeDirWalk *walk, Error *error)
{
    char name[256];
    size_t length = strcspn(walk->rest, "/");
    const char *tail = walk->rest + length + (walk->rest[length] == '/');
    if (length > 255)
        return -ENAMETOOLONG;
    memcpy(name, walk->rest, length);
    name[length] = '\0';

    if (length == 0 || str_eq(name, ".")) {
        memmove(walk->rest, tail, strlen(tail) + 1);
        return 0;
    }
    if (str_eq(name, "..")) {
        char *slash = strrchr(walk->resolved, '/');
        *(slash ? slash : walk->resolved) = '\0';
        return treedir_restart(dirs, walk, walk->resolved, ".", tail);
    }

    struct stat st;
    if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? treedir_from_lower(dirs, walk, name, tail, error) : -errno;
    if (S_ISLNK(st.st_mode))
        return treedir_follow(dirs, walk, walk->fd, name, tail);
    if (!treedir_is_whiteout(&st))
        return treedir_enter(dirs, walk, name, tail); /* not a directory: ENOTDIR */

    /* Removed below and new in this layer. */
    if (unlinkat(walk->fd, name, 0) < 0)
        return -errno;
    int r = treedir_make(dirs, walk, name, NULL, tail, error);
    if (r < 0)
        return r;
    walk->visible = false;
    int fd CLEANUP(fd_closep) = openat(walk->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : treedir_hide(dirs, fd, error); /* attributes need more than O_PATH */
}

static int treedir_walk(TreeDirs *dirs, const char *path, Error *error)
{
    TreeDirWalk walk CLEANUP(treedir_walk_done) = { .fd = -1 };
    int r = treedir_restart(dirs, &walk, "", path, "");
    while (r == 0 && walk.rest[0])
        r = treedir_step(dirs, &walk, error);
    return r < 0 ? r : TAKE_FD(walk.fd);
}

/*** Parents. ***/

static TreeDirCached *treedir_cached(TreeDirs *dirs, const char *path, size_t length)
{
    for (size_t i = 0; i < TREEDIR_CACHE; i++) {
        TreeDirCached *slot = &dirs->cache[i];
        if (slot->path && strncmp(slot->path, path, length) == 0 && slot->path[length] == '\0')
            return slot;
    }
    return NULL;
}

int treedir_parent(TreeDirs *dirs, const char *path, const TreeDirCached **ret_parent,
                   const char **ret_name, Error *error)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    *ret_name = slash ? slash + 1 : path;
    *ret_parent = treedir_cached(dirs, path, length);
    if (*ret_parent)
        return 0;

    char *parent CLEANUP(mem_freep) = mem_alloc(length + 1);
    memcpy(parent, path, length);
    Error inner = { 0 };
    int fd = treedir_open_in_root(dirs, parent, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT || fd == -ENOTDIR) /* missing, or a whiteout in the way */
        fd = treedir_walk(dirs, parent, &inner);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) < 0) {
        fd_close(fd);
        fd = -errno;
    }
    if (fd == TREEDIR_NEEDS_LOWER)
        return error_set(error, ERROR_UNSUPPORTED, EREMOTE,
                         "the layer needs the ones below it for its directories");
    if (fd < 0 && inner.kind != ERROR_NONE && error) {
        *error = inner;
        return fd;
    }
    if (fd < 0)
        return error_errno(error, fd, "its parent directory");

    TreeDirCached *slot = &dirs->cache[dirs->next_slot++ % TREEDIR_CACHE];
    mem_freep(&slot->path);
    fd_close(slot->fd);
    *slot = (TreeDirCached){ TAKE_PTR(parent), fd, (st.st_mode & S_ISGID) != 0 };
    *ret_parent = slot;
    return 0;
}

int treedir_existing_parent(TreeDirs *dirs, const char *path, int *ret_fd, const char **ret_name)
{
    char parent[TREEDIR_PATH_MAX] = "";
    const char *slash = strrchr(path, '/');
    if (slash)
        memcpy(parent, path, (size_t)(slash - path));
    int fd = treedir_open_in_root(dirs, parent, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    *ret_name = slash ? slash + 1 : path;
    return 0;
}

/*** What comes late. ***/

int treedir_note_late(TreeDirs *dirs, const char *path, const TreeDirLate *late, Error *error)
{
    size_t size = late->acl_size <= TREEDIR_ACL_MAX ? late->acl_size : 0;
    if (size != late->acl_size)
        return error_set(error, ERROR_LIMIT, E2BIG, "an ACL of %zu bytes", late->acl_size);
    if (fwrite(&late->mtime, sizeof(late->mtime), 1, dirs->late) != 1 ||
        fwrite(&size, sizeof(size), 1, dirs->late) != 1 ||
        fwrite(path, strlen(path) + 1, 1, dirs->late) != 1 ||
        (size > 0 && fwrite(late->acl, size, 1, dirs->late) != 1))
        return error_errno(error, errno, "temporary file for directories");
    return 0;
}

static int treedir_apply(TreeDirs *dirs, const char *path, const TreeDirLate *late, Error *error)
{
    struct timespec times[2] = { late->mtime, late->mtime };
    int fd CLEANUP(fd_closep) =
        treedir_open_in_root(dirs, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0)
        return 0; /* removed or replaced by a later entry */
    if (late->acl_size > 0 && fsetxattr(fd, ACL_DEFAULT_XATTR, late->acl, late->acl_size, 0) < 0) {
        if (errno != EOPNOTSUPP)
            return error_errno(error, errno, "default ACL of directory %.256s", path);
        dirs->counts.xattrs_dropped++;
    }
    return futimens(fd, times) < 0 ? error_errno(error, errno, "time of a directory") : 0;
}

int treedir_apply_late(TreeDirs *dirs, Error *error)
{
    if (fflush(dirs->late) != 0 || fseek(dirs->late, 0, SEEK_SET) != 0)
        return error_errno(error, errno, "temporary file for directories");
    char acl[TREEDIR_ACL_MAX];
    TreeDirLate late = { .acl = acl };
    char *path CLEANUP(mem_freep) = NULL;
    size_t room = 0;
    while (fread(&late.mtime, sizeof(late.mtime), 1, dirs->late) == 1 &&
           fread(&late.acl_size, sizeof(late.acl_size), 1, dirs->late) == 1 &&
           late.acl_size <= sizeof(acl) && getdelim(&path, &room, '\0', dirs->late) > 0 &&
           fread(acl, 1, late.acl_size, dirs->late) == late.acl_size) {
        int r = treedir_apply(dirs, path, &late, error);
        if (r < 0)
            return r;
    }
    return 0;
}
