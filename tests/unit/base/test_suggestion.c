#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/suggestion.h"

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(suggestion_distance("", ""), 0);
    assert_int_equal(suggestion_distance("run", "run"), 0);
    assert_int_equal(suggestion_distance("run", "rnu"), 1); /* neighbours swapped */
    assert_int_equal(suggestion_distance("run", "rum"), 1);
    assert_int_equal(suggestion_distance("run", "ru"), 1);
    assert_int_equal(suggestion_distance("", "abc"), 3);
    assert_int_equal(suggestion_distance("memory", "memroy"), 1);
    assert_int_equal(suggestion_distance("kitten", "sitting"), 3);
    assert_int_equal(suggestion_distance("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", "a"),
                     SUGGESTION_FAR);
}

static void test_offer(void **state)
{
    (void)state;
    Suggestion s = { .wanted = "memroy" };
    suggestion_offer(&s, "name");
    assert_null(s.best);
    suggestion_offer(&s, "memo");
    suggestion_offer(&s, "memory");
    suggestion_offer(&s, "memo");
    assert_string_equal(s.best, "memory");

    Suggestion shorter = { .wanted = "rm" };
    suggestion_offer(&shorter, "run");
    assert_null(shorter.best);
    suggestion_offer(&shorter, "rmi");
    assert_string_equal(shorter.best, "rmi");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
