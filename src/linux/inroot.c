/*
 * Resolution below a root. First rung: openat2(2), the kernel's own. Second: a walk of our own,
 * also used for making what is missing. The walk opens each component O_PATH | O_NOFOLLOW relative
 * to a descriptor it holds, keeps the directories it came through on a stack, and reads symlinks
 * itself:
 * ".." is the stack's previous entry and "/" its first, so that no rename by another process leads
 * out. The invariant: nothing is opened but by one plain name below a directory on the stack.
 *
 * The trap: a component may be swapped between two calls. What counts is the descriptor that was
 * opened and stat'ed, never a name looked up twice.
 */
#include "linux/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/syscalls.h"

enum {
    INROOT_SYMLINKS_MAX = 40, /* as the kernel */
    INROOT_DEPTH_MAX = 128,   /* directories below the root: each holds a descriptor */
    INROOT_RACES_MAX = 64,    /* tries while somebody renames under us */
    INROOT_PROC_MAGIC = 0x9fa0,
};

typedef enum InrootMake { INROOT_MAKE_NOTHING, INROOT_MAKE_DIR, INROOT_MAKE_FILE } InrootMake;

typedef struct InrootWalk {
    int root_fd; /* the caller's */
    int dirs[INROOT_DEPTH_MAX];
    size_t depth;            /* 0: in the root itself */
    char rest[2 * PATH_MAX]; /* what is still to be resolved */
    int symlinks;
    InrootMake make; /* what a missing last component becomes */
    mode_t mode;
    bool follow_last;
} InrootWalk;

static int inroot_walk_here(const InrootWalk *walk)
{
    return walk->depth ? walk->dirs[walk->depth - 1] : walk->root_fd;
}

static void inroot_walk_up_to(InrootWalk *walk, size_t depth)
{
    while (walk->depth > depth)
        fd_close(walk->dirs[--walk->depth]);
}

static void inroot_walk_done(InrootWalk *walk)
{
    inroot_walk_up_to(walk, 0);
}

/* Takes the first component of the rest; false at the end. *ret_last: nothing but '/' follows. */
static bool inroot_walk_next(InrootWalk *walk, char name[NAME_MAX + 1], bool *ret_last,
                             bool *ret_slash, int *ret_error)
{
    const char *p = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(p, "/");
    if (length == 0)
        return false;
    if (length > NAME_MAX) {
        *ret_error = -ENAMETOOLONG;
        return false;
    }
    memcpy(name, p, length);
    name[length] = '\0';
    p += length;
    *ret_slash = *p == '/';
    p += strspn(p, "/");
    *ret_last = *p == '\0';
    memmove(walk->rest, p, strlen(p) + 1);
    return true;
}

/* A link of procfs that is no text but a jump ("fd/3", "root", "ns/net"): its text is absolute or
 * has a colon; the true symlinks of procfs ("self", "mounts") have neither. */
static bool inroot_is_magic(int link_fd, const char *text)
{
    struct statfs fs;
    return (text[0] == '/' || strchr(text, ':')) && fstatfs(link_fd, &fs) == 0 &&
           fs.f_type == INROOT_PROC_MAGIC;
}

/* Puts a symlink's text before the rest. */
static int inroot_walk_link(InrootWalk *walk, int link_fd, bool slash)
{
    char text[PATH_MAX];
    if (++walk->symlinks > INROOT_SYMLINKS_MAX)
        return -ELOOP;
    ssize_t length = readlinkat(link_fd, "", text, sizeof(text));
    if (length < 0)
        return -errno;
    if (length == 0)
        return -ENOENT;
    if ((size_t)length == sizeof(text))
        return -ENAMETOOLONG;
    text[length] = '\0';
    if (inroot_is_magic(link_fd, text))
        return -ELOOP;
    size_t rest = strlen(walk->rest);
    if ((size_t)length + 1 + rest >= sizeof(walk->rest))
        return -ENAMETOOLONG;
    memmove(walk->rest + length + 1, walk->rest, rest + 1);
    memcpy(walk->rest, text, (size_t)length);
    walk->rest[length] = '/';
    if (rest == 0 && !slash)
        walk->rest[length] = '\0'; /* only "link/" asks for a directory behind it */
    if (text[0] == '/')
        inroot_walk_up_to(walk, 0);
    return 0;
}

static int inroot_walk_make(const InrootWalk *walk, const char *name, bool last, bool slash)
{
    int here = inroot_walk_here(walk);
    if (walk->make == INROOT_MAKE_NOTHING)
        return -ENOENT;
    if (!last || walk->make == INROOT_MAKE_DIR) {
        mode_t mode = last ? walk->mode : 0755;
        return mkdirat(here, name, mode) < 0 && errno != EEXIST ? -errno : 0;
    }
    if (slash)
        return -EISDIR;
    int fd = openat(here, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, walk->mode);
    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    fd_close(fd);
    return 0;
}

/* Opens one component O_PATH without following it, making it if it is missing and may be made. */
static int inroot_walk_open(const InrootWalk *walk, const char *name, bool last, bool slash,
                            struct stat *st)
{
    for (int tries = 0; tries < INROOT_RACES_MAX; tries++) {
        int fd = openat(inroot_walk_here(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0) {
            if (fstat(fd, st) == 0)
                return fd;
            int code = errno;
            fd_close(fd);
            return -code;
        }
        if (errno != ENOENT)
            return -errno;
        int r = inroot_walk_make(walk, name, last, slash);
        if (r < 0)
            return r;
    }
    return -EAGAIN;
}

/*
 * Resolves the rest. Returns an O_PATH descriptor of what the path names; the walk then stands in
 * its parent directory and `name` is its name there ("" for the root and for a path that ends in
 * ".." or "."), so that the caller may open it anew with other flags.
 */
static int inroot_walk_run(InrootWalk *walk, char name[NAME_MAX + 1])
{
    bool last = false, slash = false;
    int failed = 0;
    name[0] = '\0';
    while (inroot_walk_next(walk, name, &last, &slash, &failed)) {
        if (str_eq(name, ".") || str_eq(name, "..")) {
            if (name[1] == '.' && walk->depth)
                inroot_walk_up_to(walk, walk->depth - 1);
            name[0] = '\0';
            continue;
        }
        struct stat st;
        int fd CLEANUP(fd_closep) = inroot_walk_open(walk, name, last, slash, &st);
        if (fd < 0)
            return fd;
        if (S_ISLNK(st.st_mode) && (!last || slash || walk->follow_last)) {
            int r = inroot_walk_link(walk, fd, slash);
            if (r < 0)
                return r;
            name[0] = '\0';
            continue;
        }
        if ((!last || slash) && !S_ISDIR(st.st_mode))
            return -ENOTDIR;
        if (last)
            return TAKE_FD(fd);
        if (walk->depth == INROOT_DEPTH_MAX)
            return -ENAMETOOLONG;
        walk->dirs[walk->depth++] = TAKE_FD(fd);
        name[0] = '\0';
    }
    if (failed < 0)
        return failed;
    int fd = openat(inroot_walk_here(walk), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int inroot_walk_start(InrootWalk *walk, int root_fd, const char *path)
{
    size_t length = strlen(path);
    if (length == 0)
        return -ENOENT;
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    *walk = (InrootWalk){ .root_fd = root_fd, .follow_last = true };
    memcpy(walk->rest, path, length + 1);
    return 0;
}

/* The second rung of inroot_open. */
static int inroot_open_walking(int root_fd, const char *path, uint64_t flags)
{
    InrootWalk walk CLEANUP(inroot_walk_done) = { .depth = 0 };
    char name[NAME_MAX + 1];
    int r = inroot_walk_start(&walk, root_fd, path);
    if (r < 0)
        return r;
    walk.follow_last = !(flags & O_NOFOLLOW);

    int found CLEANUP(fd_closep) = inroot_walk_run(&walk, name);
    if (found < 0)
        return found;
    struct stat st;
    if (fstat(found, &st) < 0)
        return -errno;
    if ((flags & O_DIRECTORY) && !S_ISDIR(st.st_mode))
        return -ENOTDIR;
    if (flags & O_PATH)
        return TAKE_FD(found);
    /* Other flags need a second open, by a name that is no symlink any more or fails with ELOOP. */
    int fd =
        openat(inroot_walk_here(&walk), name[0] ? name : ".", (int)flags | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int inroot_open_kernel(int root_fd, const char *path, uint64_t flags)
{
    const SyscallOpenHow how = { .flags = flags | O_CLOEXEC,
                                 .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    for (int tries = 0; tries < INROOT_RACES_MAX; tries++) {
        int fd = sys_openat2(root_fd, path, &how);
        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN; /* ".." while something is renamed all the time */
}

static int inroot_open_any(int root_fd, const char *path, uint64_t flags)
{
    int fd = inroot_open_kernel(root_fd, path, flags);
    if (fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN)
        fd = inroot_open_walking(root_fd, path, flags);
    return fd;
}

int inroot_open(int root_fd, const char *path, uint64_t flags, Error *error)
{
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
        return error_set(error, ERROR_USAGE, EINVAL, "inroot_open makes no files");
    int fd = inroot_open_any(root_fd, path, flags);
    if (fd < 0)
        return error_errno(error, fd, "open %s inside the root", path);
    return fd;
}

static int inroot_make(int root_fd, const char *path, InrootMake make, mode_t mode)
{
    uint64_t flags = O_PATH | (make == INROOT_MAKE_DIR ? O_DIRECTORY : 0);
    int fd = inroot_open_any(root_fd, path, flags);
    if (fd != -ENOENT)
        return fd;

    InrootWalk walk CLEANUP(inroot_walk_done) = { .depth = 0 };
    char name[NAME_MAX + 1];
    int r = inroot_walk_start(&walk, root_fd, path);
    if (r < 0)
        return r;
    walk.make = make;
    walk.mode = mode;
    fd = inroot_walk_run(&walk, name);
    struct stat st;
    if (fd >= 0 && make == INROOT_MAKE_DIR && (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))) {
        fd_close(fd);
        return -ENOTDIR;
    }
    return fd;
}

int inroot_make_dir(int root_fd, const char *path, mode_t mode, Error *error)
{
    int fd = inroot_make(root_fd, path, INROOT_MAKE_DIR, mode);
    if (fd < 0)
        return error_errno(error, fd, "make the directory %s inside the root", path);
    return fd;
}

int inroot_make_file(int root_fd, const char *path, mode_t mode, Error *error)
{
    int fd = inroot_make(root_fd, path, INROOT_MAKE_FILE, mode);
    if (fd < 0)
        return error_errno(error, fd, "make the file %s inside the root", path);
    return fd;
}

int inroot_open_parent(int root_fd, const char *path, char ret_name[256], Error *error)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    size_t length = end - start;
    const char *name = path + start;
    if (length == 0 || (length == 1 && name[0] == '.') ||
        (length == 2 && name[0] == '.' && name[1] == '.'))
        return error_set(error, ERROR_USAGE, EINVAL, "\"%s\" does not end in a name", path);
    if (length > NAME_MAX || start >= PATH_MAX)
        return error_errno(error, ENAMETOOLONG, "open the parent of %s", path);

    char parent[PATH_MAX + 1] = "/";
    if (start > 0)
        memcpy(parent, path, start);
    parent[start > 0 ? start : 1] = '\0';
    int fd = inroot_make_dir(root_fd, parent, 0755, error);
    if (fd < 0)
        return fd;
    memcpy(ret_name, name, length);
    ret_name[length] = '\0';
    return fd;
}
