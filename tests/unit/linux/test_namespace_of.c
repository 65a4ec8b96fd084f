/*
 * Ids of namespaces, as the links in /proc/PID/ns say them, against those of the open files.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "linux/namespace_of.h"
#include "linux/process.h"

static void test_parse(void **state)
{
    (void)state;
    NamespaceType type;
    uint64_t id;
    assert_int_equal(namespace_of_parse("net:[4026531833]", &type, &id), 0);
    assert_int_equal(type, NAMESPACE_NET);
    assert_int_equal(id, 4026531833u);
    assert_int_equal(namespace_of_parse("mnt:[12]", &type, &id), 0);
    assert_int_equal(type, NAMESPACE_MOUNT);
    assert_int_equal(namespace_of_parse("4026531833", &type, &id), 0);
    assert_int_equal(type, NAMESPACE_INVALID);
    static const char *const wrong[] = { "",          "net",       "net:[",  "net:[12",
                                         "net:[]",    "net:[-1]",  "[12]",   "none:[12]",
                                         "net:[12]x", "net:[12]]", "net:12", "0" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(namespace_of_parse(wrong[i], &type, &id), -EINVAL);
}

static void test_own_namespaces(void **state)
{
    (void)state;
    uint64_t ids[NAMESPACE_MAX], host[NAMESPACE_MAX];
    int self CLEANUP(fd_closep) = process_open(-1, getpid(), NULL);
    assert_true(self >= 0);
    assert_int_equal(namespace_of_ids(self, ids, NULL), 0);
    for (int type = 0; type < NAMESPACE_MAX; type++) {
        uint64_t id;
        int fd CLEANUP(fd_closep) = namespace_of_open(self, (NamespaceType)type, NULL);
        if (ids[type] == 0)
            continue;
        assert_true(fd >= 0);
        assert_int_equal(namespace_id(fd, &id, NULL), 0);
        assert_int_equal(id, ids[type]);
    }
    assert_int_equal(namespace_of_host(host, NULL), 0);
    for (int type = 0; type < NAMESPACE_MAX; type++)
        assert_int_equal(host[type] == 0, ids[type] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_own_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
