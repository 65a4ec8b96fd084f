/*
 * Durations.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

static void check(const char *text, uint64_t expected)
{
    uint64_t ms = UINT64_MAX;
    assert_int_equal(duration_parse(text, &ms), 0);
    assert_int_equal(ms, expected);
}

static void check_refused(const char *text, int code)
{
    uint64_t ms = 77;
    assert_int_equal(duration_parse(text, &ms), code);
    assert_int_equal(ms, 77);
}

static void test_units(void **state)
{
    (void)state;
    check("5s", 5000);
    check("200ms", 200);
    check("2m", 120000);
    check("1h30m", 5400000);
    check("1d", 86400000);
    check("1.5s", 1500);
    check(".5s", 500);
    check("0.1d", 8640000);
    check("0s", 0);
}

static void test_little_is_not_nothing(void **state)
{
    (void)state;
    check("1ns", 1);
    check("1500us", 2);
}

static void test_what_is_none(void **state)
{
    static const char *const texts[] = { "",     "5",     "s",  "5x",  "5 s", "-5s",
                                         "1h30", "1..5s", ".s", "5s ", "+5s", "1e3s" };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        check_refused(texts[i], -EINVAL);
    check_refused("999999999999d", -ERANGE);
    check_refused("200000d200000d", -ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_little_is_not_nothing),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
