/*
 * Overlays on each rung, in a mount namespace of our own. What a container sees of them is in
 * test_boundary.c.
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
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "denial.h"
#include "linux/idmap.h"
#include "linux/mount.h"
#include "linux/mountinfo.h"
#include "linux/overlay.h"
#include "linux/process.h"
#include "root.h"

enum { MANY = 200, HOST_BASE = 700000 };

static char place[] = "/tmp/ambit-overlay-XXXXXX";
static int base = -1;

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(place));
    if (geteuid() != 0)
        return 0;
    own_mounts();
    assert_int_equal(mount("tmpfs", place, "tmpfs", 0, NULL), 0);
    base = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(base, "l", 0755), 0);
    for (int i = 0; i < MANY; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "l/%d", i);
        assert_int_equal(mkdirat(base, path, 0755), 0);
        (void)snprintf(path, sizeof(path), "l/%d/only-%d", i, i);
        assert_int_equal(mkdirat(base, path, 0755), 0);
        (void)snprintf(path, sizeof(path), "l/%d/top", i);
        char target[16];
        (void)snprintf(target, sizeof(target), "%d", i);
        assert_int_equal(symlinkat(target, base, path), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(base);
    if (geteuid() == 0)
        (void)umount2(place, MNT_DETACH);
    return rmdir(place);
}

/* Without a rung that descriptors are for (before 6.13), without "lowerdir+" (before 6.8). */
static const char *const denials[] = {
    NULL, "fsconfig/1:5=EINVAL", "fsconfig=EINVAL", "fsopen=ENOSYS", "fsopen=EPERM",
};

static const char *lowers[MANY];
static char lower_names[MANY][16];

static OverlayOptions options_of(size_t count)
{
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(lower_names[i], sizeof(lower_names[i]), "l/%zu", i);
        lowers[i] = lower_names[i];
    }
    return (OverlayOptions){ .base_fd = base, .lowers = lowers, .lower_count = count };
}

static int check_read_only(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    char link[16] = "";
    const OverlayOptions options = options_of(MANY);
    int fd CLEANUP(fd_closep) = overlay_mount(&options, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(readlinkat(fd, "top", link, sizeof(link)) == 1 && link[0] == '0');
    for (int i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "only-%d", i);
        DENIAL_CHECK(faccessat(fd, name, F_OK, 0) == 0);
    }
    DENIAL_CHECK(mkdirat(fd, "new", 0755) < 0 && errno == EROFS);
    return 0;
}

static void run_on_all_rungs(DenialCheck *check)
{
    skip_unless_root();
    for (size_t i = 0; i < ARRAY_LEN(denials); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(denials[i], check, (void *)(uintptr_t)(i + 1), text) < 0)
            fail_msg("%s: %s", denials[i] ? denials[i] : "all calls", text);
    }
}

static void test_read_only(void **state)
{
    (void)state;
    run_on_all_rungs(check_read_only);
}

static int check_upper(void *context, char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    char upper[32], work[32];
    (void)snprintf(upper, sizeof(upper), "upper-%d", (int)(uintptr_t)context);
    (void)snprintf(work, sizeof(work), "work-%d", (int)(uintptr_t)context);
    DENIAL_CHECK(mkdirat(base, upper, 0755) == 0 && mkdirat(base, work, 0755) == 0);
    OverlayOptions options = options_of(3);
    options.upper = upper;
    options.work = work;
    options.volatile_sync = true;
    int fd CLEANUP(fd_closep) = overlay_mount(&options, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(mkdirat(fd, "new", 0700) == 0);
    DENIAL_CHECK(unlinkat(fd, "only-2", AT_REMOVEDIR) == 0);
    int up CLEANUP(fd_closep) = openat(base, upper, O_PATH | O_CLOEXEC);
    struct stat st;
    DENIAL_CHECK(fstatat(up, "new", &st, 0) == 0 && st.st_uid == 0);
    DENIAL_CHECK(fstatat(up, "only-2", &st, 0) == 0 && S_ISCHR(st.st_mode)); /* a whiteout */
    DENIAL_CHECK(faccessat(base, "l/2/only-2", F_OK, 0) == 0);
    return 0;
}

static void test_upper(void **state)
{
    (void)state;
    run_on_all_rungs(check_upper);
}

/* Below an idmapped mount the upper layer stores the ids of the container, and the caller's own
 * filesystem ids are what they were. */
static int check_idmapped(void *context, char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    char upper[32], work[32];
    (void)snprintf(upper, sizeof(upper), "mapped-%d", (int)(uintptr_t)context);
    (void)snprintf(work, sizeof(work), "mappedwork-%d", (int)(uintptr_t)context);
    DENIAL_CHECK(mkdirat(base, upper, 0755) == 0 && mkdirat(base, work, 0755) == 0);
    const IdRange map = { 0, HOST_BASE, 1000 };
    int userns CLEANUP(fd_closep) = idmap_make_userns(&map, 1, &map, 1, &error);
    DENIAL_CHECK(userns >= 0);
    int clone CLEANUP(fd_closep) = mount_clone(base, "", false, &error);
    const MountAttributes attributes = { .userns_fd = userns };
    DENIAL_CHECK(clone >= 0 && mount_change(clone, &attributes, &error) == 0);
    OverlayOptions options = options_of(2);
    options.base_fd = clone;
    options.upper = upper;
    options.work = work;
    int fd CLEANUP(fd_closep) = overlay_mount(&options, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(setfsuid((uid_t)-1) == 0 && setfsgid((gid_t)-1) == 0);
    struct stat st;
    DENIAL_CHECK(fstatat(fd, "only-0", &st, 0) == 0 && st.st_uid == HOST_BASE);
    /* Our root has no id in there; one of the container's users has. */
    DENIAL_CHECK(mkdirat(fd, "only-0/as-host", 0755) < 0 && errno == EOVERFLOW);
    DENIAL_CHECK(fchmodat(fd, ".", 0777, 0) == 0);
    (void)setfsgid(HOST_BASE + 8);
    (void)setfsuid(HOST_BASE + 7);
    DENIAL_CHECK(mkdirat(fd, "mine", 0755) == 0);
    (void)setfsuid(0);
    (void)setfsgid(0);
    int up CLEANUP(fd_closep) = openat(base, upper, O_PATH | O_CLOEXEC);
    DENIAL_CHECK(fstatat(up, "mine", &st, 0) == 0 && st.st_uid == 7 && st.st_gid == 8);
    return 0;
}

/* Layers and upper layer in two mounts that are attached nowhere. */
static int check_elsewhere(void *context, char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    int memory = *(const int *)context;
    int clone CLEANUP(fd_closep) = mount_clone(base, "", false, &error);
    DENIAL_CHECK(clone >= 0);
    DENIAL_CHECK(mkdirat(memory, "upper", 0755) == 0 && mkdirat(memory, "work", 0755) == 0);
    OverlayOptions options = options_of(2);
    options.base_fd = clone;
    options.upper = "upper";
    options.work = "work";
    options.upper_elsewhere = true;
    options.upper_base_fd = memory;
    int fd CLEANUP(fd_closep) = overlay_mount(&options, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(mkdirat(fd, "new", 0700) == 0 && faccessat(memory, "upper/new", F_OK, 0) == 0);
    return 0;
}

static void test_elsewhere(void **state)
{
    (void)state;
    skip_unless_root();
    for (size_t i = 0; i < ARRAY_LEN(denials); i++) {
        char text[DENIAL_TEXT_SIZE];
        Error error = { 0 };
        int memory CLEANUP(fd_closep) = mount_new("tmpfs", NULL, NULL, 0, &error);
        assert_true(memory >= 0);
        if (denial_run(denials[i], check_elsewhere, &memory, text) < 0)
            fail_msg("%s: %s", denials[i] ? denials[i] : "all calls", text);
    }
}

/* tmpfs, which the layers here are on: since Linux 6.3. */
static bool can_be_idmapped(void)
{
    const IdRange map = { 0, HOST_BASE, 1000 };
    int userns CLEANUP(fd_closep) = idmap_make_userns(&map, 1, &map, 1, NULL);
    int clone CLEANUP(fd_closep) = mount_clone(base, "", false, NULL);
    const MountAttributes attributes = { .userns_fd = userns };
    return mount_change(clone, &attributes, NULL) == 0;
}

static void test_idmapped(void **state)
{
    (void)state;
    if (geteuid() == 0 && !can_be_idmapped()) {
        print_message("SKIP: tmpfs cannot be idmapped by this kernel\n");
        skip();
    }
    run_on_all_rungs(check_idmapped);
}

/* The helper of the oldest rung mounts over /proc of its own; ours must not notice. */
static int check_invisible(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    MountinfoEntry *before = NULL, *after = NULL;
    size_t count_before = 0, count_after = 1;
    /* As on a host: everything is shared. */
    DENIAL_CHECK(unshare(CLONE_NEWNS) == 0);
    DENIAL_CHECK(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    DENIAL_CHECK(mountinfo_read(proc, &arena, &before, &count_before, &error) == 0);
    const OverlayOptions options = options_of(2);
    int fd CLEANUP(fd_closep) = overlay_mount(&options, &error);
    DENIAL_CHECK(fd >= 0);
    DENIAL_CHECK(mountinfo_read(proc, &arena, &after, &count_after, &error) == 0);
    DENIAL_CHECK(count_before == count_after);
    return 0;
}

static void test_invisible(void **state)
{
    (void)state;
    run_on_all_rungs(check_invisible);
}

static int check_errors(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    OverlayOptions options = options_of(0);
    DENIAL_CHECK(overlay_mount(&options, &error) == -EINVAL && error.kind == ERROR_LIMIT);
    options = options_of(1);
    options.upper = "l/3";
    DENIAL_CHECK(overlay_mount(&options, &error) == -EINVAL && error.kind == ERROR_USAGE);
    options = options_of(1);
    const char *const missing[] = { "no/such/layer" };
    options.lowers = missing;
    DENIAL_CHECK(overlay_mount(&options, &error) == -ENOENT);
    DENIAL_CHECK(strstr(error.message, "no/such/layer") != NULL);
    /* Work and upper on two filesystems. */
    options = options_of(1);
    DENIAL_CHECK(mkdirat(base, "other", 0755) == 0 || errno == EEXIST);
    options.upper = "l/3";
    options.work = "/dev";
    DENIAL_CHECK(overlay_mount(&options, &error) < 0 && error.message[0] != '\0');
    return 0;
}

static void test_errors(void **state)
{
    (void)state;
    run_on_all_rungs(check_errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_only), cmocka_unit_test(test_upper),
        cmocka_unit_test(test_idmapped),  cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_invisible), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
