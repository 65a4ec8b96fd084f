/*
 * Base64: the vectors of RFC 4648, section 10, and what must be refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static void check(const char *data, size_t size, const char *text)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *decoded;
    size_t decoded_size;
    assert_string_equal(base64_encode(data, size, &arena), text);
    assert_int_equal(base64_decode(text, &arena, &decoded, &decoded_size), 0);
    assert_int_equal(decoded_size, size);
    assert_memory_equal(decoded, data, size);
    assert_int_equal(decoded[size], '\0');
}

static void test_vectors(void **state)
{
    (void)state;
    check("", 0, "");
    check("f", 1, "Zg==");
    check("fo", 2, "Zm8=");
    check("foo", 3, "Zm9v");
    check("foob", 4, "Zm9vYg==");
    check("fooba", 5, "Zm9vYmE=");
    check("foobar", 6, "Zm9vYmFy");
    check("\xfb\xff\xbf\0", 4, "+/+/AA==");
}

static void test_what_is_refused(void **state)
{
    static const char *const texts[] = { "Z",    "Zg",       "Zg=",   "Zg===",  "=",    "====",
                                         "Z===", "Zg==Zg==", "Zm9v ", "Zm\n9v", "Zm9-", "Zm9_" };
    Arena arena CLEANUP(arena_done) = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char *data;
        size_t size;
        assert_int_equal(base64_decode(texts[i], &arena, &data, &size), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
