/*
 * TOML, as far as configuration files of container engines use it: the tree is compared as JSON.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/toml.h"

static void check(const char *text, const char *expected)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf json CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    const JsonValue *value;
    JsonWriter w = { .text = &json };
    if (toml_parse(text, &arena, &value, &error) < 0)
        fail_msg("%s", error.message);
    json_write_value(&w, value);
    assert_string_equal(strbuf_text(&json), expected);
}

static void check_refused(const char *text, const char *message)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    const JsonValue *value = NULL;
    assert_int_equal(toml_parse(text, &arena, &value, &error), -EINVAL);
    assert_string_equal(error.message, message);
    assert_null(value);
}

static void test_values(void **state)
{
    (void)state;
    check("", "{}");
    check("# nothing\n\r\n  # at all", "{}");
    check("a = 1\nb=-2\n c = true # yes\nd = false", "{\"a\":1,\"b\":-2,\"c\":true,\"d\":false}");
    check("a = \"x\\\"y\\\\z\\tt\"", "{\"a\":\"x\\\"y\\\\z\\tt\"}");
    check("a = 'C:\\path'", "{\"a\":\"C:\\\\path\"}");
    check("a = [1, \"b\", [true],\n  # more\n  { k = 1 },\n]",
          "{\"a\":[1,\"b\",[true],{\"k\":1}]}");
    check("a = {}", "{\"a\":{}}");
    check("a = []\nb = \"\"", "{\"a\":[],\"b\":\"\"}");
}

static void test_tables(void **state)
{
    (void)state;
    check("[a]\nx = 1\n[b.c]\ny = 2", "{\"a\":{\"x\":1},\"b\":{\"c\":{\"y\":2}}}");
    check("a.b.c = 1\na.b.d = 2", "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}");
    check("[[r]]\np = 1\n[[r.m]]\nl = 2\n[[r.m]]\nl = 3\n[[r]]\np = 4",
          "{\"r\":[{\"p\":1,\"m\":[{\"l\":2},{\"l\":3}]},{\"p\":4}]}");
    check("[host.\"https://mirror.example:5000\"]\n  capabilities = [\"pull\"]\n"
          "  [host.\"https://mirror.example:5000\".header]\n    x-a = \"1\"",
          "{\"host\":{\"https://mirror.example:5000\":{\"capabilities\":[\"pull\"],"
          "\"header\":{\"x-a\":\"1\"}}}}");
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    check_refused("a", "line 1: a '=' is missing");
    check_refused("\n\na = ", "line 3: a value that is not understood");
    check_refused("a = 1 2", "line 1: something follows the value");
    check_refused("a = 1\na = 2", "line 2: a key that is there already");
    check_refused("a = 1\n[a]", "line 2: this is no table");
    check_refused("a = 1\n[[a]]", "line 2: this is no table");
    check_refused("[a\nb = 1", "line 1: a ']' is missing");
    check_refused("[[a]\nb = 1", "line 1: a ']' is missing");
    check_refused("[]", "line 1: a key is expected");
    check_refused("a = \"x", "line 1: a string that does not end in its line");
    check_refused("a = \"\\u0041\"", "line 1: an escape that is not supported");
    check_refused("a = \"\"\"x\"\"\"", "line 1: strings of several lines are not supported");
    check_refused("a = 1979-05-27", "line 1: a value that is not understood");
    check_refused("a = 1.5", "line 1: a value that is not understood");
    check_refused("a = [1 2]", "line 1: a ',' is missing");
    check_refused("a = [1", "line 1: a ',' is missing");
    check_refused("a = [[[[[[[[[[[[[[[[[1", "line 1: too deep");
    check_refused("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", "line 1: a key of too many parts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
