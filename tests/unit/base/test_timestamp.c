/* Moments as RFC 3339 writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"

static void test_seconds(void **state)
{
    (void)state;
    char text[TIMESTAMP_SIZE];
    assert_string_equal(timestamp_text(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(timestamp_text(951827696, text), "2000-02-29T12:34:56Z");
    assert_string_equal(timestamp_text(-1, text), "1969-12-31T23:59:59Z");
}

static void test_now(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    assert_int_equal(strlen(timestamp_now(&arena)), strlen("2000-02-29T12:34:56Z"));
    const char *now = timestamp_now_ns(&arena);
    assert_int_equal(strlen(now), strlen("2000-02-29T12:34:56.123456789Z"));
    assert_int_equal(now[strlen("2000-02-29T12:34:56")], '.');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
