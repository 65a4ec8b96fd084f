/*
 * Labels and the list of modules, on ordinary files in place of the kernel's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/lsm.h"

static void test_list(void **state UNUSED)
{
    assert_int_equal(lsm_from_list("lockdown,capability,landlock,yama,apparmor,bpf\n"),
                     LSM_LANDLOCK | LSM_YAMA | LSM_APPARMOR | LSM_BPF);
    assert_int_equal(lsm_from_list("capability,selinux"), LSM_SELINUX);
    assert_int_equal(lsm_from_list("selinuxx,xselinux,,sel"), 0);
    assert_int_equal(lsm_from_list(""), 0);
    (void)lsm_active();
}

static void check_read(const char *content, size_t size, const char *label, const char *mode)
{
    char got_label[LSM_LABEL_SIZE], got_mode[LSM_MODE_SIZE];
    Error error = { 0 };
    int fd = memfd_create("attr", MFD_CLOEXEC);
    assert_int_equal(pwrite(fd, content, size, 0), size);
    assert_int_equal(lsm_read_label(fd, got_label, got_mode, &error), 0);
    assert_string_equal(got_label, label);
    assert_string_equal(got_mode, mode);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(lsm_read_label(fd, got_label, NULL, &error), 0);
    assert_string_equal(got_label, label);
    close(fd);
}

static void test_read(void **state UNUSED)
{
#define CHECK(text, label, mode) check_read(text, sizeof(text) - 1, label, mode)
    CHECK("docker-default (enforce)\n", "docker-default", "enforce");
    CHECK("a//b (x) (complain)\n", "a//b (x)", "complain");
    CHECK("unconfined\n", "unconfined", "");
    CHECK("system_u:system_r:container_t:s0:c1,c2\0", "system_u:system_r:container_t:s0:c1,c2", "");
    CHECK("", "", "");
    CHECK("(enforce)", "(enforce)", "");
    CHECK("p (a mode that is far too long)", "p", "a mode that is ");
#undef CHECK
    char label[LSM_LABEL_SIZE];
    assert_int_equal(lsm_read_label(-1, label, NULL, NULL), -EBADF);
}

static void check_write(LsmKind kind, const char *label, const char *expected)
{
    char text[64] = { 0 };
    Error error = { 0 };
    int fd = memfd_create("attr", MFD_CLOEXEC);
    assert_int_equal(lsm_set_exec_label(fd, kind, label, &error), 0);
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, expected);
    close(fd);
}

static void test_write(void **state UNUSED)
{
    static char long_label[LSM_LABEL_SIZE + 1];
    Error error = { 0 };
    check_write(LSM_APPARMOR, "docker-default", "exec docker-default");
    check_write(LSM_SELINUX, "a:b:c:s0", "a:b:c:s0");
    assert_int_equal(lsm_set_exec_label(-1, LSM_SELINUX, "a", &error), -EBADF);
    assert_int_equal(lsm_set_exec_label(-1, LSM_SELINUX, "", &error), -EINVAL);
    assert_int_equal(lsm_set_exec_label(-1, LSM_SELINUX, "a\nb", &error), -EINVAL);
    memset(long_label, 'x', LSM_LABEL_SIZE);
    assert_int_equal(lsm_set_exec_label(-1, LSM_SELINUX, long_label, &error), -EINVAL);
    long_label[LSM_LABEL_SIZE - 1] = '\0';
    assert_int_equal(lsm_set_exec_label(-1, LSM_SELINUX, long_label, &error), -EBADF);
    assert_string_equal(lsm_exec_path(LSM_APPARMOR), "attr/apparmor/exec");
    assert_string_equal(lsm_current_path(LSM_SELINUX), "attr/current");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
