/*
 * The field tables: a document with a row of every kind; round trips, copies, the exact text of
 * every error, and that what was decoded can be grown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/field.h"

typedef enum Colour { COLOUR_NONE, COLOUR_RED, COLOUR_BLUE } Colour;

typedef struct Point {
    int32_t x;
    int32_t y;
} Point;

typedef struct Named {
    const char *key;
    const char *value;
    StrList more;
} Named;

typedef struct Everything {
    const char *text;
    const char *word;
    const char *path;
    Colour colour;
    bool flag, always;
    int32_t i32;
    int64_t i64;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    OptBool opt_bool;
    OptI32 opt_i32;
    OptI64 opt_i64;
    OptU16 opt_u16;
    OptU32 opt_u32;
    OptU64 opt_u64;
    StrList strings;
    StrList words;
    U32List numbers;
    StrMap map;
    StrList set;
    Point inside;
    Point *outside;
    LIST_OF(Point) points;
    LIST_OF(Named) named;
    const JsonValue *any;
} Everything;

static const char *const colour_words[] = { NULL, "red", "blue", NULL };
static const char *const size_words[] = { "small", "large", NULL };

static const Field point_fields[] = {
    FIELD_I32(Point, "x", x, FIELD_REQUIRED),
    FIELD_I32(Point, "y", y, 0),
};
static const FieldTable point_table = FIELD_TABLE(Point, point_fields);

static const Field named_fields[] = {
    FIELD_STR(Named, "value", value, FIELD_NONEMPTY),
    FIELD_STRLIST(Named, "more", more, 0),
};
static const FieldTable named_table = FIELD_TABLE(Named, named_fields);

static const char *check_key(const char *value)
{
    return strchr(value, '/') ? "a key without a slash" : NULL;
}

static const Field everything_fields[] = {
    FIELD_STR(Everything, "text", text, FIELD_REQUIRED),
    FIELD_STR(Everything, "word", word, 0, .words = size_words),
    FIELD_STR(Everything, "path", path, 0, .check = field_is_absolute_path),
    FIELD_ENUM(Everything, "colour", colour, 0, colour_words),
    FIELD_BOOL(Everything, "flag", flag, 0),
    FIELD_BOOL(Everything, "always", always, FIELD_ALWAYS),
    FIELD_I32(Everything, "i32", i32, 0, FIELD_RANGE(-5, 10)),
    FIELD_I64(Everything, "i64", i64, 0),
    FIELD_U16(Everything, "u16", u16, 0),
    FIELD_U32(Everything, "u32", u32, 0),
    FIELD_U64(Everything, "u64", u64, 0),
    FIELD_OPT_BOOL(Everything, "optBool", opt_bool, 0),
    FIELD_OPT_I32(Everything, "optI32", opt_i32, 0),
    FIELD_OPT_I64(Everything, "optI64", opt_i64, 0),
    FIELD_OPT_U16(Everything, "optU16", opt_u16, 0),
    FIELD_OPT_U32(Everything, "optU32", opt_u32, 0),
    FIELD_OPT_U64(Everything, "optU64", opt_u64, 0, FIELD_RANGE(1, 7)),
    FIELD_STRLIST(Everything, "strings", strings, 0),
    FIELD_STRLIST(Everything, "words", words, 0, .words = size_words),
    FIELD_U32LIST(Everything, "numbers", numbers, 0, FIELD_RANGE(0, 3)),
    FIELD_STRMAP(Everything, "map", map, 0, .check = check_key),
    FIELD_STRSET(Everything, "set", set, FIELD_NONEMPTY),
    FIELD_STRUCT(Everything, "inside", inside, 0, &point_table),
    FIELD_OBJECT(Everything, "outside", outside, 0, &point_table),
    FIELD_LIST(Everything, "points", points, 0, &point_table),
    FIELD_MAP(Everything, "named", named, 0, &named_table, Named, key, .check = check_key),
    FIELD_JSON(Everything, "any", any, 0),
};
static const JsonLimits limits = { .depth = 5 };
static const FieldTable everything_table = FIELD_DOCUMENT(Everything, everything_fields, &limits);

static const char whole[] =
    "{\"text\":\"t\",\"word\":\"large\",\"path\":\"/p\",\"colour\":\"blue\",\"flag\":true,"
    "\"always\":false,\"i32\":-5,\"i64\":-9223372036854775808,\"u16\":65535,\"u32\":4294967295,"
    "\"u64\":18446744073709551615,\"optBool\":false,\"optI32\":-2147483648,\"optI64\":0,"
    "\"optU16\":0,\"optU32\":7,\"optU64\":1,\"strings\":[\"a\",\"\",\"b\"],\"words\":[\"small\"],"
    "\"numbers\":[0,4294967295],\"map\":{\"z\":\"1\",\"a\":\"\"},\"set\":{\"80/tcp\":{},\"x\":{}},"
    "\"inside\":{\"x\":1,\"y\":-2},\"outside\":{\"x\":0},\"points\":[{\"x\":1},{\"x\":2,\"y\":3}],"
    "\"named\":{\"n\":{\"value\":\"v\",\"more\":[]},\"m\":{}},\"any\":[1,{\"a\":2.5}]}";

static int parse(Arena *arena, const char *text, Everything *ret, Error *error)
{
    return field_parse(&everything_table, text, strlen(text), arena, ret, error);
}

static void assert_prints(const Everything *object, const char *expected)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    field_print(&everything_table, object, false, &text);
    assert_string_equal(text.data, expected);
}

static void test_round_trip(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Everything object;
    Error error = { 0 };
    if (parse(&arena, whole, &object, &error) < 0)
        fail_msg("%s", error.message);
    assert_string_equal(object.text, "t");
    assert_int_equal(object.colour, COLOUR_BLUE);
    assert_int_equal(object.i32, -5);
    assert_true(object.i64 == INT64_MIN);
    assert_int_equal(object.u16, 65535);
    assert_true(object.u64 == UINT64_MAX);
    assert_true(object.opt_bool.set && !object.opt_bool.value);
    assert_true(object.opt_i32.set && object.opt_i32.value == INT32_MIN);
    assert_true(object.opt_u16.set && object.opt_u16.value == 0);
    assert_int_equal(object.strings.count, 3);
    assert_string_equal(object.strings.items[1], "");
    assert_null(object.strings.items[3]);
    assert_int_equal(object.numbers.items[1], UINT32_MAX);
    assert_string_equal(strmap_get(&object.map, "z"), "1");
    assert_string_equal(object.set.items[0], "80/tcp");
    assert_int_equal(object.inside.y, -2);
    assert_int_equal(object.points.items[1].y, 3);
    assert_string_equal(object.named.items[0].key, "n");
    assert_true(object.named.items[0].more.items && object.named.items[0].more.count == 0);
    assert_null(object.named.items[1].value);
    assert_prints(&object, whole);
    assert_int_equal(field_check(&everything_table, &object, &error), 0);
}

/* The keys in any order, unknown ones between, null for everything that may be absent. */
static void test_forgiving(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Everything object;
    assert_int_equal(parse(&arena,
                           "{\"unknown\":{\"x\":[1]},\"u64\":3,\"text\":\"t\",\"word\":null,"
                           "\"colour\":null,\"i32\":null,\"optI64\":null,\"strings\":null,"
                           "\"map\":null,\"outside\":null,\"points\":null,\"any\":null,"
                           "\"inside\":null,\"tex\":1,\"texts\":2,\"flag\":null}",
                           &object, NULL),
                     0);
    assert_prints(&object, "{\"text\":\"t\",\"always\":false,\"u64\":3,\"inside\":{\"x\":0}}");
    assert_false(object.opt_i64.set);
    assert_null(object.strings.items);
    assert_null(object.outside);
}

static void test_copy(void **state)
{
    (void)state;
    Arena first = { 0 }, second CLEANUP(arena_done) = { 0 };
    Everything object, copy;
    assert_int_equal(parse(&first, whole, &object, NULL), 0);
    field_copy(&everything_table, &object, &second, &copy);
    arena_done(&first); /* what the copy shared would be gone: the sanitizers see it */
    assert_prints(&copy, whole);
}

/* arena_append and strlist_append trust that an array has room up to the next power of two. */
static void test_decoded_can_grow(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    for (size_t count = 0; count < 20; count++) {
        StrBuf text CLEANUP(strbuf_done) = { 0 };
        strbuf_add(&text, "{\"text\":\"t\",\"strings\":[");
        for (size_t i = 0; i < count; i++)
            strbuf_printf(&text, "%s\"%zu\"", i ? "," : "", i);
        strbuf_add(&text, "],\"points\":[");
        for (size_t i = 0; i < count; i++)
            strbuf_printf(&text, "%s{\"x\":%zu}", i ? "," : "", i);
        strbuf_add(&text, "]}");
        Everything object;
        assert_int_equal(parse(&arena, text.data, &object, NULL), 0);
        char *guard = memset(arena_alloc(&arena, 64), 'g', 64);
        for (size_t i = 0; i < 20; i++) {
            strlist_append(&arena, &object.strings, "more");
            Point *point =
                arena_append(&arena, &object.points.items, &object.points.count, sizeof(*point));
            point->x = -1;
        }
        assert_int_equal(object.strings.count, count + 20);
        assert_null(object.strings.items[count + 20]);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(object.points.items[i].x, i);
        for (size_t i = 0; i < 64; i++)
            assert_int_equal(guard[i], 'g');
    }
}

typedef struct Refused {
    const char *text;
    const char *message;
} Refused;

#define T "{\"text\":\"t\","
static const Refused refused[] = {
    { "[]", "expected an object, found an array" },
    { "12", "expected an object, found 12" },
    { "{}", "text: required, but missing" },
    { "{\"text\":null}", "text: required, but missing" },
    { "{\"text\":12}", "text: expected a string, found 12" },
    { "{\"text\":18446744073709551615}", "text: expected a string, found 18446744073709551615" },
    { "{\"text\":-1.5}", "text: expected a string, found the number -1.5" },
    { "{\"text\":true}", "text: expected a string, found true" },
    { "{\"text\":{}}", "text: expected a string, found an object" },
    { T "\"word\":\"tiny\"}", "word: found \"tiny\", expected one of small, large" },
    { T "\"word\":\"\"}", "word: found \"\", expected one of small, large" },
    { T "\"path\":\"p\\u001b\"}", "path: expected an absolute path, found \"p\\x1b\"" },
    { T "\"colour\":\"green\"}", "colour: found \"green\", expected one of red, blue" },
    { T "\"colour\":1}", "colour: expected a string, found 1" },
    { T "\"flag\":1}", "flag: expected a boolean, found 1" },
    { T "\"optBool\":\"yes\"}", "optBool: expected a boolean, found \"yes\"" },
    { T "\"i32\":\"x\"}", "i32: expected an integer, found \"x\"" },
    { T "\"i32\":1.0}", "i32: expected an integer, found the number 1" },
    { T "\"i32\":11}", "i32: expected an integer from -5 to 10, found 11" },
    { T "\"i32\":-6}", "i32: expected an integer from -5 to 10, found -6" },
    { T "\"i64\":9223372036854775808}",
      "i64: expected an integer from -9223372036854775808 to 9223372036854775807, found "
      "9223372036854775808" },
    { T "\"u16\":65536}", "u16: expected an integer from 0 to 65535, found 65536" },
    { T "\"u16\":-1}", "u16: expected an integer from 0 to 65535, found -1" },
    { T "\"u32\":4294967296}", "u32: expected an integer from 0 to 4294967295, found 4294967296" },
    { T "\"u64\":-1}", "u64: expected an integer from 0 to 18446744073709551615, found -1" },
    { T "\"optI32\":2147483648}",
      "optI32: expected an integer from -2147483648 to 2147483647, found 2147483648" },
    { T "\"optU64\":0}", "optU64: expected an integer from 1 to 7, found 0" },
    { T "\"strings\":\"a\"}", "strings: expected an array, found \"a\"" },
    { T "\"strings\":[\"a\",null]}", "strings[1]: expected a string, found null" },
    { T "\"words\":[\"small\",\"big\"]}", "words[1]: found \"big\", expected one of small, large" },
    { T "\"numbers\":[1,-1]}", "numbers[1]: expected an integer from 0 to 4294967295, found -1" },
    { T "\"numbers\":[1,2,3,4]}", "numbers: expected 0 to 3 items, found 4" },
    { T "\"numbers\":{}}", "numbers: expected an array, found an object" },
    { T "\"map\":[]}", "map: expected an object, found an array" },
    { T "\"map\":{\"k.\\n\":5}}", "map[\"k.\\x0a\"]: expected a string, found 5" },
    { T "\"map\":{\"\":\"v\"}}", "map: expected a key that is not empty, found \"\"" },
    { T "\"map\":{\"a/b\":\"v\"}}", "map: expected a key without a slash, found \"a/b\"" },
    { T "\"set\":{\"a\":1}}", "set[\"a\"]: expected an object, found 1" },
    { T "\"set\":{}}", "set: expected at least one item, found none" },
    { T "\"inside\":{}}", "inside.x: required, but missing" },
    { T "\"inside\":[]}", "inside: expected an object, found an array" },
    { T "\"outside\":{\"x\":true}}", "outside.x: expected an integer, found true" },
    { T "\"points\":{}}", "points: expected an array, found an object" },
    { T "\"points\":[{\"x\":1},{\"y\":1}]}", "points[1].x: required, but missing" },
    { T "\"points\":[{\"x\":1},null]}", "points[1]: expected an object, found null" },
    { T "\"named\":[]}", "named: expected an object, found an array" },
    { T "\"named\":{\"n\":{\"value\":\"\"}}}",
      "named[\"n\"].value: expected a text that is not empty, found \"\"" },
    { T "\"named\":{\"n\":{\"more\":[\"a\",2]}}}",
      "named[\"n\"].more[1]: expected a string, found 2" },
    { T "\"named\":{\"a/b\":{}}}", "named: expected a key without a slash, found \"a/b\"" },
    { T "\"any\":[[[[[]]]]]}", "line 1, column 23: nested deeper than 5 levels" },
    { "{\"text\":\"t\",\"text\":\"u\"}", "line 1, column 13: duplicate key \"text\"" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Everything object = { .i32 = 77 };
        Error error = { 0 };
        assert_true(parse(&arena, refused[i].text, &object, &error) < 0);
        assert_string_equal(error.message, refused[i].message);
        assert_true(error.kind == ERROR_CORRUPT || error.kind == ERROR_LIMIT);
        assert_int_equal(object.i32, 77); /* untouched */
        assert_true(parse(&arena, refused[i].text, &object, NULL) < 0);
    }
}

static void test_list_document(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    const JsonValue *value;
    LIST_OF(Point) points;
    Error error = { 0 };
    assert_int_equal(json_parse("[{\"x\":1},{\"x\":2}]", 17, NULL, &arena, &value, NULL), 0);
    assert_int_equal(field_decode_list(&point_table, value, &arena, &points, &error), 0);
    assert_int_equal(points.count, 2);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &text };
    field_encode_list(&point_table, &points, &writer);
    assert_string_equal(text.data, "[{\"x\":1},{\"x\":2}]");
    assert_int_equal(json_parse("[{\"x\":1},{\"x\":\"\"}]", 18, NULL, &arena, &value, NULL), 0);
    assert_int_equal(field_decode_list(&point_table, value, &arena, &points, &error), -EINVAL);
    assert_string_equal(error.message, "[1].x: expected an integer, found \"\"");
}

static void assert_check(const Everything *object, const char *message)
{
    Error error = { 0 };
    int r = field_check(&everything_table, object, &error);
    assert_int_equal(r, *message ? -EINVAL : 0);
    assert_string_equal(error.message, message);
}

/* A program's own object is held to the same rules. */
static void test_check(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Everything object = { 0 };
    assert_check(&object, "text: required, but missing");
    object.text = "";
    assert_check(&object, "");
    object.i32 = 11;
    assert_check(&object, "i32: expected an integer from -5 to 10, found 11");
    object.i32 = 0;
    object.opt_u64 = (OptU64){ true, 8 };
    assert_check(&object, "optU64: expected an integer from 1 to 7, found 8");
    object.opt_u64.set = false;
    object.path = "x";
    assert_check(&object, "path: expected an absolute path, found \"x\"");
    object.path = "/x";
    strlist_append(&arena, &object.words, "small");
    strlist_append(&arena, &object.words, "none");
    assert_check(&object, "words[1]: found \"none\", expected one of small, large");
    object.words = (StrList){ 0 };
    strmap_set(&arena, &object.map, "a/b", "");
    assert_check(&object, "map: expected a key without a slash, found \"a/b\"");
    object.map = (StrMap){ 0 };
    Named *named = arena_append(&arena, &object.named.items, &object.named.count, sizeof(*named));
    named->key = "k";
    named->value = "";
    assert_check(&object, "named[\"k\"].value: expected a text that is not empty, found \"\"");
    named->value = "v";
    assert_check(&object, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_forgiving),
        cmocka_unit_test(test_copy),       cmocka_unit_test(test_decoded_can_grow),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_list_document),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
