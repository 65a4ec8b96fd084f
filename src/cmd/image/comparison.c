/*
 * Walks both trees together by descriptors; symlinks are compared, never followed. A directory that
 * differs in kind is not entered.
 */
#include "cmd/image/comparison.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/image/treedir.h"
#include "image/imagestore.h"

enum { COMPARISON_BLOCK = 128 * 1024, COMPARISON_XATTRS = 64 * 1024 };

static void comparison_tell(const Comparison *comparison, const char *path, const char *what)
{
    char text[TREEDIR_PATH_MAX + 128];
    (void)snprintf(text, sizeof(text), "%s/%s: %s", comparison->prefix, path, what);
    comparison->on_difference(comparison->context, text);
}

int comparison_open(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int comparison_names(int fd, Arena *arena, StrList *ret_names)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir) {
        int r = -errno;
        fd_close(copy);
        return r;
    }
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0)
        strlist_append(arena, ret_names, entry->d_name);
    (void)closedir(dir);
    return r;
}

/* Every attribute of `a` but our own note is in `b`, with the same value. */
static bool comparison_xattrs_in(int a, int b)
{
    char *names CLEANUP(mem_freep) = mem_alloc(COMPARISON_XATTRS);
    char *one CLEANUP(mem_freep) = mem_alloc(COMPARISON_XATTRS);
    char *two CLEANUP(mem_freep) = mem_alloc(COMPARISON_XATTRS);
    ssize_t length = flistxattr(a, names, COMPARISON_XATTRS);
    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(names + i) + 1) {
        if (str_eq(names + i, IMAGESTORE_BYTES_XATTR))
            continue;
        ssize_t size = fgetxattr(a, names + i, one, COMPARISON_XATTRS);
        if (size < 0 || fgetxattr(b, names + i, two, COMPARISON_XATTRS) != size ||
            memcmp(one, two, (size_t)size) != 0)
            return false;
    }
    return true;
}

static bool comparison_same_content(int a, int b)
{
    char *one CLEANUP(mem_freep) = mem_alloc(COMPARISON_BLOCK);
    char *two CLEANUP(mem_freep) = mem_alloc(COMPARISON_BLOCK);
    for (off_t at = 0;;) {
        ssize_t n = pread(a, one, COMPARISON_BLOCK, at);
        if (n < 0 || pread(b, two, COMPARISON_BLOCK, at) != n || memcmp(one, two, (size_t)n) != 0)
            return false;
        if (n == 0)
            return true;
        at += n;
    }
}

static const char *comparison_facts(const struct stat *a, const struct stat *b)
{
    if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT))
        return "another kind of file";
    if (a->st_mode != b->st_mode)
        return "another mode";
    if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
        return "another owner";
    if (!S_ISDIR(a->st_mode) && a->st_size != b->st_size)
        return "another size";
    if (!S_ISDIR(a->st_mode) && a->st_nlink != b->st_nlink)
        return "another number of hard links";
    if ((S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) && a->st_rdev != b->st_rdev)
        return "another device";
    /* A whiteout's time is that of its making. */
    bool whiteout = S_ISCHR(a->st_mode) && a->st_rdev == 0;
    if (!whiteout &&
        (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
        return "another time";
    return NULL;
}

static const char *comparison_symlinks(int a, int b, const char *name)
{
    char one[TREEDIR_PATH_MAX], two[TREEDIR_PATH_MAX];
    ssize_t n = readlinkat(a, name, one, sizeof(one));
    bool same =
        n >= 0 && readlinkat(b, name, two, sizeof(two)) == n && memcmp(one, two, (size_t)n) == 0;
    return same ? NULL : "another target";
}

/* Regular files and directories: what takes a descriptor. */
static const char *comparison_open_files(int a, int b, bool regular)
{
    if (!comparison_xattrs_in(a, b) || !comparison_xattrs_in(b, a))
        return "other extended attributes";
    return regular && !comparison_same_content(a, b) ? "other content" : NULL;
}

static int comparison_dir(const Comparison *comparison, int a, int b, const char *path,
                          unsigned depth, Error *error);

static int comparison_one(const Comparison *comparison, const int dirs[2], const char *name,
                          const char *path, unsigned depth, Error *error)
{
    struct stat a, b;
    if (fstatat(dirs[0], name, &a, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(error, errno, "%.256s", path);
    if (fstatat(dirs[1], name, &b, AT_SYMLINK_NOFOLLOW) < 0) {
        comparison_tell(comparison, path, "does not belong there");
        return 0;
    }
    const char *differs = comparison_facts(&a, &b);
    if (!differs && S_ISLNK(a.st_mode))
        differs = comparison_symlinks(dirs[0], dirs[1], name);
    int one CLEANUP(fd_closep) = -1;
    int two CLEANUP(fd_closep) = -1;
    bool enter = S_ISDIR(a.st_mode) && S_ISDIR(b.st_mode);
    if (enter || (!differs && S_ISREG(a.st_mode))) {
        int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (enter ? O_DIRECTORY : 0);
        one = openat(dirs[0], name, flags);
        two = openat(dirs[1], name, flags);
        if (one < 0 || two < 0)
            return error_errno(error, errno, "%.256s", path);
        if (!differs)
            differs = comparison_open_files(one, two, S_ISREG(a.st_mode));
    }
    if (differs)
        comparison_tell(comparison, path, differs);
    return enter ? comparison_dir(comparison, one, two, path, depth + 1, error) : 0;
}

static int comparison_dir(const Comparison *comparison, int a, int b, const char *path,
                          unsigned depth, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList mine = { 0 }, wanted = { 0 };
    const int dirs[2] = { a, b };
    struct stat st;
    int r = comparison_names(a, &arena, &mine);
    if (r == 0)
        r = comparison_names(b, &arena, &wanted);
    if (r < 0)
        return error_errno(error, r, "%.256s", path);
    if (depth > TREEDIR_DEPTH_MAX)
        return error_set(error, ERROR_LIMIT, ELOOP, "more than %d directories deep",
                         TREEDIR_DEPTH_MAX);
    for (size_t i = 0; r == 0 && i < mine.count; i++)
        r = comparison_one(comparison, dirs, mine.items[i],
                           arena_printf(&arena, "%s%s%s", path, *path ? "/" : "", mine.items[i]),
                           depth, error);
    for (size_t i = 0; r == 0 && i < wanted.count; i++)
        if (fstatat(a, wanted.items[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
            comparison_tell(comparison,
                            arena_printf(&arena, "%s%s%s", path, *path ? "/" : "", wanted.items[i]),
                            "is missing");
    return r;
}

int comparison_run(const Comparison *comparison, int there_fd, int fresh_fd, Error *error)
{
    struct stat a, b;
    if (fstat(there_fd, &a) < 0 || fstat(fresh_fd, &b) < 0)
        return error_errno(error, errno, "stat");
    /* A root that no entry describes has the time of its making. */
    b.st_mtim = a.st_mtim;
    const char *differs = comparison_facts(&a, &b);
    if (!differs)
        differs = comparison_open_files(there_fd, fresh_fd, false);
    if (differs)
        comparison_tell(comparison, "", differs);
    return comparison_dir(comparison, there_fd, fresh_fd, "", 0, error);
}
