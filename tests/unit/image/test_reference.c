/* The reference grammar as tables: what parses to what, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *input, *text, *familiar;
    } rows[] = {
        { "base", "docker.io/library/base:latest", "base:latest" },
        { "base:1.0", "docker.io/library/base:1.0", "base:1.0" },
        { "user/app", "docker.io/user/app:latest", "user/app:latest" },
        { "docker.io/base", "docker.io/library/base:latest", "base:latest" },
        { "index.docker.io/library/base", "docker.io/library/base:latest", "base:latest" },
        { "library/base", "docker.io/library/base:latest", "base:latest" },
        { "localhost/app", "localhost/app:latest", "localhost/app:latest" },
        { "localhost:5000/a/b:t", "localhost:5000/a/b:t", "localhost:5000/a/b:t" },
        { "Registry/app", "Registry/app:latest", "Registry/app:latest" },
        { "quay.io/a/b/c", "quay.io/a/b/c:latest", "quay.io/a/b/c:latest" },
        { "[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest" },
        { "127.0.0.1:1/x", "127.0.0.1:1/x:latest", "127.0.0.1:1/x:latest" },
        { "a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest", "a__b/c--d.e_f:latest" },
        { "docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest" },
        { "base@sha256:" HEX64, "docker.io/library/base@sha256:" HEX64, "base@sha256:" HEX64 },
        { "base:t@sha256:" HEX64, "docker.io/library/base:t@sha256:" HEX64,
          "base:t@sha256:" HEX64 },
        { "base:_T.-9", "docker.io/library/base:_T.-9", "base:_T.-9" },
        { "deadbeef", "docker.io/library/deadbeef:latest", "deadbeef:latest" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Error error = { 0 };
        Reference reference;
        assert_int_equal(reference_parse(rows[i].input, &arena, &reference, &error), 0);
        assert_string_equal(reference_text(&reference, &arena), rows[i].text);
        assert_string_equal(reference_familiar(&reference, &arena), rows[i].familiar);

        /* Both forms name the same image again. */
        Reference again;
        assert_int_equal(reference_parse(rows[i].text, &arena, &again, &error), 0);
        assert_string_equal(reference_text(&again, &arena), rows[i].text);
        assert_int_equal(reference_parse(rows[i].familiar, &arena, &again, &error), 0);
        assert_string_equal(reference_text(&again, &arena), rows[i].text);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *input, *says;
    } rows[] = {
        { "", "empty" },
        { "Base", "lower case" },
        { "user/App", "lower case" },
        { ":tag", "repository name" },
        { "/base", "repository name" },
        { "base/", "repository name" },
        { "a//b", "repository name" },
        { "a..b", "repository name" },
        { "a___b", "repository name" },
        { "-a", "repository name" },
        { "a-", "repository name" },
        { "../a", "host name" },
        { "a/../b", "repository name" },
        { "quay.io/../b", "repository name" },
        { "a b", "repository name" },
        { "base:", "tag" },
        { "base:.x", "tag" },
        { "base:-x", "tag" },
        { "base:a/b:", "tag" },
        { "base:a b", "tag" },
        { "base@", "digest" },
        { "base@sha256:abc", "digest" },
        { "base@sha256:" HEX64 "0", "digest" },
        { "base@sha512:" HEX64, "digest" },
        { "base@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
          "digest" },
        { "https://quay.io/a", "host name" },
        { "a-.io/x", "host name" },
        { "quay.io:/x", "host name" },
        { "quay.io:80x/a", "host name" },
        { "quay.io:99999999/x", "host name" },
        { "[::1/x", "host name" },
        { "[]/x.y", "repository name" },
        { HEX64, "image id" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Error error = { 0 };
        Reference reference;
        if (reference_parse(rows[i].input, &arena, &reference, &error) >= 0)
            fail_msg("accepted: %s", rows[i].input);
        assert_int_equal(error.kind, ERROR_USAGE);
        if (!strstr(error.message, rows[i].says))
            fail_msg("%s: %s", rows[i].input, error.message);
    }
}

static void fill(char *to, char c, size_t count)
{
    memset(to, c, count);
    to[count] = '\0';
}

static void test_lengths(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Reference reference;
    char text[2048] = "base:";

    fill(text + 5, 't', 128);
    assert_int_equal(reference_parse(text, &arena, &reference, NULL), 0);
    fill(text + 5, 't', 129);
    assert_true(reference_parse(text, &arena, &reference, NULL) < 0);

    strcpy(text, "q.io/");
    fill(text + 5, 'a', 255);
    assert_int_equal(reference_parse(text, &arena, &reference, NULL), 0);
    fill(text + 5, 'a', 256);
    assert_true(reference_parse(text, &arena, &reference, NULL) < 0);
    fill(text + 5, 'a', 2000);
    assert_true(reference_parse(text, &arena, &reference, NULL) < 0);
}

static void test_ids(void **state)
{
    (void)state;
    assert_string_equal(reference_id_prefix("sha256:ab12"), "ab12");
    assert_string_equal(reference_id_prefix("ab12"), "ab12");
    assert_string_equal(reference_id_prefix(HEX64), HEX64);
    assert_null(reference_id_prefix(HEX64 "0"));
    assert_null(reference_id_prefix(""));
    assert_null(reference_id_prefix("sha256:"));
    assert_null(reference_id_prefix("ab1")); /* "tag a b" means the name */
    assert_null(reference_id_prefix("sha256:ab1"));
    assert_null(reference_id_prefix("AB12"));
    assert_null(reference_id_prefix("xyz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
