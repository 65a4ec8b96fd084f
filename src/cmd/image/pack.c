/*
 * The packer walks by descriptors and never follows a symlink; names are sorted, so that the same
 * tree gives the same bytes. libarchive writes pax: nanoseconds, long names, attributes, holes.
 *
 * The trap: the container may still run and change what is being read. A file that shrinks is
 * filled up with zeroes, one that grows is cut at the size that its header says.
 */
#include "cmd/image/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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
#include "cmd/image/sandbox.h"
#include "cmd/image/treedir.h"
#include "linux/clone.h"

enum {
    PACK_BLOCK = 256 * 1024,
    PACK_XATTRS_MAX = 16 * 1024, /* bytes of names of one file */
    PACK_XATTR_MAX = 64 * 1024,  /* of one value: the kernel's limit */
    PACK_SEGMENTS_MAX = 4096,    /* of a sparse file; more are packed as data */
};
static const uint64_t PACK_MEMORY = 192ULL << 20; /* names of one directory, hard links */

/*** Opaque directories, found by the parent. ***/

static int pack_compare_inode(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool pack_is_opaque(const PackOpaque *opaque, uint64_t inode)
{
    return opaque->count > 0 && bsearch(&inode, opaque->inodes, opaque->count, sizeof(inode),
                                        pack_compare_inode) != NULL;
}

static int pack_note_opaque(int fd, PackOpaque *opaque, Error *error)
{
    char value[2];
    struct stat st;
    if (fgetxattr(fd, "trusted.overlay.redirect", NULL, 0) >= 0)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "a directory was renamed by overlayfs without copying it (redirect_dir)");
    if (fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) != 1 || value[0] != 'y')
        return 0;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "stat");
    if (opaque->count == opaque->room) {
        opaque->room = opaque->room ? 2 * opaque->room : 64;
        opaque->inodes = mem_resize(opaque->inodes, opaque->room, sizeof(*opaque->inodes));
    }
    opaque->inodes[opaque->count++] = st.st_ino;
    return 0;
}

static int pack_walk_opaque(int fd, unsigned depth, PackOpaque *opaque, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = fdopendir(fd);
    if (!dir) {
        int r = error_errno(error, errno, "read a directory");
        fd_close(fd);
        return r;
    }
    if (depth > TREEDIR_DEPTH_MAX)
        return error_set(error, ERROR_LIMIT, ELOOP, "more than %d directories deep",
                         TREEDIR_DEPTH_MAX);
    int r = pack_note_opaque(dirfd(dir), opaque, error), more = 0;
    const struct dirent *entry;
    while (r == 0 && (more = file_next_entry(dir, &entry)) > 0) {
        if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
            continue;
        int child =
            openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            r = pack_walk_opaque(child, depth + 1, opaque, error);
        else if (errno != ENOTDIR && errno != ELOOP && errno != ENOENT)
            r = error_errno(error, errno, "open a directory");
    }
    return more < 0 ? error_errno(error, more, "read a directory") : r;
}

int pack_find_opaque(int root_fd, PackOpaque *ret_opaque, Error *error)
{
    PackOpaque opaque = { 0 };
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? error_errno(error, errno, "open") : pack_walk_opaque(fd, 0, &opaque, error);
    if (r < 0) {
        pack_opaque_done(&opaque);
        return r;
    }
    if (opaque.count > 0)
        qsort(opaque.inodes, opaque.count, sizeof(*opaque.inodes), pack_compare_inode);
    *ret_opaque = opaque;
    return 0;
}

void pack_opaque_done(PackOpaque *opaque)
{
    mem_freep(&opaque->inodes);
    *opaque = (PackOpaque){ 0 };
}

/*** The packer: everything below runs in the child. ***/

typedef struct PackLink {
    uint64_t device, inode; /* inode 0: free */
    char *path;
} PackLink;

typedef struct Packer {
    const PackJob *job;
    struct archive *archive;
    struct archive_entry *entry;
    char
        path[TREEDIR_PATH_MAX]; /* of the directory at hand, with "/" at its end; "" for the root */
    PackLink *links;            /* an open hash table of files with several names */
    size_t link_count, link_room;
    char *buffer;
    char names[PACK_XATTRS_MAX], value[PACK_XATTR_MAX];
} Packer;

static int pack_failed(Packer *packer, Error *error)
{
    int code = archive_errno(packer->archive);
    const char *text = archive_error_string(packer->archive);
    if (str_eq(text, "Write error"))
        return error_errno(error, code > 0 ? code : EIO, "write the archive");
    return error_set(error, ERROR_SYSTEM, code > 0 ? code : EIO, "write the archive: %s",
                     text ? text : "?");
}

static PackLink *pack_link_slot(PackLink *links, size_t room, const struct stat *st)
{
    size_t slot = (size_t)((st->st_ino ^ st->st_dev) * 0x9e3779b97f4a7c15u) & (room - 1);
    while (links[slot].inode != 0 &&
           (links[slot].inode != st->st_ino || links[slot].device != st->st_dev))
        slot = (slot + 1) & (room - 1);
    return &links[slot];
}

static void pack_links_grow(Packer *packer)
{
    size_t room = packer->link_room ? 2 * packer->link_room : 256;
    PackLink *links = mem_alloc(room * sizeof(*links));
    for (size_t i = 0; i < packer->link_room; i++) {
        struct stat st = { .st_ino = packer->links[i].inode, .st_dev = packer->links[i].device };
        if (st.st_ino)
            *pack_link_slot(links, room, &st) = packer->links[i];
    }
    free(packer->links);
    packer->links = links;
    packer->link_room = room;
}

/* The first name of a file that has several, or NULL: then `path` is remembered. */
static const char *pack_link(Packer *packer, const char *path, const struct stat *st)
{
    if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
        return NULL;
    if (2 * (packer->link_count + 1) > packer->link_room)
        pack_links_grow(packer);
    PackLink *link = pack_link_slot(packer->links, packer->link_room, st);
    if (link->inode)
        return link->path;
    *link = (PackLink){ st->st_dev, st->st_ino, mem_strdup(path) };
    packer->link_count++;
    return NULL;
}

static bool pack_xattr_wanted(const char *name)
{
    return str_starts(name, "user.") || str_eq(name, "security.capability") ||
           str_eq(name, ACL_ACCESS_XATTR) || str_eq(name, ACL_DEFAULT_XATTR);
}

static void pack_xattrs(Packer *packer, int fd)
{
    ssize_t length = flistxattr(fd, packer->names, sizeof(packer->names));
    for (ssize_t i = 0; i < length; i += (ssize_t)strlen(packer->names + i) + 1) {
        const char *name = packer->names + i;
        if (!pack_xattr_wanted(name))
            continue;
        ssize_t size = fgetxattr(fd, name, packer->value, sizeof(packer->value));
        if (size >= 0)
            archive_entry_xattr_add_entry(packer->entry, name, packer->value, (size_t)size);
    }
}

/* Where a file has data, if it has holes. */
static void pack_holes(Packer *packer, int fd, const struct stat *st)
{
    off_t at = 0;
    if ((uint64_t)st->st_blocks * 512 >= (uint64_t)st->st_size)
        return;
    for (unsigned i = 0; i < PACK_SEGMENTS_MAX; i++) {
        off_t data = lseek(fd, at, SEEK_DATA);
        off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
        if (hole < 0 || hole > st->st_size)
            break;
        archive_entry_sparse_add_entry(packer->entry, data, hole - data);
        at = hole;
    }
    if (at < st->st_size && lseek(fd, at, SEEK_DATA) >= 0)
        archive_entry_sparse_clear(packer->entry); /* too many */
    else if (at == 0)
        archive_entry_sparse_add_entry(packer->entry, st->st_size, 0); /* one hole */
}

static int pack_data(Packer *packer, int fd, int64_t size, Error *error)
{
    for (int64_t at = 0; at < size;) {
        size_t want = size - at < PACK_BLOCK ? (size_t)(size - at) : PACK_BLOCK;
        ssize_t n = pread(fd, packer->buffer, want, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(error, errno, "read");
        if (n == 0) { /* it became shorter */
            memset(packer->buffer, 0, want);
            n = (ssize_t)want;
        }
        if (archive_write_data(packer->archive, packer->buffer, (size_t)n) < 0)
            return pack_failed(packer, error);
        at += n;
    }
    return 0;
}

static void pack_describe(Packer *packer, const char *path, const struct stat *st)
{
    struct archive_entry *entry = archive_entry_clear(packer->entry);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_mode(entry, st->st_mode);
    archive_entry_set_uid(entry, st->st_uid);
    archive_entry_set_gid(entry, st->st_gid);
    archive_entry_set_mtime(entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        archive_entry_set_rdevmajor(entry, major(st->st_rdev));
        archive_entry_set_rdevminor(entry, minor(st->st_rdev));
    }
}

static int pack_header(Packer *packer, Error *error)
{
    int r = archive_write_header(packer->archive, packer->entry);
    return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 0 : pack_failed(packer, error);
}

/* An empty file that says that something is gone. */
static int pack_whiteout(Packer *packer, const char *prefix, const char *name, Error *error)
{
    char path[TREEDIR_PATH_MAX + 512];
    struct stat st = { .st_mode = S_IFREG };
    (void)snprintf(path, sizeof(path), "%s%s%s", packer->path, prefix, name);
    pack_describe(packer, path, &st);
    return pack_header(packer, error);
}

static int pack_file(Packer *packer, int dir_fd, const char *name, const char *path,
                     const struct stat *seen, Error *error)
{
    struct stat st;
    int fd CLEANUP(fd_closep) =
        openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0; /* it went away meanwhile */
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(error, errno, "open");
    if (!S_ISREG(st.st_mode) || st.st_ino != seen->st_ino)
        return 0;
    pack_describe(packer, path, &st);
    pack_xattrs(packer, fd);
    pack_holes(packer, fd, &st);
    int r = pack_header(packer, error);
    return r < 0 ? r : pack_data(packer, fd, st.st_size, error);
}

static int pack_symlink(Packer *packer, int dir_fd, const char *name, Error *error)
{
    char target[TREEDIR_PATH_MAX];
    ssize_t length = readlinkat(dir_fd, name, target, sizeof(target) - 1);
    if (length < 0)
        return error_errno(error, errno, "readlink");
    target[length] = '\0';
    archive_entry_set_symlink(packer->entry, target);
    return pack_header(packer, error);
}

static int pack_dir(Packer *packer, int fd, unsigned depth, Error *error);

static int pack_subdir(Packer *packer, int dir_fd, const char *name, unsigned depth, Error *error)
{
    size_t used = strlen(packer->path);
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? 0
                   : error_errno(error, errno, "open");
    (void)snprintf(packer->path + used, sizeof(packer->path) - used, "%s/", name);
    int r = pack_dir(packer, fd, depth + 1, error);
    packer->path[used] = '\0';
    return r;
}

static int pack_one(Packer *packer, int dir_fd, const char *name, unsigned depth, Error *error)
{
    char path[TREEDIR_PATH_MAX];
    struct stat st;
    int length = snprintf(path, sizeof(path), "%s%s", packer->path, name);
    if (length < 0 || (size_t)length + 2 > sizeof(path))
        return error_set(error, ERROR_LIMIT, ENAMETOOLONG, "a path is too long");
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "stat");
    if (packer->job->changes && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
        return pack_whiteout(packer, ".wh.", name, error);
    if (S_ISSOCK(st.st_mode))
        return 0;
    if (S_ISDIR(st.st_mode))
        return pack_subdir(packer, dir_fd, name, depth, error);
    const char *first = pack_link(packer, path, &st);
    if (first) {
        pack_describe(packer, path, &st);
        archive_entry_set_size(packer->entry, 0);
        archive_entry_set_hardlink(packer->entry, first);
        return pack_header(packer, error);
    }
    if (S_ISREG(st.st_mode))
        return pack_file(packer, dir_fd, name, path, &st, error);
    pack_describe(packer, path, &st);
    return S_ISLNK(st.st_mode) ? pack_symlink(packer, dir_fd, name, error)
                               : pack_header(packer, error);
}

static int pack_compare_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int pack_read_names(DIR *dir, Arena *arena, StrList *ret_names, Error *error)
{
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0)
        strlist_append(arena, ret_names, entry->d_name);
    if (r < 0)
        return error_errno(error, r, "read a directory");
    if (ret_names->count > 0)
        qsort(ret_names->items, ret_names->count, sizeof(char *), pack_compare_name);
    return 0;
}

/* The directory's own entry, and that it is opaque. The root of changes is what it was. */
static int pack_dir_entry(Packer *packer, int fd, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "stat");
    if (!packer->path[0] && packer->job->changes)
        return 0;
    pack_describe(packer, packer->path[0] ? packer->path : "./", &st);
    pack_xattrs(packer, fd);
    int r = pack_header(packer, error);
    if (r == 0 && packer->job->changes && pack_is_opaque(&packer->job->opaque, st.st_ino))
        r = pack_whiteout(packer, ".wh..wh..opq", "", error);
    return r;
}

/* Takes the descriptor. */
static int pack_dir(Packer *packer, int fd, unsigned depth, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = fdopendir(fd);
    if (!dir) {
        int r = error_errno(error, errno, "open a directory");
        fd_close(fd);
        return r;
    }
    if (depth > TREEDIR_DEPTH_MAX)
        return error_set(error, ERROR_LIMIT, ELOOP, "more than %d directories deep",
                         TREEDIR_DEPTH_MAX);
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList names = { 0 };
    int r = pack_dir_entry(packer, dirfd(dir), error);
    if (r == 0)
        r = pack_read_names(dir, &arena, &names, error);
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        r = pack_one(packer, dirfd(dir), names.items[i], depth, error);
        if (r < 0 && error->kind != ERROR_NONE && !strchr(error->message, '"'))
            r = error_wrap(error, "\"%.200s%.200s\"", packer->path, names.items[i]);
    }
    return r;
}

enum { PACK_FD_OUT = 1, PACK_FD_ERR, PACK_FD_REPORT, PACK_FDS };

static int pack_open(Packer *packer, Error *error)
{
    packer->archive = archive_write_new();
    packer->entry = archive_entry_new();
    packer->buffer = mem_alloc(PACK_BLOCK);
    if (!packer->archive || !packer->entry ||
        archive_write_set_format_pax(packer->archive) != ARCHIVE_OK ||
        archive_write_set_format_option(packer->archive, "pax", "xattrheader", "SCHILY") !=
            ARCHIVE_OK ||
        archive_write_set_bytes_per_block(packer->archive, PACK_BLOCK) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(packer->archive, 512) != ARCHIVE_OK ||
        archive_write_open_fd(packer->archive, PACK_FD_OUT) != ARCHIVE_OK)
        return error_set(error, ERROR_SYSTEM, ENOMEM, "libarchive has no pax writer");
    return 0;
}

static int pack_main(void *context)
{
    Error error = { 0 };
    Packer *packer = mem_alloc(sizeof(*packer));
    packer->job = context;
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? error_errno(&error, errno, "open") : pack_open(packer, &error);
    if (r == 0)
        r = pack_dir(packer, fd, 0, &error);
    if (r == 0 && archive_write_close(packer->archive) != ARCHIVE_OK)
        r = pack_failed(packer, &error);
    report_end(PACK_FD_REPORT, NULL, r < 0 ? &error : NULL);
    return r < 0;
}

/*** The parent's side. ***/

int pack_start(const PackJob *job, Pack *ret_pack, Error *error)
{
    int sockets[2];
    int r = report_pair(sockets, error);
    if (r < 0)
        return r;
    SandboxChild child = {
        .profile = SANDBOX_READER,
        .root_fd = job->root_fd,
        .root_detached = job->root_detached,
        .fds = { -1, job->target_fd, STDERR_FILENO, sockets[1] },
        .fd_count = PACK_FDS,
        .memory_bytes = PACK_MEMORY,
        .run = pack_main,
        .context = (void *)job,
    };
    pid_t pid = sandbox_spawn(&child, error);
    fd_close(sockets[1]);
    if (pid < 0) {
        fd_close(sockets[0]);
        return pid;
    }
    *ret_pack = (Pack){ pid, sockets[0] };
    return 0;
}

int pack_finish(Pack *pack, Error *error)
{
    Report report = { 0 };
    while (!report.ended) {
        int r = report_receive(pack->socket, -1, &report, error);
        if (r < 0)
            return r;
    }
    if (report.error.kind == ERROR_NONE)
        return 0;
    if (error)
        *error = report.error;
    return -report.error.code;
}

void pack_done(Pack *pack)
{
    fd_closep(&pack->socket);
    if (pack->pid > 0) {
        (void)kill(pack->pid, SIGKILL);
        (void)!clone_wait(pack->pid, NULL, NULL);
    }
    pack->pid = 0;
}
