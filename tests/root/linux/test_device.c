/*
 * Device nodes on a tmpfs of our own, detached: nobody else ever sees them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "linux/device.h"
#include "linux/mount.h"
#include "root.h"

static int dir = -1;

static int setup(void **state)
{
    (void)state;
    if (geteuid() == 0)
        dir = mount_new("tmpfs", "tmpfs", NULL, 0, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(dir);
    return 0;
}

static const Device null_device = { 'c', 1, 3, 0666, 12, 34 };

static void assert_node(const char *name, mode_t mode, dev_t number, uid_t uid, gid_t gid)
{
    struct stat st;
    assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, mode);
    assert_int_equal(st.st_rdev, number);
    assert_int_equal(st.st_uid, uid);
    assert_int_equal(st.st_gid, gid);
}

static void test_make(void **state)
{
    (void)state;
    skip_unless_root();
    Error error = { 0 };
    (void)umask(077); /* must not matter */
    assert_int_equal(device_make(dir, "null", &null_device, &error), 0);
    assert_node("null", S_IFCHR | 0666, makedev(1, 3), 12, 34);
    const Device fifo = { 'p', 0, 0, 0640, 0, 0 };
    assert_int_equal(device_make(dir, "fifo", &fifo, &error), 0);
    assert_node("fifo", S_IFIFO | 0640, 0, 0, 0);
    const Device block = { 'b', 7, 300, 0600, 0, 6 };
    assert_int_equal(device_make(dir, "block", &block, &error), 0);
    assert_node("block", S_IFBLK | 0600, makedev(7, 300), 0, 6);
    const Device odd = { 'x', 1, 3, 0666, 0, 0 };
    assert_int_equal(device_make(dir, "odd", &odd, &error), -EINVAL);
}

static void test_existing(void **state)
{
    (void)state;
    skip_unless_root();
    Error error = { 0 };
    assert_int_equal(mknodat(dir, "there", S_IFCHR | 0600, makedev(1, 3)), 0);
    assert_int_equal(device_make(dir, "there", &null_device, &error), 0);
    assert_node("there", S_IFCHR | 0666, makedev(1, 3), 12, 34);

    /* Another number, another type, a file, a symlink to the real thing: never taken for it. */
    assert_int_equal(mknodat(dir, "zero", S_IFCHR | 0600, makedev(1, 5)), 0);
    assert_int_equal(mknodat(dir, "asblock", S_IFBLK | 0600, makedev(1, 3)), 0);
    assert_int_equal(mknodat(dir, "file", S_IFREG | 0600, 0), 0);
    assert_int_equal(symlinkat("there", dir, "link"), 0);
    static const char *const others[] = { "zero", "asblock", "file", "link" };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_int_equal(device_make(dir, others[i], &null_device, &error), -EEXIST);
        assert_int_equal(error.kind, ERROR_CONFLICT);
    }
    assert_node("zero", S_IFCHR | 0600, makedev(1, 5), 0, 0);
}

static void test_check(void **state)
{
    (void)state;
    skip_unless_root();
    Error error = { 0 };
    Device found;
    int fd CLEANUP(fd_closep) = open("/dev/null", O_PATH | O_CLOEXEC);
    assert_int_equal(device_check(fd, &null_device, &error), 0);
    const Device zero = { .type = 'c', .major = 1, .minor = 5 };
    assert_int_equal(device_check(fd, &zero, &error), -ENXIO);

    assert_int_equal(device_from_path("/dev/null", &found, &error), 0);
    assert_int_equal(found.type, 'c');
    assert_int_equal(found.major, 1);
    assert_int_equal(found.minor, 3);
    assert_int_equal(found.mode, 0666);
    assert_int_equal(device_from_path("/etc/passwd", &found, &error), -ENOTBLK);
    assert_int_equal(device_from_path("/proc/self", &found, &error), -ENOTBLK);
    assert_int_equal(device_from_path("/dev/no-such", &found, &error), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_existing),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
