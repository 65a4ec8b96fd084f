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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
