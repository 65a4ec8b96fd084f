/*
 * The parser: one pass, no recursion, in place. Strings are unescaped where they stand (an escape
 * is never shorter than what it means) and get their terminator over the closing quote, so a
 * string costs no allocation. Values come from chunks: fresh memory is what a short-lived process
 * pays most for (about 2 us per page), so little of it is touched.
 *
 * The text ends with a NUL, which no token may contain: that is why no loop here checks the end.
 * While a container is open its `next` points to its parent, which is the parser's whole stack.
 * The trap: the text is spoilt behind the reader; lines are therefore counted on the way. That is
 * exact, because a line break can only stand between tokens.
 */
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
    JSON_MAX_DEPTH = 1024, /* copying and writing a tree recurse */
    JSON_MAX_KEY = (1 << 28) - 1,
    JSON_MAX_NUMBER = 512, /* characters of a number with fraction or exponent */
    JSON_CHUNK = 32,       /* values */
    JSON_FEW_MEMBERS = 32, /* up to here every pair of keys is compared */
};

/* What the reader finds after an item: the answer of the functions that move on. */
enum { JSON_DONE = 0, JSON_MORE = 1 };

typedef struct JsonParser {
    unsigned char *at;
    unsigned char *end;
    Arena *arena;
    const unsigned char *line_start;
    size_t line;
    JsonValue *chunk;
    size_t chunk_left;
    size_t values_left, depth_left;
    JsonLimits limits;
    JsonValue *root;
    JsonValue *container; /* the innermost open one */
    JsonValue *last;      /* its latest item */
    Error *error;
} JsonParser;

/* The characters of a string that stand for themselves and are one byte long. */
static const bool json_plain[256] = {
    [0x20 ... 0x21] = true,
    [0x23 ... 0x5b] = true,
    [0x5d ... 0x7f] = true,
};

PRINTF_LIKE(4, 5)
static int json_fail(JsonParser *p, const unsigned char *at, ErrorKind kind, const char *format,
                     ...)
{
    char cause[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(cause, sizeof(cause), format, args);
    va_end(args);

    return error_set(p->error, kind, kind == ERROR_LIMIT ? EFBIG : EINVAL,
                     "line %zu, column %zu: %s", p->line, (size_t)(at - p->line_start) + 1, cause);
}

static int json_unexpected(JsonParser *p, const char *expected)
{
    unsigned char c = *p->at;
    if (p->at == p->end)
        return json_fail(p, p->at, ERROR_CORRUPT, "expected %s, found the end of the text",
                         expected);
    if (c < 0x20 || c >= 0x7f)
        return json_fail(p, p->at, ERROR_CORRUPT, "expected %s, found the byte 0x%02x", expected,
                         c);
    return json_fail(p, p->at, ERROR_CORRUPT, "expected %s, found '%c'", expected, c);
}

static void json_skip_blanks(JsonParser *p)
{
    for (;; p->at++) {
        if (*p->at == '\n') {
            p->line++;
            p->line_start = p->at + 1;
        } else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r') {
            return;
        }
    }
}

/* The four hexadecimal digits after "\u"; negative if they are not. */
static int32_t json_hex4(const unsigned char *s)
{
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = s[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value << 4 | ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* "\uXXXX" or a pair of them at `at`: the character, or a negative errno. */
static int32_t json_read_unicode(JsonParser *p, const unsigned char *at, size_t *ret_length)
{
    int32_t c = json_hex4(at + 2);
    if (c < 0)
        return json_fail(p, at, ERROR_CORRUPT, "invalid \\u escape");
    *ret_length = 6;
    if (c == 0)
        return json_fail(p, at, ERROR_CORRUPT, "NUL character in a string");
    if (c < 0xd800 || c > 0xdfff)
        return c;
    int32_t second = c < 0xdc00 && at[6] == '\\' && at[7] == 'u' ? json_hex4(at + 8) : -1;
    if (second < 0xdc00 || second > 0xdfff)
        return json_fail(p, at, ERROR_CORRUPT, "lone surrogate in a \\u escape");
    *ret_length = 12;
    return 0x10000 + ((c - 0xd800) << 10) + (second - 0xdc00);
}

static unsigned char json_escape_meaning(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

/* One escape at *at, written to *out. */
static int json_read_escape(JsonParser *p, unsigned char **at, unsigned char **out)
{
    unsigned char *s = *at;
    if (s[1] == 'u') {
        size_t length;
        int32_t c = json_read_unicode(p, s, &length);
        if (c < 0)
            return (int)c;
        *out += utf8_put((char *)*out, (uint32_t)c);
        *at += length;
        return 0;
    }
    unsigned char meaning = json_escape_meaning(s[1]);
    if (!meaning)
        return json_fail(p, s, ERROR_CORRUPT, "invalid escape in a string");
    *(*out)++ = meaning;
    *at += 2;
    return 0;
}

/* The rest of a string from its first character that is not plain. */
static int json_read_string_rest(JsonParser *p, unsigned char *s, unsigned char **ret_end)
{
    unsigned char *out = s;
    while (*s != '"') {
        if (json_plain[*s]) {
            *out++ = *s++;
        } else if (*s == '\\') {
            int r = json_read_escape(p, &s, &out);
            if (r < 0)
                return r;
        } else if (*s >= 0x80) {
            size_t length = utf8_length((const char *)s);
            if (length == 0)
                return json_fail(p, s, ERROR_CORRUPT, "invalid UTF-8 in a string");
            memmove(out, s, length);
            out += length;
            s += length;
        } else if (s == p->end) {
            return json_fail(p, s, ERROR_CORRUPT, "unterminated string");
        } else {
            return json_fail(p, s, ERROR_CORRUPT, "control character 0x%02x in a string", *s);
        }
    }
    p->at = s + 1;
    *ret_end = out;
    return 0;
}

/* A string or key; the reader stands on its opening quote. */
static int json_read_string(JsonParser *p, const char **ret_string, uint32_t *ret_length)
{
    unsigned char *start = p->at + 1, *s = start;
    while (json_plain[*s])
        s++;
    if (*s == '"') {
        p->at = s + 1;
    } else {
        int r = json_read_string_rest(p, s, &s);
        if (r < 0)
            return r;
    }
    *s = '\0';
    *ret_string = (const char *)start;
    *ret_length = (uint32_t)(s - start);
    return 0;
}

static bool json_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* The reader stands behind the integer part; [start, end of the number) is given to strtod. */
static int json_read_double(JsonParser *p, const unsigned char *start, JsonValue *value)
{
    unsigned char *s = p->at;
    if (*s == '.') {
        s++;
        if (!json_is_digit(*s)) {
            p->at = s;
            return json_unexpected(p, "a digit");
        }
        while (json_is_digit(*s))
            s++;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '+' || *s == '-')
            s++;
        if (!json_is_digit(*s)) {
            p->at = s;
            return json_unexpected(p, "a digit");
        }
        while (json_is_digit(*s))
            s++;
    }
    p->at = s;
    if (s - start > JSON_MAX_NUMBER)
        return json_fail(p, start, ERROR_LIMIT, "number of more than %d characters",
                         JSON_MAX_NUMBER);

    /* No program here calls setlocale, so the decimal point is one. */
    char *end;
    value->type = JSON_DOUBLE;
    value->real = strtod((const char *)start, &end);
    if (end != (const char *)s || !__builtin_isfinite(value->real))
        return json_fail(p, start, ERROR_CORRUPT, "number out of range");
    return 0;
}

static int json_read_number(JsonParser *p, JsonValue *value)
{
    const unsigned char *start = p->at;
    bool negative = *p->at == '-';
    if (negative)
        p->at++;
    if (!json_is_digit(*p->at))
        return json_unexpected(p, negative ? "a digit" : "a value");

    const unsigned char *first = p->at;
    uint64_t number = 0;
    bool overflow = false;
    for (; json_is_digit(*p->at); p->at++)
        overflow |= __builtin_mul_overflow(number, 10u, &number) ||
                    __builtin_add_overflow(number, (uint64_t)(*p->at - '0'), &number);
    if (*first == '0' && p->at - first > 1)
        return json_fail(p, start, ERROR_CORRUPT, "number with a leading zero");
    if (*p->at == '.' || *p->at == 'e' || *p->at == 'E')
        return json_read_double(p, start, value);

    /* Not refused here, where only the line is known: the row that wants an integer names the
     * property. */
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
    if (overflow || number > limit)
        return json_read_double(p, start, value);
    if (!negative && number > INT64_MAX) {
        value->type = JSON_UINT;
        value->uinteger = number;
    } else {
        value->type = JSON_INT;
        value->integer = negative ? (int64_t)(0 - number) : (int64_t)number;
    }
    return 0;
}

static int json_read_word(JsonParser *p, const char *word, JsonType type, JsonValue *value)
{
    size_t length = strlen(word);
    if (strncmp((const char *)p->at, word, length) != 0)
        return json_unexpected(p, "a value");
    p->at += length;
    value->type = type;
    value->boolean = word[0] == 't';
    return 0;
}

static JsonValue *json_new_value(JsonParser *p)
{
    if (p->chunk_left == 0) {
        p->chunk_left = JSON_CHUNK;
        p->chunk = arena_alloc(p->arena, JSON_CHUNK * sizeof(JsonValue));
    }
    p->chunk_left--;
    return p->chunk++;
}

static void json_link(JsonParser *p, JsonValue *value)
{
    if (!p->container)
        p->root = value;
    else if (p->last)
        p->last->next = value;
    else
        p->container->first = value;
    if (p->container)
        p->container->length++;
    p->last = value;
}

static int json_fail_duplicate(JsonParser *p, const unsigned char *at, const char *key)
{
    char quoted[JSON_QUOTE_SIZE];
    return json_fail(p, at, ERROR_CORRUPT, "duplicate key %s",
                     json_quote(key, quoted, sizeof(quoted)));
}

static bool json_same_key(const JsonValue *a, const JsonValue *b)
{
    return a->key_length == b->key_length && memcmp(a->key, b->key, a->key_length) == 0;
}

/* "key": before a member's value. */
static int json_read_key(JsonParser *p, JsonValue *value)
{
    json_skip_blanks(p);
    const unsigned char *start = p->at;
    if (*start != '"')
        return json_unexpected(p, "a key");
    uint32_t length;
    int r = json_read_string(p, &value->key, &length);
    if (r < 0)
        return r;
    if (length > JSON_MAX_KEY)
        return json_fail(p, start, ERROR_LIMIT, "key of more than %d bytes", JSON_MAX_KEY);
    value->key_length = length;
    if (p->container->length < JSON_FEW_MEMBERS)
        for (const JsonValue *other = p->container->first; other; other = other->next)
            if (json_same_key(value, other))
                return json_fail_duplicate(p, start, value->key);
    json_skip_blanks(p);
    if (*p->at != ':')
        return json_unexpected(p, "':'");
    p->at++;
    return 0;
}

/* '{' or '[': JSON_MORE if an item follows, JSON_DONE if the container's end does. */
static int json_open(JsonParser *p, JsonValue *value)
{
    if (p->depth_left == 0)
        return json_fail(p, p->at, ERROR_LIMIT, "nested deeper than %zu levels", p->limits.depth);
    p->depth_left--;
    value->type = *p->at == '{' ? JSON_OBJECT : JSON_ARRAY;
    p->at++;
    value->next = p->container;
    p->container = value;
    p->last = NULL;
    json_skip_blanks(p);
    return *p->at == (value->type == JSON_OBJECT ? '}' : ']') ? JSON_DONE : JSON_MORE;
}

/* One item: [key:] scalar, or the beginning of a container. */
static int json_read_item(JsonParser *p)
{
    if (p->values_left == 0)
        return json_fail(p, p->at, ERROR_LIMIT, "more than %zu values", p->limits.values);
    p->values_left--;

    JsonValue *value = json_new_value(p);
    if (p->container && p->container->type == JSON_OBJECT) {
        int r = json_read_key(p, value);
        if (r < 0)
            return r;
    }
    json_skip_blanks(p);
    json_link(p, value);
    switch (*p->at) {
    case '"': value->type = JSON_STRING; return json_read_string(p, &value->string, &value->length);
    case '{':
    case '[': return json_open(p, value);
    case 't': return json_read_word(p, "true", JSON_BOOL, value);
    case 'f': return json_read_word(p, "false", JSON_BOOL, value);
    case 'n': return json_read_word(p, "null", JSON_NULL, value);
    default: return json_read_number(p, value);
    }
}

static int json_compare_keys(const void *left, const void *right)
{
    const JsonValue *a = *(const JsonValue *const *)left, *b = *(const JsonValue *const *)right;
    if (a->key_length != b->key_length)
        return a->key_length < b->key_length ? -1 : 1;
    return memcmp(a->key, b->key, a->key_length);
}

/* The keys of an object with many members: sorted, so that a hostile one costs n log n. */
static int json_check_keys(JsonParser *p, const JsonValue *object)
{
    if (object->length <= JSON_FEW_MEMBERS)
        return 0; /* json_read_key did */
    const JsonValue **members CLEANUP(mem_freep) = mem_alloc(object->length * sizeof(*members));
    size_t count = 0;
    for (const JsonValue *v = object->first; v; v = v->next)
        members[count++] = v;
    qsort(members, count, sizeof(*members), json_compare_keys);
    for (size_t i = 1; i < count; i++)
        if (json_same_key(members[i - 1], members[i]))
            return json_fail_duplicate(p, p->at, members[i]->key);
    return 0;
}

static int json_close(JsonParser *p)
{
    JsonValue *closed = p->container;
    if (closed->type == JSON_OBJECT) {
        int r = json_check_keys(p, closed);
        if (r < 0)
            return r;
    }
    p->at++;
    p->depth_left++;
    p->container = closed->next;
    closed->next = NULL;
    p->last = closed;
    return 0;
}

/* After an item: closes what ends here. JSON_MORE if a comma follows, JSON_DONE at the end. */
static int json_read_separators(JsonParser *p)
{
    while (p->container) {
        json_skip_blanks(p);
        bool object = p->container->type == JSON_OBJECT;
        if (*p->at == ',') {
            p->at++;
            return JSON_MORE;
        }
        if (*p->at != (object ? '}' : ']'))
            return json_unexpected(p, object ? "',' or '}'" : "',' or ']'");
        int r = json_close(p);
        if (r < 0)
            return r;
    }
    return JSON_DONE;
}

static int json_read_document(JsonParser *p)
{
    int r;
    do {
        r = json_read_item(p);
        if (r == JSON_DONE)
            r = json_read_separators(p);
    } while (r == JSON_MORE);
    if (r < 0)
        return r;
    json_skip_blanks(p);
    return p->at == p->end ? 0 : json_unexpected(p, "the end of the text");
}

static size_t json_limit(size_t wanted, size_t standard, size_t most)
{
    if (wanted == 0)
        return standard;
    return wanted < most ? wanted : most;
}

/* text[size] is a terminator; the text is overwritten, and the tree's strings lie in it. */
static int json_parse_in_place(char *text, size_t size, const JsonLimits *limits, Arena *arena,
                               const JsonValue **ret_value, Error *error)
{
    static const JsonLimits defaults;
    if (!limits)
        limits = &defaults;
    JsonParser p = {
        .at = (unsigned char *)text,
        .end = (unsigned char *)text + size,
        .line_start = (unsigned char *)text,
        .line = 1,
        .arena = arena,
        .error = error,
        .limits = { .bytes = json_limit(limits->bytes, JSON_DEFAULT_BYTES, JSON_MAX_BYTES),
                    .depth = json_limit(limits->depth, JSON_DEFAULT_DEPTH, JSON_MAX_DEPTH),
                    .values = json_limit(limits->values, JSON_DEFAULT_VALUES, UINT32_MAX) },
    };
    p.depth_left = p.limits.depth;
    p.values_left = p.limits.values;
    if (size > p.limits.bytes)
        return error_set(error, ERROR_LIMIT, EFBIG, "text of %zu bytes, at most %zu are allowed",
                         size, p.limits.bytes);
    int r = json_read_document(&p);
    if (r < 0)
        return r;
    *ret_value = p.root;
    return 0;
}

int json_parse(const char *text, size_t size, const JsonLimits *limits, Arena *arena,
               const JsonValue **ret_value, Error *error)
{
    /* A text above the limit is not copied; json_parse_in_place refuses it by its size. */
    size_t most = json_limit(limits ? limits->bytes : 0, JSON_DEFAULT_BYTES, JSON_MAX_BYTES);
    char *copy = arena_strndup(arena, text, size <= most ? size : 0);
    return json_parse_in_place(copy, size, limits, arena, ret_value, error);
}
