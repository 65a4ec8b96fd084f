/*
 * Mounts in a mount namespace of our own, with the new calls and with mount(2) in their place.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "denial.h"
#include "linux/mount.h"
#include "linux/mountinfo.h"
#include "linux/process.h"
#include "linux/syscalls.h"
#include "root.h"

static char place[] = "/tmp/ambit-mount-XXXXXX";

static const char *const rungs[] = {
    NULL,
    "mount_setattr=ENOSYS",
    "mount_setattr=EPERM",
    "fsopen=ENOSYS,open_tree=ENOSYS,move_mount=ENOSYS,mount_setattr=ENOSYS",
    "fsopen=EPERM,open_tree=EPERM,move_mount=EPERM,mount_setattr=EPERM",
    "fsopen=ENOSYS,open_tree=ENOSYS,move_mount=ENOSYS,mount_setattr=ENOSYS,statx=ENOSYS",
};

/* A tmpfs of ours at `place` in a private mount namespace: it goes with the process. */
static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(place));
    if (geteuid() != 0)
        return 0;
    own_mounts();
    assert_int_equal(mount("tmpfs", place, "tmpfs", 0, NULL), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (geteuid() == 0)
        (void)umount2(place, MNT_DETACH);
    return rmdir(place);
}

static int enter(char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    DENIAL_CHECK(unshare(CLONE_NEWNS) == 0);
    DENIAL_CHECK(mount("tmpfs", place, "tmpfs", 0, NULL) == 0 && chdir(place) == 0);
    DENIAL_CHECK(mkdir("source", 0755) == 0 && mkdir("target", 0755) == 0);
    DENIAL_CHECK(mkdir("source/below", 0755) == 0);
    DENIAL_CHECK(mount("tmpfs", "source/below", "tmpfs", MS_NOSUID, NULL) == 0);
    int fd = open("source/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    DENIAL_CHECK(fd >= 0 && close(fd) == 0);
    fd = open("target-file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    DENIAL_CHECK(fd >= 0 && close(fd) == 0);
    return 0;
}

static bool has_flags(const char *path, unsigned long set, unsigned long clear)
{
    struct statvfs fs;
    return statvfs(path, &fs) == 0 && (fs.f_flag & set) == set && (fs.f_flag & clear) == 0;
}

static void run_on_all_rungs(DenialCheck *check)
{
    skip_unless_root();
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "all calls", text);
    }
}

/* ---- mount_place ---- */

static int check_place_new(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    StrList options = { 0 };
    strlist_append(&arena, &options, "mode=711");
    strlist_append(&arena, &options, "size=64k");
    strlist_append(&arena, &options, "sync");
    const MountRequest request = {
        .type = "tmpfs",
        .options = &options,
        .attributes = { .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
                               MOUNT_ATTR_NOATIME,
                        .propagation = MS_SHARED },
    };
    int target CLEANUP(fd_closep) = open("target", O_PATH | O_CLOEXEC);
    int fd CLEANUP(fd_closep) = mount_place(&request, target, &error);
    DENIAL_CHECK(fd >= 0);
    struct stat st;
    struct statvfs fs;
    DENIAL_CHECK(stat("target", &st) == 0 && (st.st_mode & 0777) == 0711);
    DENIAL_CHECK(has_flags("target", ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_SYNCHRONOUS,
                           ST_RDONLY));
    DENIAL_CHECK(statvfs("target", &fs) == 0 && fs.f_blocks * fs.f_frsize == 65536);

    uint64_t id = 0, magic = 0;
    MountinfoEntry *entries = NULL;
    size_t count = 0;
    bool found = false;
    DENIAL_CHECK(mount_id(fd, &id, &error) == 0 && mount_magic(fd, &magic, &error) == 0);
    DENIAL_CHECK(magic == 0x01021994);
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    DENIAL_CHECK(mountinfo_read(proc, &arena, &entries, &count, &error) == 0);
    for (size_t i = 0; i < count; i++)
        found = found || (entries[i].id == id && entries[i].shared > 0 &&
                          str_ends(entries[i].target, "/target"));
    DENIAL_CHECK(found);
    return 0;
}

static int check_place_bind(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    int source CLEANUP(fd_closep) = open("source", O_PATH | O_CLOEXEC);
    int target CLEANUP(fd_closep) = open("target", O_PATH | O_CLOEXEC);
    MountRequest request = {
        .source_fd = source,
        .recursive = true,
        .attributes = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, .propagation = MS_SLAVE },
    };
    int fd CLEANUP(fd_closep) = mount_place(&request, target, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(has_flags("target", ST_RDONLY | ST_NODEV, ST_NOSUID));
    DENIAL_CHECK(has_flags("source", 0, ST_RDONLY | ST_NODEV));    /* only the new mount changed */
    DENIAL_CHECK(has_flags("target/below", ST_NOSUID, ST_RDONLY)); /* came along, not changed */
    DENIAL_CHECK(mkdir("target/x", 0755) < 0 && errno == EROFS);

    /* A file onto a file; what was there before is kept where nothing is said about it. */
    int source_file CLEANUP(fd_closep) = open("source/file", O_PATH | O_CLOEXEC);
    int target_file CLEANUP(fd_closep) = open("target-file", O_PATH | O_CLOEXEC);
    request =
        (MountRequest){ .source_fd = source_file, .attributes = { .set = MOUNT_ATTR_NOEXEC } };
    int file CLEANUP(fd_closep) = mount_place(&request, target_file, &error);
    DENIAL_CHECK(file >= 0);
    DENIAL_CHECK(has_flags("target-file", ST_NOEXEC, ST_RDONLY | ST_NODEV));
    const MountAttributes more = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODIRATIME };
    DENIAL_CHECK(mount_change(file, &more, &error) == 0);
    DENIAL_CHECK(has_flags("target-file", ST_NOEXEC | ST_RDONLY | ST_NODIRATIME, 0));
    const MountAttributes less = { .clear = MOUNT_ATTR_RDONLY, .set = MOUNT_ATTR_NOATIME };
    DENIAL_CHECK(mount_change(file, &less, &error) == 0);
    DENIAL_CHECK(has_flags("target-file", ST_NOEXEC | ST_NOATIME | ST_NODIRATIME, ST_RDONLY));
    const MountAttributes relatime = { .clear = MOUNT_ATTR__ATIME };
    DENIAL_CHECK(mount_change(file, &relatime, &error) == 0);
    DENIAL_CHECK(has_flags("target-file", ST_NOEXEC | ST_RELATIME, ST_NOATIME));
    const MountAttributes nothing = { 0 };
    DENIAL_CHECK(mount_change(file, &nothing, &error) == 0);
    return 0;
}

static void test_place_new(void **state)
{
    (void)state;
    run_on_all_rungs(check_place_new);
}

static void test_place_bind(void **state)
{
    (void)state;
    run_on_all_rungs(check_place_bind);
}

/* ---- detached mounts and errors ---- */

static void test_detached(void **state)
{
    (void)state;
    skip_unless_root();
    skip_before_linux(6, 15); /* a clone of what is detached */
    Error error = { 0 };
    int fd CLEANUP(fd_closep) = mount_new("tmpfs", "label", NULL, MOUNT_ATTR_NOEXEC, &error);
    assert_true(fd >= 0);
    assert_int_equal(mkdirat(fd, "dir", 0755), 0);
    int clone CLEANUP(fd_closep) = mount_clone(fd, "dir", false, &error);
    assert_true(clone >= 0);
    uint64_t a = 0, b = 0;
    assert_int_equal(mount_id(fd, &a, &error), 0);
    assert_int_equal(mount_id(clone, &b, &error), 0);
    assert_int_not_equal(a, b);
    const MountAttributes all = { .set = MOUNT_ATTR_RDONLY, .recursive = true };
    assert_int_equal(mount_change(clone, &all, &error), 0);
    assert_int_equal(mkdirat(clone, "no", 0755), -1);
    assert_int_equal(errno, EROFS);
    assert_int_equal(mkdirat(fd, "yes", 0755), 0);
}

static void test_errors(void **state)
{
    (void)state;
    skip_unless_root();
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    assert_int_equal(mount_new("no-such-fs", NULL, NULL, 0, &error), -ENODEV);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "no-such-fs"));
    StrList options = { 0 };
    strlist_append(&arena, &options, "size=banana");
    assert_int_equal(mount_new("tmpfs", NULL, &options, 0, &error), -EINVAL);
    assert_non_null(strstr(error.message, "size=banana"));
    strlist_append(&arena, &options, "x=y");
    options.items[0] = arena_strdup(&arena, "nosuchword");
    assert_int_equal(mount_new("tmpfs", NULL, &options, 0, &error), -EINVAL);
    assert_non_null(strstr(error.message, "Unknown parameter")); /* the kernel's own words */
    assert_int_equal(mount_clone(AT_FDCWD, "/no/such/path", false, &error), -ENOENT);
    int fd CLEANUP(fd_closep) = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const MountAttributes ro = { .set = MOUNT_ATTR_RDONLY };
    assert_int_equal(mount_change(fd, &ro, &error), -EINVAL); /* no root of a mount */
}

static int check_idmap_refused(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    int source CLEANUP(fd_closep) = open("source", O_PATH | O_CLOEXEC);
    int target CLEANUP(fd_closep) = open("target", O_PATH | O_CLOEXEC);
    int userns CLEANUP(fd_closep) = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    const MountRequest request = { .source_fd = source, .attributes = { .userns_fd = userns } };
    DENIAL_CHECK(mount_place(&request, target, &error) == -EOPNOTSUPP);
    const MountRequest recursive = {
        .source_fd = source,
        .recursive = true,
        .attributes = { .set = MOUNT_ATTR_RDONLY, .recursive = true },
    };
    DENIAL_CHECK(mount_place(&recursive, target, &error) == -EOPNOTSUPP);
    return 0;
}

/* A detached mount is out of mount(2)'s reach. */
static int check_attributes_refused(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    const MountAttributes ro = { .set = MOUNT_ATTR_RDONLY };
    int mount CLEANUP(fd_closep) = mount_clone(AT_FDCWD, "source", false, &error);
    DENIAL_CHECK(mount >= 0);
    DENIAL_CHECK(mount_change(mount, &ro, &error) < 0);
    DENIAL_CHECK(strstr(error.message, "mount_setattr"));
    return 0;
}

static void test_attributes_refused(void **state)
{
    (void)state;
    skip_unless_root();
    char text[DENIAL_TEXT_SIZE];
    if (denial_run("mount_setattr=EPERM", check_attributes_refused, NULL, text) < 0 ||
        denial_run("mount_setattr=ENOSYS", check_attributes_refused, NULL, text) < 0)
        fail_msg("%s", text);
}

/* A weaker mount than the one asked for is no answer. */
static void test_idmap_refused(void **state)
{
    (void)state;
    skip_unless_root();
    char text[DENIAL_TEXT_SIZE];
    if (denial_run("mount_setattr=ENOSYS", check_idmap_refused, NULL, text) < 0 ||
        denial_run("open_tree=ENOSYS,move_mount=ENOSYS,mount_setattr=ENOSYS", check_idmap_refused,
                   NULL, text) < 0)
        fail_msg("%s", text);
}

/* ---- the root ---- */

static int make_root(char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    int target CLEANUP(fd_closep) = open("target", O_PATH | O_CLOEXEC);
    const MountRequest request = { .type = "tmpfs" };
    int fd = mount_place(&request, target, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(mkdirat(fd, "mark", 0755) == 0 && mkdirat(fd, "proc", 0755) == 0);
    return fd;
}

static int check_pivot(void *context, char text[DENIAL_TEXT_SIZE])
{
    bool move = context != NULL;
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    int root CLEANUP(fd_closep) = make_root(text);
    DENIAL_CHECK(root >= 0);
    DENIAL_CHECK((move ? mount_enter_root(root, &error) : mount_pivot(root, &error)) == 0);
    char here[64];
    DENIAL_CHECK(getcwd(here, sizeof(here)) && strcmp(here, "/") == 0);
    DENIAL_CHECK(access("/mark", F_OK) == 0 && access("/../../mark", F_OK) == 0);
    DENIAL_CHECK(access("/etc/passwd", F_OK) < 0 && errno == ENOENT);
    if (move)
        return 0;
    /* Nothing of the old root is left in the mount namespace. */
    Arena arena CLEANUP(arena_done) = { 0 };
    MountinfoEntry *entries = NULL;
    size_t count = 0;
    int target CLEANUP(fd_closep) = open("/proc", O_PATH | O_CLOEXEC);
    const MountRequest proc_request = { .type = "proc" };
    int placed CLEANUP(fd_closep) = mount_place(&proc_request, target, &error);
    DENIAL_CHECK(placed >= 0);
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    DENIAL_CHECK(mountinfo_read(proc, &arena, &entries, &count, &error) == 0);
    DENIAL_CHECK(count == 2);
    return 0;
}

static void test_pivot(void **state)
{
    (void)state;
    skip_unless_root();
    char text[DENIAL_TEXT_SIZE];
    if (denial_run(NULL, check_pivot, NULL, text) < 0 ||
        denial_run(NULL, check_pivot, text, text) < 0)
        fail_msg("%s", text);
}

/* Another process swaps the target for a symlink: the bind must not land elsewhere. */
static int check_replaced(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (enter(text) < 0)
        return -1;
    int source CLEANUP(fd_closep) = open("source", O_PATH | O_CLOEXEC);
    int target CLEANUP(fd_closep) = open("target", O_PATH | O_CLOEXEC);
    DENIAL_CHECK(rename("target", "moved") == 0 && symlink("source", "target") == 0);
    const MountRequest request = { .source_fd = source,
                                   .attributes = { .set = MOUNT_ATTR_RDONLY } };
    int fd CLEANUP(fd_closep) = mount_place(&request, target, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(has_flags("moved", ST_RDONLY, 0) && has_flags("source", 0, ST_RDONLY));
    DENIAL_CHECK(access("moved/file", F_OK) == 0);
    return 0;
}

static void test_replaced(void **state)
{
    (void)state;
    run_on_all_rungs(check_replaced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place_new),     cmocka_unit_test(test_place_bind),
        cmocka_unit_test(test_detached),      cmocka_unit_test(test_errors),
        cmocka_unit_test(test_idmap_refused), cmocka_unit_test(test_pivot),
        cmocka_unit_test(test_replaced),      cmocka_unit_test(test_attributes_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
