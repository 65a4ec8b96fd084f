/*
 * Names of resource limits, and what raising one says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "linux/rlimit.h"

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(rlimit_from_name("RLIMIT_NOFILE"), RLIMIT_NOFILE);
    assert_int_equal(rlimit_from_name("nofile"), RLIMIT_NOFILE);
    assert_int_equal(rlimit_from_name("RLIMIT_AS"), RLIMIT_AS);
    assert_int_equal(rlimit_from_name("RLIMIT_"), RLIMIT_INVALID);
    assert_int_equal(rlimit_from_name("NOFILE"), RLIMIT_INVALID);
    assert_int_equal(rlimit_from_name(""), RLIMIT_INVALID);
    assert_int_equal(rlimit_from_name(NULL), RLIMIT_INVALID);
    for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
        assert_non_null(rlimit_name(i));
        assert_int_equal(rlimit_from_name(rlimit_name(i)), i);
        assert_int_equal(rlimit_from_name(rlimit_short_name(i)), i);
    }
    assert_null(rlimit_name(RLIM_NLIMITS));
}

static void test_set(void **state)
{
    (void)state;
    Error error = { 0 };
    uint64_t soft, hard, now;
    assert_int_equal(rlimit_get(0, RLIMIT_CORE, &soft, &hard, &error), 0);
    assert_int_equal(rlimit_set(0, RLIMIT_CORE, 0, hard, &error), 0);
    assert_int_equal(rlimit_get(0, RLIMIT_CORE, &now, &hard, &error), 0);
    assert_int_equal(now, 0);
    assert_int_equal(rlimit_set(0, RLIMIT_CORE, 5, 4, &error), -EINVAL);
    assert_non_null(strstr(error.message, "above the hard one"));
    assert_int_equal(rlimit_set(0, RLIMIT_CORE, 4096, 4096, &error), 0);
}

/* No right to raise a hard limit: the message says from where to where. With CAP_SYS_RESOURCE the
 * kernel lets us, and there is nothing to see. */
static void test_raise(void **state)
{
    (void)state;
    Error error = { 0 };
    assert_int_equal(rlimit_set(0, RLIMIT_MSGQUEUE, 1000, 1000, &error), 0);
    int r = rlimit_set(0, RLIMIT_MSGQUEUE, 2000, RLIMIT_UNLIMITED, &error);
    if (r == 0)
        return;
    assert_int_equal(r, -EPERM);
    assert_string_equal(error.message, "RLIMIT_MSGQUEUE: the hard limit is 1000 and raising it to "
                                       "unlimited takes CAP_SYS_RESOURCE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_raise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
