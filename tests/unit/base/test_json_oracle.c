/*
 * The JSON parser against jansson: over some ten thousand texts that a fixed generator makes
 * (documents of every shape, and mutations of them) both must accept or refuse alike and read the
 * same values. Two differences are meant: jansson has no integers above INT64_MAX, and it overlooks
 * NUL bytes between tokens, which we refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Both libraries use these names; jansson's macros that need them are not used below. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_NULL   JANSSON_NULL
#define json_copy   jansson_copy
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_NULL
#undef json_copy

#include "base/json.h"

enum { DOCUMENTS = 10000, MUTATIONS = 12, TEXT_MAX = 2048 };

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % limit;
}

static const char *const scalars[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "12",
    "3.25",
    "-0.0",
    "1e2",
    "1E-2",
    "2.5e+10",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e308",
    "1e309",
    "123456789012345678901234567890",
    "0.1",
    "1e-320",
    "4.9e-324",
};
static const char *const strings[] = {
    "\"\"",         "\"a\"",
    "\"key\"",      "\"\\n\\t\\\"\\\\\\/\"",
    "\"\\u00e9\"",  "\"\\ud83d\\ude00\"",
    "\"\xc3\xa9\"", "\"\xf0\x9f\x98\x80\"",
    "\"\\u0001\"",  "\"a\\u0000b\"",
    "\"\\ud800\"",  "\"\xed\xa0\x80\"",
    "\"\xc0\x80\"", "\"\x7f\"",
    "\"b\"",        "\"c\"",
    "\"\\u0061\"",
};
static const char pieces[] =
    "{}[]\",:0123456789-+.eEtrufalsn\\/bx \t\n\r\x01\x00\x7f\x80\xc3\xa9\xff";

static void generate(StrBuf *text, unsigned depth)
{
    uint32_t kind = random_below(depth == 0 ? 6 : 10);
    if (kind < 4) {
        strbuf_add(text, scalars[random_below(ARRAY_LEN(scalars))]);
    } else if (kind < 6) {
        strbuf_add(text, strings[random_below(ARRAY_LEN(strings))]);
    } else {
        bool object = kind < 8;
        strbuf_add_char(text, object ? '{' : '[');
        for (uint32_t i = 0, n = random_below(5); i < n; i++) {
            if (i)
                strbuf_add(text, random_below(8) ? "," : " ,\n");
            if (object) {
                strbuf_add(text, strings[random_below(ARRAY_LEN(strings))]);
                strbuf_add(text, ": ");
            }
            generate(text, depth - 1);
        }
        strbuf_add_char(text, object ? '}' : ']');
    }
}

/* One small change: a byte replaced, inserted or removed, the end cut off, a part repeated. */
static size_t mutate(char *text, size_t size)
{
    if (size == 0)
        return 0;
    size_t at = random_below((uint32_t)size);
    char byte = pieces[random_below(sizeof(pieces) - 1)];
    switch (random_below(5)) {
    case 0: text[at] = byte; break;
    case 1:
        memmove(text + at + 1, text + at, size - at);
        text[at] = byte;
        size++;
        break;
    case 2:
        memmove(text + at, text + at + 1, size - at - 1);
        size--;
        break;
    case 3: size = at; break;
    default: {
        size_t length = random_below((uint32_t)(size - at)) + 1;
        memmove(text + at + length, text + at, size - at);
        size += length;
        break;
    }
    }
    return size;
}

/* Integers above jansson's: exact, or nearly. */
static bool holds_uint(const JsonValue *value)
{
    if (value->type == JSON_UINT)
        return true;
    if (value->type == JSON_DOUBLE && (value->real >= 0x1p63 || value->real < -0x1p62))
        return true;
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        for (const JsonValue *v = value->first; v; v = v->next)
            if (holds_uint(v))
                return true;
    return false;
}

static bool same(const JsonValue *ours, const json_t *theirs);

static bool same_container(const JsonValue *ours, const json_t *theirs)
{
    size_t i = 0;
    bool array = ours->type == JSON_ARRAY;
    if (ours->length != (array ? json_array_size(theirs) : json_object_size(theirs)))
        return false;
    for (const JsonValue *v = ours->first; v; v = v->next, i++) {
        const json_t *other = array ? json_array_get(theirs, i) : json_object_get(theirs, v->key);
        if (!other || !same(v, other))
            return false;
    }
    return i == ours->length;
}

static bool same(const JsonValue *ours, const json_t *theirs)
{
    switch (json_typeof(theirs)) {
    case JANSSON_NULL: return ours->type == JSON_NULL;
    case JSON_TRUE: return ours->type == JSON_BOOL && ours->boolean;
    case JSON_FALSE: return ours->type == JSON_BOOL && !ours->boolean;
    case JSON_INTEGER: return ours->type == JSON_INT && ours->integer == json_integer_value(theirs);
    case JSON_REAL: {
        double real = json_real_value(theirs);
        return ours->type == JSON_DOUBLE && memcmp(&ours->real, &real, sizeof(real)) == 0;
    }
    case JANSSON_STRING:
        return ours->type == JSON_STRING && ours->length == json_string_length(theirs) &&
               memcmp(ours->string, json_string_value(theirs), ours->length + 1) == 0;
    case JANSSON_ARRAY: return ours->type == JSON_ARRAY && same_container(ours, theirs);
    case JANSSON_OBJECT: return ours->type == JSON_OBJECT && same_container(ours, theirs);
    }
    return false;
}

typedef struct Counts {
    size_t accepted, refused, wide;
} Counts;

static void compare(const char *text, size_t size, Counts *counts)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const JsonValue *ours = NULL;
    Error error = { 0 };
    int r = json_parse(text, size, NULL, &arena, &ours, &error);

    if (memchr(text, 0, size)) {
        assert_true(r < 0);
        return;
    }
    json_error_t their_error;
    json_t *theirs = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &their_error);
    bool wide = r == 0 && !theirs && holds_uint(ours) &&
                json_error_code(&their_error) == json_error_numeric_overflow;
    bool alike = theirs ? r == 0 && same(ours, theirs) : r < 0;
    if (!alike && !wide)
        fail_msg("[%.*s]\nours: %s\njansson: %s", (int)size, text,
                 r < 0 ? error.message : "accepted", theirs ? "accepted" : their_error.text);
    counts->accepted += r == 0;
    counts->refused += r < 0;
    counts->wide += wide;
    json_decref(theirs);
}

static void test_against_jansson(void **state)
{
    (void)state;
    Counts counts = { 0 };
    for (size_t i = 0; i < DOCUMENTS; i++) {
        StrBuf document CLEANUP(strbuf_done) = { 0 };
        generate(&document, 4);
        if (document.length >= TEXT_MAX / 2)
            continue;
        compare(document.data, document.length, &counts);
        for (size_t m = 0; m < MUTATIONS; m++) {
            char text[TEXT_MAX];
            size_t size = document.length;
            memcpy(text, document.data, size);
            for (uint32_t change = 0, n = 1 + random_below(2); change < n && size < TEXT_MAX / 2;
                 change++)
                size = mutate(text, size);
            compare(text, size, &counts);
        }
    }
    /* The generator must reach both answers often, or the comparison says nothing. */
    assert_true(counts.accepted > 5000);
    assert_true(counts.refused > 5000);
    assert_true(counts.wide > 50);
}

/* What we write, jansson reads back as the same values. */
static void test_writer_against_jansson(void **state)
{
    (void)state;
    size_t written = 0;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        StrBuf document CLEANUP(strbuf_done) = { 0 }, text CLEANUP(strbuf_done) = { 0 };
        generate(&document, 3);
        const JsonValue *value;
        if (json_parse(document.data, document.length, NULL, &arena, &value, NULL) < 0 ||
            holds_uint(value))
            continue;
        JsonWriter writer = { .text = &text, .pretty = i % 2 };
        json_write_value(&writer, value);
        json_t *theirs =
            json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if (!theirs || !same(value, theirs))
            fail_msg("[%s] was written as [%s]", document.data, text.data);
        json_decref(theirs);
        written++;
    }
    assert_true(written > DOCUMENTS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_jansson),
        cmocka_unit_test(test_writer_against_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
