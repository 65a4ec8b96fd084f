/*
 * Signals by name and number.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "linux/signalname.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int expect;
    } cases[] = {
        { "SIGTERM", SIGTERM },
        { "TERM", SIGTERM },
        { "term", SIGTERM },
        { "sigterm", SIGTERM },
        { "15", 15 },
        { "1", 1 },
        { "64", 64 },
        { "RTMIN", 34 },
        { "SIGRTMIN+3", 37 },
        { "rtmin+30", 64 },
        { "RTMAX", 64 },
        { "SIGRTMAX-14", 50 },
        { "SIGIOT", SIGABRT },
        { "POLL", SIGIO },
        { "CLD", SIGCHLD },
        { "", -EINVAL },
        { "0", -EINVAL },
        { "65", -EINVAL },
        { "-9", -EINVAL },
        { "SIG", -EINVAL },
        { "SIG9", -EINVAL },
        { "9x", -EINVAL },
        { "RTMIN+31", -EINVAL },
        { "RTMIN-1", -EINVAL },
        { "RTMAX+1", -EINVAL },
        { "RTMIN+", -EINVAL },
        { "SIGSIGTERM", -EINVAL },
        { "RTMIN 3", -EINVAL },
        { " TERM", -EINVAL },
        { "99999999999999", -EINVAL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (signalname_parse(cases[i].text) != cases[i].expect)
            fail_msg("%s: %d", cases[i].text, signalname_parse(cases[i].text));
    assert_int_equal(signalname_parse(NULL), -EINVAL);
}

static void test_names(void **state)
{
    (void)state;
    char buffer[SIGNALNAME_SIZE];
    assert_string_equal(signalname_of(SIGKILL, buffer), "SIGKILL");
    assert_string_equal(signalname_of(SIGABRT, buffer), "SIGABRT");
    assert_string_equal(signalname_of(SIGCHLD, buffer), "SIGCHLD");
    assert_string_equal(signalname_of(37, buffer), "SIGRTMIN+3");
    assert_string_equal(signalname_of(32, buffer), "SIG32");
    for (int i = 1; i <= 64; i++)
        if (i != 32 && i != 33)
            assert_int_equal(signalname_parse(signalname_of(i, buffer)), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
