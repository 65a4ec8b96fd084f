/*
 * The table of namespaces, and what the kernel says of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/namespace.h"

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < NAMESPACE_MAX; i++) {
        const NamespaceInfo *row = &namespace_table[i];
        assert_int_equal(namespace_from_name(row->name), i);
        assert_int_equal(namespace_from_name(row->oci_name), i);
        assert_int_equal(namespace_from_name(row->proc_name), i);
        assert_int_equal(namespace_from_flag(row->flag), i);
        assert_non_null(row->isolates);
    }
    assert_int_equal(namespace_from_name("network"), NAMESPACE_NET);
    assert_int_equal(namespace_from_name("mnt"), NAMESPACE_MOUNT);
    assert_int_equal(namespace_from_name("userns"), NAMESPACE_USER);
    assert_int_equal(namespace_from_name("other"), NAMESPACE_INVALID);
    assert_int_equal(namespace_from_name(NULL), NAMESPACE_INVALID);
    assert_int_equal(namespace_from_flag(CLONE_NEWNET | CLONE_NEWPID), NAMESPACE_INVALID);
}

static void test_own(void **state)
{
    (void)state;
    Error error = { 0 };
    for (int i = 0; i < NAMESPACE_MAX; i++) {
        uint64_t id, same;
        int fd = namespace_open(0, (NamespaceType)i, &error);
        if (fd == -ENOENT)
            continue; /* a kernel built without it */
        assert_true(fd >= 0);
        assert_int_equal(namespace_type(fd, &error), i);
        assert_int_equal(namespace_id(fd, &id, &error), 0);
        assert_int_equal(namespace_id_of_pid(getpid(), (NamespaceType)i, &same, &error), 0);
        assert_int_equal(id, same);
        (void)close(fd);
    }
}

static void test_not_a_namespace(void **state)
{
    (void)state;
    Error error = { 0 };
    uint64_t id;
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    assert_int_equal(namespace_id(fd, &id, &error), -EINVAL);
    assert_int_equal(namespace_type(fd, &error), -EINVAL);
    assert_int_equal(error.kind, ERROR_USAGE);
    (void)close(fd);
    assert_true(namespace_open(0x3fffffff, NAMESPACE_NET, &error) < 0);
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_not_a_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
