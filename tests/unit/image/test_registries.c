/*
 * podman's configuration of registries, and what it makes of short names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "image/registries.h"
#include "image/shortname.h"

static char file[] = "/tmp/test-registries-XXXXXX";

static int make_file(void **state)
{
    static const char text[] = "unqualified-search-registries = [\"one.test\", \"two.test:5000\"]\n"
                               "[aliases]\n"
                               "\"test-alias\" = \"three.test/a/b\"\n"
                               "\"team/test-alias\" = \"four.test/c\"\n"
                               "[[registry]]\nprefix = \"a.test\"\n"
                               "[[registry]]\nprefix = \"a.test/team\"\n"
                               "[[registry]]\nprefix = \"a.test/team/x:1\"\n"
                               "[[registry]]\nlocation = \"b.test:5000\"\n"
                               "[[registry]]\nprefix = \"*.c.test\"\n"
                               "[[registry]]\nblocked = true\n";
    (void)state;
    int fd CLEANUP(fd_closep) = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, sizeof(text) - 1), 0);
    assert_int_equal(setenv("CONTAINERS_REGISTRIES_CONF", file, 1), 0);
    assert_int_equal(setenv("HOME", "/nonexistent", 1), 0);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file);
}

static void check(const char *name, const char *prefix, const char *expected_rest)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    Registries registries;
    const char *rest = NULL;
    if (registries_read(&arena, &registries, &error) < 0)
        fail_msg("%s", error.message);
    const RegistriesEntry *entry = registries_find(&registries, name, &rest);
    if (!prefix) {
        assert_null(entry);
        return;
    }
    assert_non_null(entry);
    assert_string_equal(entry->prefix, prefix);
    assert_string_equal(entry->path, file);
    assert_string_equal(rest, expected_rest);
}

static void test_the_longest_prefix(void **state)
{
    (void)state;
    check("a.test/x:1", "a.test", "/x:1");
    check("a.test", "a.test", "");
    check("a.test/team/x:2", "a.test/team", "/x:2");
    check("a.test/team/x:1", "a.test/team/x:1", "");
    check("a.test/team/x:10", "a.test/team", "/x:10");
    check("a.test/teams/x", "a.test", "/teams/x");
    check("a.testing/x", NULL, NULL);
    check("b.test:5000/x@sha256:00", "b.test:5000", "/x@sha256:00");
    check("b.test:50001/x", NULL, NULL);
    check("x.c.test/y:1", "*.c.test", "/y:1");
    check("x.y.c.test/y", "*.c.test", "/y");
    check("c.test/y", NULL, NULL);
    check("x.c.test.evil/y", NULL, NULL);
    check("evilc.test/y", NULL, NULL);
}

static void check_names(const char *text, const char *first, const char *second)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList names;
    assert_int_equal(shortname_candidates(text, &arena, &names, NULL), 0);
    assert_int_equal(names.count, second ? 2 : 1);
    assert_string_equal(names.items[0], first);
    if (second)
        assert_string_equal(names.items[1], second);
}

static void test_short_names(void **state)
{
    (void)state;
    check_names("test-alias", "three.test/a/b", NULL);
    check_names("test-alias:1@sha256:00", "three.test/a/b:1@sha256:00", NULL);
    check_names("team/test-alias:2", "four.test/c:2", NULL);
    check_names("test-other:1", "one.test/test-other:1", "two.test:5000/test-other:1");
    check_names("docker.io/test-alias", "docker.io/test-alias", NULL);
    check_names("localhost/test-alias", "localhost/test-alias", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_prefix),
        cmocka_unit_test(test_short_names),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
