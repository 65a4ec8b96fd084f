/*
 * JSON: what is read, the exact text for everything that is refused, the limits, and what is
 * written. That the parser agrees with another one is test_json_oracle's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static const JsonValue *parse(Arena *arena, const char *text)
{
    const JsonValue *value;
    Error error = { 0 };
    if (json_parse(text, strlen(text), NULL, arena, &value, &error) < 0)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static void test_numbers(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    assert_int_equal(parse(&arena, "0")->integer, 0);
    assert_int_equal(parse(&arena, "-0")->type, JSON_INT);
    assert_int_equal(parse(&arena, " -17 ")->integer, -17);
    assert_int_equal(parse(&arena, "9223372036854775807")->type, JSON_INT);
    assert_true(parse(&arena, "9223372036854775807")->integer == INT64_MAX);
    assert_true(parse(&arena, "-9223372036854775808")->integer == INT64_MIN);
    assert_int_equal(parse(&arena, "9223372036854775808")->type, JSON_UINT);
    assert_int_equal(parse(&arena, "18446744073709551616")->type, JSON_DOUBLE);
    assert_int_equal(parse(&arena, "-9223372036854775809")->type, JSON_DOUBLE);
    assert_true(parse(&arena, "18446744073709551615")->uinteger == UINT64_MAX);
    assert_int_equal(parse(&arena, "1.0")->type, JSON_DOUBLE);
    assert_true(parse(&arena, "-1.25e2")->real == -125.0);
    assert_true(parse(&arena, "1E+2")->real == 100.0);
    assert_true(parse(&arena, "1e-400")->real == 0.0); /* underflow is no error */
}

static void test_strings(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    assert_string_equal(parse(&arena, "\"\"")->string, "");
    assert_string_equal(parse(&arena, "\"plain\"")->string, "plain");
    assert_string_equal(parse(&arena, "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"")->string,
                        "a\"\\/\b\f\n\r\tz");
    assert_string_equal(parse(&arena, "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"")->string,
                        "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
    const JsonValue *value = parse(&arena, "\"\xc3\xa9\\n\xf4\x8f\xbf\xbf\x7f\"");
    assert_string_equal(value->string, "\xc3\xa9\n\xf4\x8f\xbf\xbf\x7f");
    assert_int_equal(value->length, 8);
}

static void test_containers(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    const JsonValue *root =
        parse(&arena, "{\"a\": [1, [], {}, null, true, false], \"b\\n\" :\t\"x\" ,\r\n\"\": {}}");
    assert_int_equal(root->type, JSON_OBJECT);
    assert_int_equal(root->length, 3);
    const JsonValue *a = json_member(root, "a");
    assert_int_equal(a->type, JSON_ARRAY);
    assert_int_equal(a->length, 6);
    JsonType types[] = { JSON_INT, JSON_ARRAY, JSON_OBJECT, JSON_NULL, JSON_BOOL, JSON_BOOL };
    const JsonValue *item = a->first;
    for (size_t i = 0; i < ARRAY_LEN(types); i++, item = item->next)
        assert_int_equal(item->type, types[i]);
    assert_null(item);
    assert_string_equal(json_member_string(root, "b\n"), "x");
    assert_non_null(json_member(root, ""));
    assert_null(json_member(root, "c"));
    assert_null(json_member(a, "a"));
    assert_null(json_member(NULL, "a"));
    assert_null(json_member_string(root, "a"));
}

/* A text and the whole message; `size` where the text holds a NUL. */
typedef struct Refused {
    const char *text;
    const char *message;
    size_t size;
} Refused;

static const Refused refused[] = {
    { "", "line 1, column 1: expected a value, found the end of the text", 0 },
    { "  \n ", "line 2, column 2: expected a value, found the end of the text", 0 },
    { "{", "line 1, column 2: expected a key, found the end of the text", 0 },
    { "{]", "line 1, column 2: expected a key, found ']'", 0 },
    { "{1: 2}", "line 1, column 2: expected a key, found '1'", 0 },
    { "{\"a\" 1}", "line 1, column 6: expected ':', found '1'", 0 },
    { "{\"a\": }", "line 1, column 7: expected a value, found '}'", 0 },
    { "{\"a\": 1,}", "line 1, column 9: expected a key, found '}'", 0 },
    { "{\"a\": 1 \"b\"}", "line 1, column 9: expected ',' or '}', found '\"'", 0 },
    { "{\n\t\"a\": 1\n]", "line 3, column 1: expected ',' or '}', found ']'", 0 },
    { "[1 2]", "line 1, column 4: expected ',' or ']', found '2'", 0 },
    { "[1,]", "line 1, column 4: expected a value, found ']'", 0 },
    { "[,1]", "line 1, column 2: expected a value, found ','", 0 },
    { "[1", "line 1, column 3: expected ',' or ']', found the end of the text", 0 },
    { "1 2", "line 1, column 3: expected the end of the text, found '2'", 0 },
    { "{}\n\n  {}", "line 3, column 3: expected the end of the text, found '{'", 0 },
    { "{}\0", "line 1, column 3: expected the end of the text, found the byte 0x00", 3 },
    { "\xef\xbb\xbf{}", "line 1, column 1: expected a value, found the byte 0xef", 0 },
    { "nul", "line 1, column 1: expected a value, found 'n'", 0 },
    { "True", "line 1, column 1: expected a value, found 'T'", 0 },
    { "NaN", "line 1, column 1: expected a value, found 'N'", 0 },
    { "-Infinity", "line 1, column 2: expected a digit, found 'I'", 0 },
    { "nullx", "line 1, column 5: expected the end of the text, found 'x'", 0 },
    { "'a'", "line 1, column 1: expected a value, found '''", 0 },
    { "// c\n1", "line 1, column 1: expected a value, found '/'", 0 },
    { "01", "line 1, column 1: number with a leading zero", 0 },
    { "[-012]", "line 1, column 2: number with a leading zero", 0 },
    { "+1", "line 1, column 1: expected a value, found '+'", 0 },
    { "-", "line 1, column 2: expected a digit, found the end of the text", 0 },
    { ".5", "line 1, column 1: expected a value, found '.'", 0 },
    { "1.", "line 1, column 3: expected a digit, found the end of the text", 0 },
    { "1.e3", "line 1, column 3: expected a digit, found 'e'", 0 },
    { "1e", "line 1, column 3: expected a digit, found the end of the text", 0 },
    { "1e+x", "line 1, column 4: expected a digit, found 'x'", 0 },
    { "0x10", "line 1, column 2: expected the end of the text, found 'x'", 0 },
    { "1e309", "line 1, column 1: number out of range", 0 },
    { "\"abc", "line 1, column 5: unterminated string", 0 },
    { "\"abc\\", "line 1, column 5: invalid escape in a string", 0 },
    { "\"a\\x\"", "line 1, column 3: invalid escape in a string", 0 },
    { "\"\\u12g4\"", "line 1, column 2: invalid \\u escape", 0 },
    { "\"\\u12", "line 1, column 2: invalid \\u escape", 0 },
    { "\"a\\u0000\"", "line 1, column 3: NUL character in a string", 0 },
    { "{\"\\u0000\": 1}", "line 1, column 3: NUL character in a string", 0 },
    { "\"\0\"", "line 1, column 2: control character 0x00 in a string", 3 },
    { "\"\\ud800\"", "line 1, column 2: lone surrogate in a \\u escape", 0 },
    { "\"\\ud800\\u0041\"", "line 1, column 2: lone surrogate in a \\u escape", 0 },
    { "\"\\ud800\\ud800\"", "line 1, column 2: lone surrogate in a \\u escape", 0 },
    { "\"\\udc00\\ud800\"", "line 1, column 2: lone surrogate in a \\u escape", 0 },
    { "\"a\nb\"", "line 1, column 3: control character 0x0a in a string", 0 },
    { "\"\x1b[31m\"", "line 1, column 2: control character 0x1b in a string", 0 },
    { "\"\xff\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\x80\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xc0\xaf\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xe0\x80\xaf\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xed\xa0\x80\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xf4\x90\x80\x80\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xe2\x82\"", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "\"\xe2", "line 1, column 2: invalid UTF-8 in a string", 0 },
    { "{\"a\": 1, \"b\": 2,\n \"a\": 3}", "line 2, column 2: duplicate key \"a\"", 0 },
    { "{\"a\": 1, \"\\u0061\": 2}", "line 1, column 10: duplicate key \"a\"", 0 },
    { "{\"\\u001b[2J\": 1, \"\\u001b[2J\": 2}", "line 1, column 18: duplicate key \"\\x1b[2J\"",
      0 },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        size_t size = refused[i].size ? refused[i].size : strlen(refused[i].text);
        const JsonValue *value = NULL;
        Error error = { 0 };
        assert_int_equal(json_parse(refused[i].text, size, NULL, &arena, &value, &error), -EINVAL);
        assert_string_equal(error.message, refused[i].message);
        assert_int_equal(error.kind, ERROR_CORRUPT);
        assert_null(value);
        assert_int_equal(json_parse(refused[i].text, size, NULL, &arena, &value, NULL), -EINVAL);
    }
}

/* More members than are compared one by one: the other way to find duplicates. */
static void test_many_members(void **state)
{
    (void)state;
    for (int duplicate = -1; duplicate < 40; duplicate += 13) {
        Arena arena CLEANUP(arena_done) = { 0 };
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        strbuf_add(&text, "{\n");
        for (int i = 0; i < 40; i++)
            strbuf_printf(&text, "\"key%d\": %d,", i, i);
        strbuf_printf(&text, "\"key%d\": 1}", duplicate);
        const JsonValue *value;
        Error error = { 0 };
        int r = json_parse(text.data, text.length, NULL, &arena, &value, &error);
        assert_int_equal(r, duplicate < 0 ? 0 : -EINVAL);
        if (r < 0) {
            char expected[64];
            (void)snprintf(expected, sizeof(expected), "duplicate key \"key%d\"", duplicate);
            assert_non_null(strstr(error.message, expected));
            assert_non_null(strstr(error.message, "line 2"));
        }
    }
}

static int parse_limited(const char *text, const JsonLimits *limits, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const JsonValue *value;
    return json_parse(text, strlen(text), limits, &arena, &value, error);
}

static void test_limits(void **state)
{
    (void)state;
    Error error = { 0 };
    JsonLimits limits = { .bytes = 6, .depth = 2, .values = 3 };
    assert_int_equal(parse_limited("[[[]]]", &limits, &error), -EFBIG);
    assert_string_equal(error.message, "line 1, column 3: nested deeper than 2 levels");
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_int_equal(parse_limited("[[],1]", &limits, &error), 0);
    assert_int_equal(parse_limited("[1,2]", &limits, &error), 0);
    limits.bytes = 0;
    assert_int_equal(parse_limited("[[ ],[ ]]", &limits, &error), 0); /* siblings are not depth */
    limits.bytes = 6;
    assert_int_equal(parse_limited("[[],1] ", &limits, &error), -EFBIG);
    assert_string_equal(error.message, "text of 7 bytes, at most 6 are allowed");
    limits.bytes = 0;
    assert_int_equal(parse_limited("[1,2,3]", &limits, &error), -EFBIG);
    assert_string_equal(error.message, "line 1, column 6: more than 3 values");

    char deep[200];
    memset(deep, '[', sizeof(deep));
    deep[64] = '\0';
    assert_int_equal(parse_limited(deep, NULL, &error), -EINVAL); /* merely not closed */
    deep[64] = '[', deep[65] = '\0';
    assert_int_equal(parse_limited(deep, NULL, &error), -EFBIG);
    assert_string_equal(error.message, "line 1, column 65: nested deeper than 64 levels");

    StrBuf number CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&number, "0.");
    for (int i = 0; i < 600; i++)
        strbuf_add_char(&number, '0');
    assert_int_equal(parse_limited(number.data, NULL, &error), -EFBIG);
    assert_string_equal(error.message, "line 1, column 1: number of more than 512 characters");
}

static void test_copy_outlives(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,-2,18446744073709551615,1.5,\"x\",{\"b\":null}],\"c\":true}";
    Arena first = { 0 }, second CLEANUP(arena_done) = { 0 };
    const JsonValue *copy = json_copy(parse(&first, text), &second);
    arena_done(&first);
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &out };
    json_write_value(&writer, copy);
    assert_string_equal(out.data, text);
    assert_null(json_copy(NULL, &second));
}

static void test_writer_pretty(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &out, .pretty = true };
    json_write_value(&writer,
                     parse(&arena, "{\"a\":[1,{}, [] ,[2]],\"b\":{\"c\":\"d\"},\"e\":null}"));
    assert_string_equal(out.data, "{\n"
                                  "  \"a\": [\n"
                                  "    1,\n"
                                  "    {},\n"
                                  "    [],\n"
                                  "    [\n"
                                  "      2\n"
                                  "    ]\n"
                                  "  ],\n"
                                  "  \"b\": {\n"
                                  "    \"c\": \"d\"\n"
                                  "  },\n"
                                  "  \"e\": null\n"
                                  "}");
}

static const char *written(StrBuf *out, const char *string)
{
    strbuf_clear(out);
    JsonWriter writer = { .text = out };
    json_write_string(&writer, string);
    return out->data;
}

static void test_writer_strings(void **state)
{
    (void)state;
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    assert_string_equal(written(&out, ""), "\"\"");
    assert_string_equal(written(&out, "a\"\\/\b\f\n\r\t\x01\x1f\x7fz"),
                        "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7fz\"");
    assert_string_equal(written(&out, "\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    /* Each byte that is no part of a character becomes U+FFFD. */
    assert_string_equal(written(&out, "a\xff\xc3z\xe2\x82"),
                        "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(written(&out, NULL), "null");
}

static void test_writer_numbers(void **state)
{
    (void)state;
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &out };
    json_write_array(&writer);
    json_write_int(&writer, INT64_MIN);
    json_write_int(&writer, INT64_MAX);
    json_write_uint(&writer, 0);
    json_write_uint(&writer, UINT64_MAX);
    json_write_double(&writer, 1.0);
    json_write_double(&writer, 0.1);
    json_write_double(&writer, 1.0 / 3);
    json_write_double(&writer, 1e300);
    json_write_double(&writer, __builtin_nan(""));
    json_write_bool(&writer, true);
    json_write_end_array(&writer);
    assert_string_equal(out.data, "[-9223372036854775808,9223372036854775807,0,"
                                  "18446744073709551615,1.0,0.1,0.3333333333333333,1e+300,null,"
                                  "true]");
}

static void test_quote(void **state)
{
    (void)state;
    char buffer[JSON_QUOTE_SIZE], small[16];
    assert_string_equal(json_quote("plain \xc3\xa9", buffer, sizeof(buffer)), "\"plain \xc3\xa9\"");
    assert_string_equal(json_quote("\x1b[31m\"\\\n\x7f", buffer, sizeof(buffer)),
                        "\"\\x1b[31m\\\"\\\\\\x0a\\x7f\"");
    /* C1 controls and a right-to-left override */
    assert_string_equal(json_quote("\xc2\x9b\xe2\x80\xae\xff", buffer, sizeof(buffer)),
                        "\"\\xc2\\x9b\\xe2\\x80\\xae\\xff\"");
    assert_string_equal(json_quote("0123456789", small, sizeof(small)), "\"0123456789\"");
    assert_string_equal(json_quote("0123456789a", small, sizeof(small)), "\"0123456789...\"");
    assert_string_equal(json_quote("\n\n\n\n\n", small, sizeof(small)), "\"\\x0a\\x0a...\"");
    for (size_t size = 16; size < 40; size++) {
        char exact[40];
        memset(exact, 'Z', sizeof(exact));
        const char *quoted =
            json_quote("\xc3\xa9\x01\xe2\x82\xac\"\\ and a long rest of text", exact, size);
        assert_true(strlen(quoted) < size);
        assert_int_equal(quoted[strlen(quoted) - 1], '"');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_containers),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many_members),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_copy_outlives),  cmocka_unit_test(test_writer_pretty),
        cmocka_unit_test(test_writer_strings), cmocka_unit_test(test_writer_numbers),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
