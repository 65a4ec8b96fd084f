/*
 * Tar streams against the tree writer: what a layer may say and what comes of it, what it may not
 * say and how it is refused. The writer runs in this process, without its sandbox: what it refuses
 * here it refuses by itself. A canary outside the tree must stay as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "cmd/image/unpack.h"
#include "tarball.h"

/* A folder with "root" (the tree), "lower" and "canary". */
typedef struct Place {
    char path[64];
    int fd, root_fd, lower_fd;
    unsigned opaque;
    TreeCounts counts;
    Error error;
} Place;

static int setup(void **state)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)umask(0);
    Place *place = mem_alloc(sizeof(*place));
    strcpy(place->path, "/tmp/ambit-unpack-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->root_fd = file_make_dirs_at(place->fd, "root", 0755);
    place->lower_fd = file_make_dirs_at(place->fd, "lower", 0755);
    assert_int_equal(file_write_at(place->fd, "canary", "alive", 5, 0600, FILE_VOLATILE), 0);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    Place *place = *state;
    struct stat st;
    assert_int_equal(fstatat(place->fd, "canary", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode) && st.st_size == 5 && st.st_nlink == 1);
    assert_int_equal(st.st_mode & 07777, 0600);
    fd_close(place->root_fd);
    fd_close(place->lower_fd);
    fd_close(place->fd);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, place->path), 0);
    free(place);
    return 0;
}

static int on_opaque(void *context, int fd, Error *error)
{
    (void)error;
    Place *place = context;
    place->opaque++;
    assert_int_equal(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0), 0);
    return 0;
}

typedef struct Mode {
    bool has_lower, show_lower, plain;
    uint64_t entries_max;
} Mode;

static int unpack_bytes(Place *place, const StrBuf *tar, Mode mode)
{
    int fd CLEANUP(fd_closep) = memfd_create("tar", MFD_CLOEXEC);
    assert_int_equal(fd_write_all(fd, tar->data, tar->length), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    TreeOptions options = {
        .root_fd = place->root_fd,
        .lower_fd = mode.show_lower ? place->lower_fd : -1,
        .has_lower = mode.has_lower || mode.show_lower,
        .plain = mode.plain,
        .entries_max = mode.entries_max ? mode.entries_max : 1000,
        .on_opaque = on_opaque,
        .context = place,
    };
    error_clear(&place->error);
    place->counts = (TreeCounts){ 0 };
    return unpack_tar(fd, &options, &place->counts, &place->error);
}

static int unpack(Place *place, const TarEntry *entries, size_t count, Mode mode)
{
    StrBuf tar CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < count; i++)
        tarball_add(&tar, &entries[i]);
    tarball_end(&tar);
    return unpack_bytes(place, &tar, mode);
}

#define UNPACK(place, mode, ...)                       \
    unpack((place), (const TarEntry[]){ __VA_ARGS__ }, \
           sizeof((const TarEntry[]){ __VA_ARGS__ }) / sizeof(TarEntry), (mode))

#define ASSERT_UNPACKS(place, mode, ...)            \
    do {                                            \
        if (UNPACK(place, mode, __VA_ARGS__) < 0)   \
            fail_msg("%s", (place)->error.message); \
    } while (0)

#define ASSERT_REFUSES(place, mode, says, ...)                               \
    do {                                                                     \
        assert_true(UNPACK(place, mode, __VA_ARGS__) < 0);                   \
        if (!strstr((place)->error.message, (says)))                         \
            fail_msg("expected \"%s\": %s", (says), (place)->error.message); \
    } while (0)

static const Mode bottom = { 0 };

static struct stat look(Place *place, const char *path)
{
    struct stat st;
    if (fstatat(place->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        fail_msg("%s is missing", path);
    return st;
}

static bool missing(Place *place, const char *path)
{
    struct stat st;
    return fstatat(place->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0;
}

static void assert_content(Place *place, const char *path, const char *content)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *data;
    assert_int_equal(file_read_at(place->root_fd, path, 4096, &arena, &data, NULL), 0);
    assert_string_equal(data, content);
}

static void assert_mode(Place *place, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    struct stat st = look(place, path);
    assert_int_equal(st.st_mode, mode);
    assert_int_equal(st.st_uid, uid);
    assert_int_equal(st.st_gid, gid);
}

static bool is_whiteout(Place *place, const char *path)
{
    struct stat st = look(place, path);
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

static bool is_opaque(Place *place, const char *path)
{
    char value[8];
    int fd CLEANUP(fd_closep) = openat(place->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

/*** What a layer may say. ***/

static void metadata_survives(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(
        p, bottom, { .type = '5', .path = "./", .mode = 0750, .uid = 3, .gid = 4, .mtime = 99 },
        { .type = '5', .path = "./d/", .mode = 01777, .uid = 5, .gid = 6, .mtime = 1234567 },
        { .type = '0',
          .path = "./d/f",
          .data = "hello",
          .mode = 0640,
          .uid = 7,
          .gid = 8,
          .mtime = 7654321 },
        { .type = '0', .path = "d/suid", .data = "x", .mode = 04755, .uid = 9, .gid = 10 },
        { .type = '0', .path = "d/rootsuid", .data = "x", .mode = 06711 },
        { .type = '2', .path = "d/s", .link = "/etc/passwd", .uid = 11, .gid = 12, .mtime = 55 },
        { .type = '1', .path = "d/h", .link = "./d/f" },
        { .type = '1', .path = "d/hs", .link = "d/s" },
        { .type = '6', .path = "fifo", .mode = 0600, .uid = 1 },
        { .type = '3', .path = "null", .mode = 0666, .major = 1, .minor = 3 },
        { .type = '4', .path = "disk", .mode = 0660, .gid = 6, .major = 8, .minor = 1 });
    assert_mode(p, ".", S_IFDIR | 0750, 3, 4);
    assert_mode(p, "d", S_IFDIR | 01777, 5, 6);
    assert_mode(p, "d/f", S_IFREG | 0640, 7, 8);
    assert_mode(p, "d/suid", S_IFREG | 04755, 9, 10);
    assert_mode(p, "d/rootsuid", S_IFREG | 06711, 0, 0);
    assert_mode(p, "d/s", S_IFLNK | 0777, 11, 12);
    assert_mode(p, "fifo", S_IFIFO | 0600, 1, 0);
    assert_mode(p, "null", S_IFCHR | 0666, 0, 0);
    assert_mode(p, "disk", S_IFBLK | 0660, 0, 6);
    assert_int_equal(look(p, "null").st_rdev, makedev(1, 3));
    assert_int_equal(look(p, "disk").st_rdev, makedev(8, 1));
    assert_int_equal(look(p, ".").st_mtime, 99);
    assert_int_equal(look(p, "d").st_mtime, 1234567); /* after all that came into it */
    assert_int_equal(look(p, "d/f").st_mtime, 7654321);
    assert_int_equal(look(p, "d/s").st_mtime, 55);
    assert_content(p, "d/h", "hello");
    assert_int_equal(look(p, "d/h").st_ino, look(p, "d/f").st_ino);
    assert_int_equal(look(p, "d/hs").st_ino, look(p, "d/s").st_ino);
    assert_int_equal(p->counts.entries, 11);
    assert_int_equal(p->counts.implicit_dirs, 0);
}

static void pax_records_survive(void **state)
{
    Place *p = *state;
    static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 4 };
    char long_name[300] = "long/";
    memset(long_name + 5, 'n', 200);
    StrBuf pax CLEANUP(strbuf_done) = { 0 };
    tarball_pax(&pax, "path", long_name, strlen(long_name));
    tarball_pax(&pax, "mtime", "1000.123456789", 14);
    tarball_pax(&pax, "uid", "70000", 5);
    tarball_pax(&pax, "SCHILY.xattr.security.capability", capability, sizeof(capability));
    tarball_pax(&pax, "SCHILY.xattr.user.note", "a\0b", 3);
    tarball_pax(&pax, "SCHILY.xattr.trusted.overlay.redirect", "/etc", 4);
    tarball_pax(&pax, "SCHILY.xattr.user.overlay.opaque", "y", 1);
    tarball_pax(&pax, "SCHILY.xattr.security.selinux", "x", 1);
    StrBuf utf8 CLEANUP(strbuf_done) = { 0 };
    tarball_pax(&utf8, "path", "long/gr\xc3\xbc\xc3\x9f", 11);
    StrBuf latin CLEANUP(strbuf_done) = { 0 };
    tarball_pax(&latin, "path", "long/gr\xfc\xdf", 9);
    ASSERT_UNPACKS(
        p, bottom, { .type = '5', .path = "long" },
        { .type = '0', .path = "x", .data = "data", .pax = pax.data, .pax_size = pax.length },
        { .type = '0', .path = "x", .pax = utf8.data },
        { .type = '0', .path = "x", .pax = latin.data }, { .type = '0', .path = "long/raw\xfc" });
    struct stat st = look(p, long_name);
    assert_int_equal(st.st_uid, 70000);
    assert_int_equal(st.st_mtim.tv_sec, 1000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);

    char value[64];
    int fd CLEANUP(fd_closep) = openat(p->root_fd, long_name, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), 20);
    assert_memory_equal(value, capability, 20);
    assert_int_equal(fgetxattr(fd, "user.note", value, sizeof(value)), 3);
    assert_memory_equal(value, "a\0b", 3);
    assert_int_equal(fgetxattr(fd, "trusted.overlay.redirect", value, sizeof(value)), -1);
    assert_int_equal(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)), -1);
    assert_int_equal(p->counts.xattrs_dropped, 3);
    (void)look(p, "long/gr\xc3\xbc\xc3\x9f");
    (void)look(p, "long/gr\xfc\xdf");
    (void)look(p, "long/raw\xfc");
}

static void later_entries_replace(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '0', .path = "a", .data = "one", .mode = 0600 },
                   { .type = '0', .path = "a", .data = "two", .mode = 0644 },
                   { .type = '5', .path = "dir" }, { .type = '0', .path = "dir/x", .data = "x" },
                   { .type = '0', .path = "dir", .data = "now a file" },
                   { .type = '2', .path = "link", .link = "/" }, { .type = '5', .path = "link" },
                   { .type = '0', .path = "link/in", .data = "in" },
                   { .type = '5', .path = "twice", .mode = 0700 },
                   { .type = '0', .path = "twice/kept", .data = "k" },
                   { .type = '5', .path = "twice", .mode = 0711, .uid = 8 },
                   { .type = '0', .path = "self", .data = "s" },
                   { .type = '1', .path = "self", .link = "self" });
    assert_content(p, "a", "two");
    assert_content(p, "dir", "now a file");
    assert_true(S_ISDIR(look(p, "link").st_mode));
    assert_true(missing(p, "in"));
    assert_content(p, "link/in", "in");
    assert_mode(p, "twice", S_IFDIR | 0711, 8, 0);
    assert_content(p, "twice/kept", "k");
    assert_content(p, "self", "s");
}

static void group_is_not_inherited(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '5', .path = "mail", .mode = 02775, .gid = 8 },
                   { .type = '0', .path = "mail/a", .data = "x" },
                   { .type = '5', .path = "mail/d", .mode = 0755 },
                   { .type = '2', .path = "mail/l", .link = "a" });
    assert_mode(p, "mail", S_IFDIR | 02775, 0, 8);
    assert_mode(p, "mail/a", S_IFREG | 0644, 0, 0);
    assert_mode(p, "mail/d", S_IFDIR | 0755, 0, 0);
    assert_mode(p, "mail/l", S_IFLNK | 0777, 0, 0);
}

static void symlinked_parents_stay_inside(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '5', .path = "usr" }, { .type = '5', .path = "usr/lib" },
                   { .type = '2', .path = "lib", .link = "usr/lib" },
                   { .type = '0', .path = "lib/a", .data = "a" },
                   { .type = '2', .path = "abs", .link = "/usr/lib" },
                   { .type = '0', .path = "abs/b", .data = "b" },
                   { .type = '2', .path = "out", .link = "../../../.." },
                   { .type = '0', .path = "out/canary", .data = "c" },
                   { .type = '2', .path = "dangling", .link = "/new/../made/deep" },
                   { .type = '0', .path = "dangling/d", .data = "d" });
    assert_content(p, "usr/lib/a", "a");
    assert_content(p, "usr/lib/b", "b");
    assert_content(p, "canary", "c");
    assert_content(p, "made/deep/d", "d");
    assert_true(S_ISLNK(look(p, "lib").st_mode));
}

static void files_are_not_written_through_links(void **state)
{
    Place *p = *state;
    char canary[128];
    (void)snprintf(canary, sizeof(canary), "%s/canary", p->path);
    ASSERT_UNPACKS(p, bottom, { .type = '2', .path = "evil", .link = canary },
                   { .type = '0', .path = "evil", .data = "dead", .mode = 0777 },
                   { .type = '2', .path = "evil2", .link = "../canary" },
                   { .type = '1', .path = "hard", .link = "evil2", .mode = 0777, .uid = 7 },
                   { .type = '0', .path = "hard", .data = "dead" },
                   { .type = '2', .path = "up", .link = ".." },
                   { .type = '1', .path = "hard2", .link = "evil" },
                   { .type = '0', .path = "absolute", .data = "a" },
                   { .type = '0', .path = "/tmp/abs", .data = "inside" });
    assert_content(p, "evil", "dead");
    assert_content(p, "hard", "dead");
    assert_content(p, "tmp/abs", "inside");
}

static void sparse_files_stay_sparse(void **state)
{
    Place *p = *state;
    /* GNU.sparse 0.1: a map of offset,length pairs in the pax header. */
    StrBuf pax CLEANUP(strbuf_done) = { 0 };
    tarball_pax(&pax, "GNU.sparse.size", "67108864", 8);
    tarball_pax(&pax, "GNU.sparse.map", "1048576,4,33554432,4", 20);
    ASSERT_UNPACKS(p, bottom,
                   { .type = '0', .path = "sparse", .data = "headtail", .pax = pax.data });
    struct stat st = look(p, "sparse");
    assert_int_equal(st.st_size, 67108864);
    assert_true(st.st_blocks < 256);
    char four[5] = "";
    int fd CLEANUP(fd_closep) = openat(p->root_fd, "sparse", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, four, 4, 33554432), 4);
    assert_string_equal(four, "tail");
}

static void empty_streams_are_layers(void **state)
{
    Place *p = *state;
    StrBuf tar CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&tar, "");
    tarball_end(&tar);
    assert_int_equal(unpack_bytes(p, &tar, bottom), 0);
    strbuf_clear(&tar);
    assert_int_equal(unpack_bytes(p, &tar, bottom), 0);
}

/*** Whiteouts. ***/

static void whiteouts_become_overlay_form(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '5', .path = "d" }, { .type = '0', .path = "d/.wh.gone" },
                   { .type = '0', .path = ".wh.top" }, { .type = '5', .path = "opq" },
                   { .type = '0', .path = "opq/.wh..wh..opq" },
                   { .type = '0', .path = "opq/new", .data = "n" },
                   { .type = '0', .path = ".wh..wh.aufs" }, { .type = '5', .path = ".wh..wh.plnk" },
                   { .type = '0', .path = ".wh..wh.plnk/1.2", .data = "x" });
    assert_true(is_whiteout(p, "d/gone"));
    assert_true(is_whiteout(p, "top"));
    assert_true(is_opaque(p, "opq"));
    assert_false(is_opaque(p, "d"));
    assert_true(missing(p, "opq/.wh..wh..opq"));
    assert_true(missing(p, ".wh..wh.aufs"));
    assert_true(missing(p, ".wh..wh.plnk"));
    assert_content(p, "opq/new", "n");
    assert_int_equal(p->opaque, 1);
}

static void whiteouts_spare_their_own_layer(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '0', .path = "file", .data = "mine" },
                   { .type = '0', .path = ".wh.file" }, { .type = '0', .path = ".wh.file2" },
                   { .type = '0', .path = "file2", .data = "mine" }, { .type = '5', .path = "dir" },
                   { .type = '0', .path = ".wh.dir" }, { .type = '0', .path = ".wh.dir2" },
                   { .type = '5', .path = "dir2" }, { .type = '0', .path = ".wh.dir3" },
                   { .type = '0', .path = "dir3/implicit", .data = "i" });
    assert_content(p, "file", "mine");
    assert_content(p, "file2", "mine");
    assert_true(is_opaque(p, "dir"));
    assert_true(is_opaque(p, "dir2"));
    assert_true(is_opaque(p, "dir3"));
    assert_content(p, "dir3/implicit", "i");
}

/*** Directories that the archive does not describe. ***/

static void implicit_parents_without_lower(void **state)
{
    Place *p = *state;
    ASSERT_UNPACKS(p, bottom, { .type = '0', .path = "a/b/c", .data = "c", .uid = 5 });
    assert_mode(p, "a", S_IFDIR | 0755, 0, 0);
    assert_int_equal(look(p, "a").st_mtime, 0);
    assert_int_equal(p->counts.implicit_dirs, 2);
}

static void implicit_parents_ask_for_lower(void **state)
{
    Place *p = *state;
    Mode middle = { .has_lower = true };
    assert_int_equal(UNPACK(p, middle, { .type = '0', .path = "a/b", .data = "c" }),
                     TREEDIR_NEEDS_LOWER);
    ASSERT_UNPACKS(p, middle, { .type = '5', .path = "x" }, { .type = '0', .path = "x/b" });
}

static void implicit_parents_copy_lower(void **state)
{
    Place *p = *state;
    assert_int_equal(mkdirat(p->lower_fd, "tmp", 01777), 0);
    assert_int_equal(mkdirat(p->lower_fd, "usr", 0755), 0);
    assert_int_equal(mkdirat(p->lower_fd, "usr/lib", 0711), 0);
    assert_int_equal(fchownat(p->lower_fd, "usr/lib", 5, 6, 0), 0);
    assert_int_equal(symlinkat("usr/lib", p->lower_fd, "lib"), 0);
    assert_int_equal(symlinkat("/lib", p->lower_fd, "lib64"), 0);
    assert_int_equal(symlinkat("../../../..", p->lower_fd, "out"), 0);
    assert_int_equal(symlinkat("loop", p->lower_fd, "loop"), 0);
    Mode mode = { .show_lower = true };
    ASSERT_UNPACKS(p, mode, { .type = '0', .path = "tmp/x", .data = "x" },
                   { .type = '0', .path = "lib64/libx", .data = "l" },
                   { .type = '0', .path = "out/canary", .data = "c" },
                   { .type = '0', .path = ".wh.usr2" },
                   { .type = '0', .path = "new/x", .data = "x" });
    assert_mode(p, "tmp", S_IFDIR | 01777, 0, 0);
    assert_mode(p, "usr/lib", S_IFDIR | 0711, 5, 6);
    assert_content(p, "usr/lib/libx", "l");
    assert_true(missing(p, "lib"));
    assert_true(missing(p, "lib64"));
    assert_content(p, "canary", "c");
    assert_mode(p, "new", S_IFDIR | 0755, 0, 0);

    ASSERT_REFUSES(p, mode, "symbolic links", { .type = '0', .path = "loop/x" });
}

static void hidden_lower_is_not_copied(void **state)
{
    Place *p = *state;
    assert_int_equal(mkdirat(p->lower_fd, "d", 0755), 0);
    assert_int_equal(mkdirat(p->lower_fd, "d/sub", 01777), 0);
    assert_int_equal(mkdirat(p->lower_fd, "e", 01777), 0);
    Mode mode = { .show_lower = true };
    ASSERT_UNPACKS(p, mode, { .type = '5', .path = "d" }, { .type = '0', .path = "d/.wh..wh..opq" },
                   { .type = '0', .path = "d/sub/x", .data = "x" },
                   { .type = '0', .path = ".wh.e" }, { .type = '0', .path = "e/x", .data = "x" });
    assert_mode(p, "d/sub", S_IFDIR | 0755, 0, 0);
    assert_mode(p, "e", S_IFDIR | 0755, 0, 0);
    assert_true(is_opaque(p, "e"));
}

/*** What a layer may not say. ***/

static void hostile_paths_are_refused(void **state)
{
    Place *p = *state;
    static const struct {
        TarEntry entry;
        const char *says;
    } rows[] = {
        { { .type = '0', .path = "../canary", .data = "dead" }, "\"..\"" },
        { { .type = '0', .path = "a/../../canary", .data = "dead" }, "\"..\"" },
        { { .type = '5', .path = ".." }, "\"..\"" },
        { { .type = '2', .path = ".", .link = "/etc" }, "root can only be a directory" },
        { { .type = '6', .path = "/" }, "root can only be a directory" },
        { { .type = '1', .path = ".", .link = "x" }, "root can only be a directory" },
        { { .type = '0', .path = ".wh.." }, "whiteout" },
        { { .type = '0', .path = ".wh..." }, "whiteout" },
        { { .type = '0', .path = ".wh." }, "whiteout" },
        { { .type = '0', .path = "d/.wh..." }, "whiteout" },
        { { .type = '1', .path = "h", .link = "../canary" }, "impossible path" },
        { { .type = '1', .path = "h", .link = "." }, "impossible path" },
        { { .type = '1', .path = "h", .link = "/nowhere" }, "not in this layer" },
        { { .type = '2', .path = "s", .link = NULL }, "symlink" },
        { { .type = '0', .path = "bad\x01\x1b[31mname/..", .data = "x" }, "bad??[31mname" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (unpack(p, &rows[i].entry, 1, bottom) >= 0)
            fail_msg("accepted: row %zu", i);
        if (!strstr(p->error.message, rows[i].says))
            fail_msg("row %zu: %s", i, p->error.message);
        assert_true(p->error.kind == ERROR_CORRUPT || p->error.kind == ERROR_LIMIT);
    }
}

static void hostile_links_are_refused(void **state)
{
    Place *p = *state;
    ASSERT_REFUSES(p, bottom, "not a file", { .type = '5', .path = "d" },
                   { .type = '1', .path = "h", .link = "d" });
    ASSERT_REFUSES(p, bottom, "not a file", { .type = '0', .path = ".wh.w" },
                   { .type = '1', .path = "h", .link = "w" });
    /* Resolves inside: what the link finds there is the layer's own, and missing. */
    ASSERT_REFUSES(p, bottom, "not in this layer", { .type = '2', .path = "up", .link = ".." },
                   { .type = '1', .path = "h", .link = "up/canary" });
    ASSERT_REFUSES(p, bottom, "parent", { .type = '0', .path = "f", .data = "x" },
                   { .type = '0', .path = "f/below", .data = "x" });
    ASSERT_REFUSES(p, bottom, "parent", { .type = '2', .path = "l1", .link = "l2" },
                   { .type = '2', .path = "l2", .link = "l1" },
                   { .type = '0', .path = "l1/x", .data = "x" });
}

static void hostile_numbers_are_refused(void **state)
{
    Place *p = *state;
    static const struct {
        const char *key, *value, *says;
    } rows[] = {
        { "uid", "4294967296", "owner" },         { "uid", "-1", "owner" },
        { "gid", "99999999999", "owner" },        { "size", "-5", "" },
        { "size", "9999999999999999999999", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        StrBuf pax CLEANUP(strbuf_done) = { 0 };
        tarball_pax(&pax, rows[i].key, rows[i].value, strlen(rows[i].value));
        TarEntry entry = { .type = '0', .path = "f", .data = "x", .pax = pax.data };
        if (unpack(p, &entry, 1, bottom) >= 0)
            fail_msg("accepted: %s=%s", rows[i].key, rows[i].value);
        if (!strstr(p->error.message, rows[i].says))
            fail_msg("row %zu: %s", i, p->error.message);
    }
}

static void limits_hold(void **state)
{
    Place *p = *state;
    Mode few = { .entries_max = 2 };
    ASSERT_REFUSES(p, few, "more than 2 entries", { .type = '0', .path = "a" },
                   { .type = '0', .path = "b" }, { .type = '0', .path = "c" });

    char deep[4096] = "";
    for (int i = 0; i < 300; i++)
        strcat(deep, "d/");
    StrBuf pax CLEANUP(strbuf_done) = { 0 };
    tarball_pax(&pax, "path", deep, strlen(deep));
    ASSERT_REFUSES(p, bottom, "too deep", { .type = '5', .path = "x", .pax = pax.data });

    char *huge CLEANUP(mem_freep) = mem_alloc(5000);
    memset(huge, 'n', 4999);
    for (int i = 200; i < 4999; i += 200)
        huge[i] = '/';
    strbuf_clear(&pax);
    tarball_pax(&pax, "path", huge, strlen(huge));
    ASSERT_REFUSES(p, bottom, "too long", { .type = '0', .path = "x", .pax = pax.data });

    StrBuf big CLEANUP(strbuf_done) = { 0 };
    char *value CLEANUP(mem_freep) = mem_alloc(3 << 20);
    memset(value, 'v', (3 << 20) - 1);
    tarball_pax(&big, "comment", value, strlen(value));
    ASSERT_REFUSES(p, bottom, "tar archive", { .type = '0', .path = "x", .pax = big.data });

    StrBuf many CLEANUP(strbuf_done) = { 0 };
    for (int i = 0; i < 100; i++) {
        char key[64];
        (void)snprintf(key, sizeof(key), "SCHILY.xattr.user.k%d", i);
        tarball_pax(&many, key, "v", 1);
    }
    ASSERT_REFUSES(p, bottom, "extended attributes",
                   { .type = '0', .path = "x", .pax = many.data });
}

static void damaged_archives_are_refused(void **state)
{
    Place *p = *state;
    StrBuf tar CLEANUP(strbuf_done) = { 0 };
    TarEntry file = { .type = '0', .path = "f", .data = "x", .size = 100000 };
    tarball_add(&tar, &file); /* promises more than follows */
    assert_true(unpack_bytes(p, &tar, bottom) < 0);

    strbuf_clear(&tar);
    for (int i = 0; i < 5000; i++)
        strbuf_add_char(&tar, (char)(i * 7 + 1));
    assert_true(unpack_bytes(p, &tar, bottom) < 0);
}

static void plain_archives_carry_only_files(void **state)
{
    Place *p = *state;
    Mode plain = { .plain = true };
    ASSERT_UNPACKS(p, plain, { .type = '0', .path = "blobs/sha256/x", .data = "x", .uid = 99 },
                   { .type = '0', .path = ".wh.kept", .data = "k", .mode = 06777 },
                   { .type = '5', .path = "d", .mode = 0, .uid = 5 },
                   { .type = '2', .path = "d/l", .link = "../blobs" });
    assert_mode(p, "blobs/sha256/x", S_IFREG | 0600, 0, 0);
    assert_mode(p, ".wh.kept", S_IFREG | 0600, 0, 0);
    assert_mode(p, "d", S_IFDIR | 0700, 0, 0);
    ASSERT_REFUSES(p, plain, "no place", { .type = '6', .path = "fifo" });
    ASSERT_REFUSES(p, plain, "no place", { .type = '3', .path = "null", .major = 1, .minor = 3 });
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(metadata_survives),
        TEST(pax_records_survive),
        TEST(later_entries_replace),
        TEST(group_is_not_inherited),
        TEST(symlinked_parents_stay_inside),
        TEST(files_are_not_written_through_links),
        TEST(sparse_files_stay_sparse),
        TEST(empty_streams_are_layers),
        TEST(whiteouts_become_overlay_form),
        TEST(whiteouts_spare_their_own_layer),
        TEST(implicit_parents_without_lower),
        TEST(implicit_parents_ask_for_lower),
        TEST(implicit_parents_copy_lower),
        TEST(hidden_lower_is_not_copied),
        TEST(hostile_paths_are_refused),
        TEST(hostile_links_are_refused),
        TEST(hostile_numbers_are_refused),
        TEST(limits_hold),
        TEST(damaged_archives_are_refused),
        TEST(plain_archives_carry_only_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
