/*
 * Whose address is it? Credentials depend on the answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/registry/url.h"

static void check_authority(const char *url, const char *expected)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    assert_string_equal(url_authority(url, &arena), expected);
}

static void test_authority(void **state)
{
    (void)state;
    check_authority("https://a.example/v2/", "a.example");
    check_authority("https://a.example:5000?x", "a.example:5000");
    check_authority("http://[::1]:5000#x", "[::1]:5000");
    check_authority("https://good.example@evil.example/", "evil.example");
    check_authority("https://a@b@c/", "c");
    check_authority("https://evil.example\\@good.example/", "evil.example");
    check_authority("https://evil.example/@good.example", "evil.example");
    check_authority("nothing", "");
    check_authority("https://", "");
}

static void test_same_authority(void **state)
{
    (void)state;
    assert_true(url_has_authority("https://a.example/x", "a.example"));
    assert_true(url_has_authority("https://A.Example/x", "a.example"));
    assert_true(url_has_authority("https://a.example:443/x", "a.example"));
    assert_true(url_has_authority("https://a.example/x", "a.example:443"));
    assert_true(url_has_authority("http://a.example/x", "a.example:80"));
    assert_false(url_has_authority("http://a.example:443/x", "a.example"));
    assert_false(url_has_authority("https://a.example:444/x", "a.example"));
    assert_false(url_has_authority("https://a.example.evil/x", "a.example"));
    assert_false(url_has_authority("https://evil/a.example", "a.example"));
    assert_false(url_has_authority("https://a.example@evil/x", "a.example"));
}

static void test_clean(void **state)
{
    (void)state;
    assert_true(url_is_clean("https://a.example/x?y=@z"));
    assert_false(url_is_clean("https://user:password@a.example/"));
    assert_false(url_is_clean("https://a.example/x y"));
    assert_false(url_is_clean("https://a.example/\r\nX: y"));
    assert_false(url_is_clean("https://a.example\\x"));
    assert_false(url_is_clean("https://caf\xc3\xa9/"));
    assert_false(url_is_clean("/relative"));
}

static void test_loopback(void **state)
{
    (void)state;
    assert_true(url_authority_is_loopback("localhost"));
    assert_true(url_authority_is_loopback("localhost:5000"));
    assert_true(url_authority_is_loopback("127.1.2.3:1"));
    assert_true(url_authority_is_loopback("[::1]:5000"));
    assert_false(url_authority_is_loopback("127.0.0.1.evil.example"));
    assert_false(url_authority_is_loopback("localhost.evil.example"));
    assert_false(url_authority_is_loopback("128.0.0.1"));
    assert_false(url_authority_is_loopback("[::2]"));
    assert_false(url_authority_is_loopback("[::1"));
    assert_false(url_authority_is_loopback(""));
}

static void test_escaping(void **state)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    (void)state;
    assert_string_equal(url_escape("aZ9-._~", &arena), "aZ9-._~");
    assert_string_equal(url_escape("a b&c=d/e\xff", &arena), "a%20b%26c%3Dd%2Fe%FF");
    assert_string_equal(url_escape("", &arena), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority), cmocka_unit_test(test_same_authority),
        cmocka_unit_test(test_clean),     cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_escaping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
