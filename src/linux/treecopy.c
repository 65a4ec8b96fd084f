/*
 * One function per kind of file. Descriptors only: names are single components, opened without
 * following links, so a tree that changes meanwhile can make the copy wrong but not lead it out.
 */
#include "linux/treecopy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "linux/inroot.h"
#include "linux/treecopy_links.h"

enum { TREECOPY_XATTR_MAX = 65536, TREECOPY_CHUNK = 1 << 30, TREECOPY_ID_MAX = 65535 };

typedef struct Treecopy {
    uint32_t shift;
    int depth;
    int target_fd;       /* of the whole tree */
    StrBuf path;         /* below it, of what is being copied: "/a/b" */
    TreecopyLinks links; /* files with several names, by the first one's path */
} Treecopy;

static uint32_t treecopy_id(const Treecopy *copy, uint32_t id)
{
    if (copy->shift == TREECOPY_SAME_IDS)
        return id;
    return copy->shift + (id > TREECOPY_ID_MAX ? TREECOPY_ID_MAX - 1 : id);
}

/* Attributes whose namespace this process or the target's filesystem has not are left out. */
static int treecopy_xattrs(int source_fd, int target_fd)
{
    char names[TREECOPY_XATTR_MAX];
    ssize_t size = flistxattr(source_fd, names, sizeof(names));
    if (size < 0)
        return errno == ENOTSUP ? 0 : -errno;
    char *value CLEANUP(mem_freep) = mem_alloc(TREECOPY_XATTR_MAX);
    for (const char *name = names; name < names + size; name += strlen(name) + 1) {
        if (str_starts(name, "trusted.overlay.") || str_starts(name, "trusted.ambit."))
            continue; /* the store's own bookkeeping */
        ssize_t length = fgetxattr(source_fd, name, value, TREECOPY_XATTR_MAX);
        if (length < 0)
            continue;
        if (fsetxattr(target_fd, name, value, (size_t)length, 0) < 0 && errno != ENOTSUP &&
            errno != EPERM)
            return -errno;
    }
    return 0;
}

/* Owner first: it clears setuid bits and capabilities, which come after it. */
static int treecopy_attributes(const Treecopy *copy, int source_fd, int target_fd,
                               const struct stat *st)
{
    const struct timespec times[] = { st->st_atim, st->st_mtim };
    if (fchown(target_fd, treecopy_id(copy, st->st_uid), treecopy_id(copy, st->st_gid)) < 0 ||
        fchmod(target_fd, st->st_mode & 07777) < 0)
        return -errno;
    int r = treecopy_xattrs(source_fd, target_fd);
    return r < 0 ? r : futimens(target_fd, times) < 0 ? -errno : 0;
}

static int treecopy_range(int source, int target, off_t from, off_t to)
{
    if (lseek(target, from, SEEK_SET) < 0)
        return -errno;
    while (from < to) {
        size_t size = to - from < TREECOPY_CHUNK ? (size_t)(to - from) : TREECOPY_CHUNK;
        ssize_t n = sendfile(target, source, &from, size);
        if (n == 0 || (n < 0 && errno != EINTR))
            return n == 0 ? 0 : -errno;
    }
    return 0;
}

/* Holes stay holes: an image's file of a terabyte and no content must not fill the disk. */
static int treecopy_content(int source, int target, off_t size)
{
    off_t at = 0;
    while (at < size) {
        off_t data = lseek(source, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break; /* a hole to the end */
        off_t hole = data < 0 ? -1 : lseek(source, data, SEEK_HOLE);
        if (data < 0 || hole < 0) { /* a filesystem that does not tell */
            data = at;
            hole = size;
        }
        int r = treecopy_range(source, target, data, hole);
        if (r < 0)
            return r;
        at = hole;
    }
    return ftruncate(target, size) < 0 ? -errno : 0;
}

static int treecopy_file(const Treecopy *copy, int source_dir, int target_dir, const char *name,
                         const struct stat *st)
{
    int source CLEANUP(fd_closep) =
        openat(source_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int target CLEANUP(fd_closep) =
        openat(target_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (source < 0 || target < 0)
        return -errno;
    int r = treecopy_content(source, target, st->st_size);
    return r < 0 ? r : treecopy_attributes(copy, source, target, st);
}

static int treecopy_symlink(const Treecopy *copy, int source_dir, int target_dir, const char *name,
                            const struct stat *st)
{
    char text[PATH_MAX];
    ssize_t length = readlinkat(source_dir, name, text, sizeof(text) - 1);
    if (length < 0)
        return -errno;
    text[length] = '\0';
    if (symlinkat(text, target_dir, name) < 0 ||
        fchownat(target_dir, name, treecopy_id(copy, st->st_uid), treecopy_id(copy, st->st_gid),
                 AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    const struct timespec times[] = { st->st_atim, st->st_mtim };
    return utimensat(target_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int treecopy_node(const Treecopy *copy, int target_dir, const char *name,
                         const struct stat *st)
{
    if (mknodat(target_dir, name, st->st_mode, st->st_rdev) < 0 ||
        fchownat(target_dir, name, treecopy_id(copy, st->st_uid), treecopy_id(copy, st->st_gid),
                 AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(target_dir, name, st->st_mode & 07777, 0) < 0)
        return -errno;
    return 0;
}

static int treecopy_directory(Treecopy *copy, int source_fd, int target_fd);

static int treecopy_subdirectory(Treecopy *copy, int source_dir, int target_dir, const char *name)
{
    if (copy->depth >= TREECOPY_DEPTH_MAX)
        return -ELOOP;
    int source CLEANUP(fd_closep) =
        openat(source_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0 || mkdirat(target_dir, name, 0700) < 0)
        return -errno;
    int target CLEANUP(fd_closep) =
        openat(target_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return -errno;
    copy->depth++;
    int r = treecopy_directory(copy, source, target);
    copy->depth--;
    return r;
}

/* A further name of a file that is copied already. By path, because a descriptor for each would be
 * too many and linking one by AT_EMPTY_PATH is a right the copy does not need otherwise. */
static int treecopy_link(const Treecopy *copy, const char *first, int target_dir, const char *name)
{
    char last[256];
    Error error = { 0 };
    int parent CLEANUP(fd_closep) = inroot_open_parent(copy->target_fd, first, last, &error);
    if (parent < 0)
        return parent;
    return linkat(parent, last, target_dir, name, 0) < 0 ? -errno : 0;
}

static int treecopy_kind(Treecopy *copy, int source_dir, int target_dir, const char *name,
                         const struct stat *st)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG: return treecopy_file(copy, source_dir, target_dir, name, st);
    case S_IFDIR: return treecopy_subdirectory(copy, source_dir, target_dir, name);
    case S_IFLNK: return treecopy_symlink(copy, source_dir, target_dir, name, st);
    case S_IFSOCK: return 0; /* nobody listens on a copy */
    default: return treecopy_node(copy, target_dir, name, st);
    }
}

static int treecopy_entry(Treecopy *copy, int source_dir, int target_dir, const char *name)
{
    struct stat st;
    if (fstatat(source_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    bool several = st.st_nlink > 1 && !S_ISDIR(st.st_mode) && !S_ISSOCK(st.st_mode);
    const char *first = several ? treecopy_links_find(&copy->links, &st) : NULL;
    if (first)
        return treecopy_link(copy, first, target_dir, name);
    size_t length = copy->path.length;
    strbuf_printf(&copy->path, "/%s", name);
    int r = treecopy_kind(copy, source_dir, target_dir, name, &st);
    if (r == 0 && several && copy->path.length < PATH_MAX)
        treecopy_links_add(&copy->links, &st, strbuf_text(&copy->path));
    copy->path.data[copy->path.length = length] = '\0';
    return r;
}

static int treecopy_directory(Treecopy *copy, int source_fd, int target_fd)
{
    struct stat st;
    int list_fd = openat(source_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = list_fd < 0 ? NULL : fdopendir(list_fd);
    if (!dir || fstat(source_fd, &st) < 0)
        return -errno;
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0) {
        r = treecopy_entry(copy, source_fd, target_fd, entry->d_name);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : treecopy_attributes(copy, list_fd, target_fd, &st);
}

int treecopy_run(int source_fd, int target_fd, uint32_t shift, Error *error)
{
    Treecopy copy = { .shift = shift, .target_fd = target_fd };
    int r = treecopy_directory(&copy, source_fd, target_fd);
    treecopy_links_done(&copy.links);
    strbuf_done(&copy.path);
    return r < 0 ? error_errno(error, r, "copy of files") : 0;
}
