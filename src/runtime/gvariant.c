/*
 * Recursive descent over one value; only arrays nest, and not deeply.
 */
#include "runtime/gvariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GVARIANT_DEPTH_MAX = 4, GVARIANT_NUMBER_SIZE = 32 };

typedef struct Gvariant {
    const char *text, *at;
    Arena *arena;
} Gvariant;

static int gvariant_wrong(const Gvariant *reader, const char *expected, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "'%.100s': expected %s at byte %zu", reader->text,
                     expected, (size_t)(reader->at - reader->text));
}

static void gvariant_skip(Gvariant *reader)
{
    reader->at += strspn(reader->at, " \t\n");
}

/* Takes the word if it is there and ends there. */
static bool gvariant_word(Gvariant *reader, const char *word)
{
    size_t length = strlen(word);
    char after = strncmp(reader->at, word, length) == 0 ? reader->at[length] : 'x';
    if ((after >= 'a' && after <= 'z') || (after >= '0' && after <= '9') || after == '_')
        return false;
    reader->at += length;
    gvariant_skip(reader);
    return true;
}

static int gvariant_string(Gvariant *reader, JsonValue *value, Error *error)
{
    char quote = *reader->at++;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (; *reader->at && *reader->at != quote; reader->at++) {
        if (*reader->at == '\\') {
            reader->at++;
            if (!*reader->at || !strchr("\\'\"", *reader->at))
                return gvariant_wrong(reader, "\\\\, \\' or \\\"", error);
        }
        strbuf_add_char(&text, *reader->at);
    }
    if (*reader->at != quote)
        return gvariant_wrong(reader, "the closing quote", error);
    reader->at++;
    *value = (JsonValue){ .type = JSON_STRING,
                          .string = arena_strdup(reader->arena, strbuf_text(&text)),
                          .length = (uint32_t)text.length };
    return 0;
}

/* The type's letter, from its word; 0 without one. */
static char gvariant_type(Gvariant *reader)
{
    static const struct {
        const char *word;
        char type;
    } rows[] = {
        { "byte", 'y' },   { "int16", 'n' }, { "uint16", 'q' }, { "int32", 'i' },
        { "uint32", 'u' }, { "int64", 'x' }, { "uint64", 't' }, { "double", 'd' },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (gvariant_word(reader, rows[i].word))
            return rows[i].type;
    return '\0';
}

static int gvariant_number(Gvariant *reader, char type, char *ret_type, JsonValue *value,
                           Error *error)
{
    char digits[GVARIANT_NUMBER_SIZE], *end = NULL;
    size_t length = strspn(reader->at, "+-.0123456789eE");
    if (length == 0 || length >= sizeof(digits))
        return gvariant_wrong(reader, "a value", error);
    (void)memcpy(digits, reader->at, length);
    digits[length] = '\0';
    bool real = type == 'd' || (type == '\0' && strpbrk(digits, ".eE"));
    *ret_type = real ? 'd' : type ? type : 'i';
    if (real) {
        double number = strtod(digits, &end);
        if (*end || !isfinite(number))
            return gvariant_wrong(reader, "a number", error);
        *value = (JsonValue){ .type = JSON_DOUBLE, .real = number };
    } else if (str_to_i64(digits, &value->integer) == 0) {
        value->type = JSON_INT;
    } else if (str_to_u64(digits, &value->uinteger) == 0) {
        value->type = JSON_UINT;
    } else {
        return gvariant_wrong(reader, "an integer", error);
    }
    reader->at += length;
    return 0;
}

static int gvariant_value(Gvariant *reader, unsigned depth, const char **ret_signature,
                          JsonValue *value, Error *error);

static int gvariant_array(Gvariant *reader, unsigned depth, const char *declared,
                          const char **ret_signature, JsonValue *value, Error *error)
{
    reader->at++;
    gvariant_skip(reader);
    *value = (JsonValue){ .type = JSON_ARRAY };
    const char *signature = declared;
    JsonValue **next = &value->first;
    while (*reader->at != ']') {
        const char *item_signature;
        JsonValue *item = arena_alloc(reader->arena, sizeof(*item));
        int r = gvariant_value(reader, depth + 1, &item_signature, item, error);
        if (r < 0)
            return r;
        if (signature && !str_eq(signature, item_signature))
            return gvariant_wrong(reader, "items of one type", error);
        signature = item_signature;
        *next = item;
        next = &item->next;
        value->length++;
        if (*reader->at != ',' && *reader->at != ']')
            return gvariant_wrong(reader, "',' or ']'", error);
        reader->at += *reader->at == ',';
        gvariant_skip(reader);
    }
    if (!signature)
        return gvariant_wrong(reader, "an item, or the type as in '@as []'", error);
    reader->at++;
    *ret_signature = arena_printf(reader->arena, "a%s", signature);
    return 0;
}

static int gvariant_value(Gvariant *reader, unsigned depth, const char **ret_signature,
                          JsonValue *value, Error *error)
{
    int r = 0;
    char type = '\0';
    gvariant_skip(reader);
    if (depth > GVARIANT_DEPTH_MAX)
        return gvariant_wrong(reader, "less nesting", error);
    bool typed = gvariant_word(reader, "@as"), truth = gvariant_word(reader, "true");
    if (typed && *reader->at != '[')
        return gvariant_wrong(reader, "'['", error);
    if (*reader->at == '[') {
        r = gvariant_array(reader, depth, typed ? "s" : NULL, ret_signature, value, error);
    } else if (*reader->at == '\'' || *reader->at == '"') {
        type = 's';
        r = gvariant_string(reader, value, error);
    } else if (truth || gvariant_word(reader, "false")) {
        type = 'b';
        *value = (JsonValue){ .type = JSON_BOOL, .boolean = truth };
    } else {
        r = gvariant_number(reader, gvariant_type(reader), &type, value, error);
    }
    if (r < 0)
        return r;
    if (type)
        *ret_signature = arena_printf(reader->arena, "%c", type);
    gvariant_skip(reader);
    return 0;
}

int gvariant_parse(const char *text, Arena *arena, const char **ret_signature,
                   const JsonValue **ret_value, Error *error)
{
    Gvariant reader = { .text = text, .at = text, .arena = arena };
    JsonValue *value = arena_alloc(arena, sizeof(*value));
    const char *signature;
    int r = gvariant_value(&reader, 0, &signature, value, error);
    if (r < 0)
        return r;
    if (*reader.at)
        return gvariant_wrong(&reader, "the end", error);
    *ret_signature = signature;
    *ret_value = value;
    return 0;
}
