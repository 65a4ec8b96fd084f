/*
 * One loop over the archive's entries. libarchive decodes headers, this file checks what they say
 * (ids, sizes, types) and copies data from its buffers with pwrite, so that holes stay holes.
 *
 * The trap: libarchive converts names between character sets; main() sets a UTF-8 locale, and names
 * that are not valid in it come as they are, with a warning that is none to us.
 */
#include "cmd/image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/image/acl.h"

enum { UNPACK_BLOCK = 256 * 1024, UNPACK_ID_MAX = 0x7fffffff };

static void unpack_archive_freep(struct archive **archive)
{
    if (*archive)
        (void)archive_read_free(*archive);
    *archive = NULL;
}

/* What went wrong, for people: libarchive's words without control characters. */
static int unpack_error(struct archive *archive, Error *error)
{
    const char *text = archive_error_string(archive);
    int code = archive_errno(archive);
    return error_set(error, ERROR_CORRUPT, code > 0 ? code : EINVAL, "not a valid tar archive: %s",
                     text ? text : "unknown error");
}

static int unpack_copy_data(struct archive *archive, int64_t size, int fd, Error *error)
{
    int64_t end = 0;
    for (;;) {
        const void *block;
        size_t length;
        int64_t offset;
        int r = archive_read_data_block(archive, &block, &length, &offset);
        if (r == ARCHIVE_EOF)
            break;
        if (r != ARCHIVE_OK)
            return unpack_error(archive, error);
        if (length == 0)
            continue;
        if (offset < end || offset > size || (int64_t)length > size - offset)
            return error_set(error, ERROR_CORRUPT, EINVAL, "data outside the file");
        for (size_t done = 0; done < length;) {
            ssize_t n =
                pwrite(fd, (const char *)block + done, length - done, offset + (int64_t)done);
            if (n < 0 && errno != EINTR)
                return error_errno(error, errno, "write");
            done += n > 0 ? (size_t)n : 0;
        }
        end = offset + (int64_t)length;
    }
    if (end < size && ftruncate(fd, size) < 0)
        return error_errno(error, errno, "size of %lld bytes", (long long)size);
    return 0;
}

/* What an entry's description points into. */
typedef struct UnpackLists {
    TreeXattr xattrs[TREE_XATTR_MAX];
    Acl access, defaults;
} UnpackLists;

static int unpack_acl(struct archive_entry *from, const char *name, Acl *acl, TreeEntry *entry,
                      TreeXattr *xattrs, Error *error)
{
    if (!acl_read(from, str_eq(name, ACL_DEFAULT_XATTR), acl))
        return error_set(error, ERROR_LIMIT, E2BIG, "an ACL of more than %d entries",
                         ACL_ENTRIES_MAX);
    if (acl->size == 0)
        return 0;
    if (entry->xattr_count >= TREE_XATTR_MAX)
        return error_set(error, ERROR_LIMIT, E2BIG, "more than %d extended attributes",
                         TREE_XATTR_MAX);
    xattrs[entry->xattr_count++] = (TreeXattr){ name, acl->bytes, acl->size };
    return 0;
}

static int unpack_xattrs(struct archive_entry *from, UnpackLists *lists, TreeEntry *entry,
                         Error *error)
{
    TreeXattr *xattrs = lists->xattrs;
    (void)archive_entry_xattr_reset(from);
    TreeXattr x;
    while (archive_entry_xattr_next(from, &x.name, &x.value, &x.size) == ARCHIVE_OK) {
        if (!x.name)
            continue;
        if (entry->xattr_count >= TREE_XATTR_MAX)
            return error_set(error, ERROR_LIMIT, E2BIG, "more than %d extended attributes",
                             TREE_XATTR_MAX);
        xattrs[entry->xattr_count++] = x;
    }
    entry->xattrs = xattrs;
    int r = unpack_acl(from, ACL_ACCESS_XATTR, &lists->access, entry, xattrs, error);
    return r < 0 ? r : unpack_acl(from, ACL_DEFAULT_XATTR, &lists->defaults, entry, xattrs, error);
}

static int unpack_describe(struct archive_entry *from, UnpackLists *lists, TreeEntry *ret,
                           Error *error)
{
    int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);
    long nanoseconds = archive_entry_mtime_nsec(from);
    const char *hard_link = archive_entry_hardlink(from);
    if (uid < 0 || uid > UNPACK_ID_MAX || gid < 0 || gid > UNPACK_ID_MAX)
        return error_set(error, ERROR_CORRUPT, ERANGE, "owner %lld:%lld is out of range",
                         (long long)uid, (long long)gid);
    if (archive_entry_size(from) < 0)
        return error_set(error, ERROR_CORRUPT, ERANGE, "negative size");
    *ret = (TreeEntry){
        .path = archive_entry_pathname(from),
        .mode = archive_entry_mode(from),
        .uid = (uid_t)uid,
        .gid = (gid_t)gid,
        .size = (uint64_t)archive_entry_size(from),
        .device = makedev((unsigned)archive_entry_rdevmajor(from),
                          (unsigned)archive_entry_rdevminor(from)),
        .mtime = { archive_entry_mtime(from),
                   nanoseconds >= 0 && nanoseconds < 1000000000 ? nanoseconds : 0 },
        .target = hard_link ? hard_link : archive_entry_symlink(from),
        .hard_link = hard_link != NULL,
    };
    return unpack_xattrs(from, lists, ret, error);
}

static int unpack_entry(struct archive *archive, struct archive_entry *from, Tree *tree,
                        Error *error)
{
    UnpackLists lists;
    TreeEntry entry;
    int fd CLEANUP(fd_closep) = -1;
    int r = unpack_describe(from, &lists, &entry, error);
    if (r == 0)
        r = tree_add(tree, &entry, &fd, error);
    if (r < 0 || fd < 0)
        return r;
    if (archive_entry_size(from) > 0)
        r = unpack_copy_data(archive, archive_entry_size(from), fd, error);
    return r < 0 ? r : tree_finish_file(tree, &entry, TAKE_FD(fd), error);
}

/* A path of the archive in a message: no control characters, not too long. */
static void unpack_printable(const char *path, char *text, size_t size)
{
    size_t used = 0;
    for (; path && *path && used + 1 < size; path++)
        text[used++] = (unsigned char)*path < 0x20 || *path == 0x7f ? '?' : *path;
    text[used] = '\0';
}

static int unpack_entries(struct archive *archive, Tree *tree, Error *error)
{
    for (;;) {
        struct archive_entry *from;
        int r = archive_read_next_header(archive, &from);
        if (r == ARCHIVE_EOF)
            return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
            return unpack_error(archive, error);
        const char *path = archive_entry_pathname(from);
        if (!path)
            return error_set(error, ERROR_CORRUPT, EILSEQ, "an entry without a readable name");
        r = unpack_entry(archive, from, tree, error);
        if (r < 0) {
            char text[256];
            unpack_printable(path, text, sizeof(text));
            return error_wrap(error, "entry \"%s\"", text);
        }
    }
}

static int unpack_drain(int fd, Error *error)
{
    char *buffer CLEANUP(mem_freep) = mem_alloc(UNPACK_BLOCK);
    for (;;) {
        ssize_t n = read(fd, buffer, UNPACK_BLOCK);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return error_errno(error, errno, "read");
    }
}

int unpack_tar(int fd, const TreeOptions *options, TreeCounts *ret_counts, Error *error)
{
    struct archive *archive CLEANUP(unpack_archive_freep) = archive_read_new();
    if (!archive || archive_read_support_format_tar(archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(archive) != ARCHIVE_OK)
        return error_set(error, ERROR_SYSTEM, ENOMEM, "libarchive has no tar reader");
    (void)archive_read_set_option(archive, "tar", "mac-ext", NULL);
    if (archive_read_open_fd(archive, fd, UNPACK_BLOCK) != ARCHIVE_OK)
        return unpack_error(archive, error);

    Tree *tree CLEANUP(tree_freep) = NULL;
    int r = tree_new(options, &tree, error);
    if (r == 0)
        r = unpack_entries(archive, tree, error);
    if (r == 0)
        r = tree_finish(tree, error);
    if (r == 0)
        r = unpack_drain(fd, error);
    if (r == 0)
        *ret_counts = *tree_counts(tree);
    return r;
}
