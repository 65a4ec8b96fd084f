/*
 * Ordered maps, environments and UTF-8: the small nouns under the documents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/environment.h"
#include "base/strmap.h"
#include "base/utf8.h"

static void test_map_keeps_order(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrMap map = { 0 };
    char key[] = "k0", value[] = "v0";
    assert_null(strmap_get(&map, "k0"));
    for (char c = '0'; c < '9'; c++) {
        key[1] = value[1] = c;
        strmap_set(&arena, &map, key, value); /* copied: the buffers are used again */
    }
    strmap_set(&arena, &map, "k3", "new");
    assert_int_equal(map.count, 9);
    assert_string_equal(map.items[0].key, "k0");
    assert_string_equal(map.items[3].value, "new");
    assert_string_equal(strmap_get(&map, "k8"), "v8");
    assert_null(strmap_get(&map, "k9"));
}

/* Every character there is, there and back; and what only looks like one. */
static void test_utf8(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 61) {
        char text[8] = { 0 };
        size_t length = utf8_put(text, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(utf8_length(text), surrogate ? 0 : length);
        assert_int_equal(length, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
    }
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2z",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xf1\x80\x80z",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(utf8_length(bad[i]), 0);
    assert_int_equal(utf8_length(""), 1);
}

static void test_environment(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList env = { 0 };
    char entry[] = "A=1";
    environment_set(&env, &arena, "NONE"); /* takes away what is not there */
    environment_set(&env, &arena, entry);
    environment_set(&env, &arena, "AB=x=y");
    environment_set(&env, &arena, "C=");
    entry[2] = '2';
    environment_set(&env, &arena, entry);
    entry[2] = '3'; /* copied */
    assert_int_equal(env.count, 3);
    assert_string_equal(env.items[0], "A=2");
    assert_string_equal(env.items[1], "AB=x=y");
    environment_set(&env, &arena, "A");
    assert_int_equal(env.count, 2);
    assert_string_equal(env.items[0], "AB=x=y");
    assert_null(env.items[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_keeps_order),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
