/*
 * JSON: RFC 8259, read strictly and written correctly.
 *
 * A document is parsed in one pass into a tree of JsonValue in an arena. The parser refuses what
 * others forgive, because two readers of one hostile document must never see two meanings:
 * duplicate keys, NUL in strings, invalid UTF-8, lone surrogates, trailing text, numbers out of
 * range. Errors say "line 3, column 14: cause" (columns count bytes, from 1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

typedef enum JsonType {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,    /* an integer that fits int64_t */
    JSON_UINT,   /* an integer above INT64_MAX that fits uint64_t */
    JSON_DOUBLE, /* with a fraction or an exponent, or an integer too large for the others;
                    finite */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
} JsonType;

typedef struct JsonValue {
    struct JsonValue *next; /* the following item or member of the same container, or NULL */
    const char *key;        /* of an object's member; NULL otherwise; terminated */
    union {
        bool boolean;
        int64_t integer;
        uint64_t uinteger;
        double real;
        const char *string;      /* terminated UTF-8, without NUL inside */
        struct JsonValue *first; /* of an array or object; NULL if it is empty */
    };
    uint32_t length; /* bytes of a string; items or members of a container */
    JsonType type : 4;
    uint32_t key_length : 28;
} JsonValue;

/* Bounds on hostile input; 0 means the default. */
typedef struct JsonLimits {
    size_t bytes;  /* default 16 MiB, at most 1 GiB */
    size_t depth;  /* of nested containers; default 64 */
    size_t values; /* all values of all kinds; default 1,000,000 */
} JsonLimits;

enum {
    JSON_DEFAULT_BYTES = 16 * 1024 * 1024,
    JSON_MAX_BYTES = 1024 * 1024 * 1024,
    JSON_DEFAULT_DEPTH = 64,
    JSON_DEFAULT_VALUES = 1000 * 1000,
};

/*
 * Parses `size` bytes (a terminator is not needed). The text is copied into the arena and the
 * strings of the tree lie in that copy, so the tree lives as long as the arena. `limits` may be
 * NULL. Errors: ERROR_CORRUPT (-EINVAL) or ERROR_LIMIT (-EFBIG).
 */
int json_parse(const char *text, size_t size, const JsonLimits *limits, Arena *arena,
               const JsonValue **ret_value, Error *error) MUST_CHECK;

/* The member of an object, NULL if there is none or `object` is not an object (or NULL). */
const JsonValue *json_member(const JsonValue *object, const char *key);
/* Its text if it is a string, else NULL. */
const char *json_member_string(const JsonValue *object, const char *key);

const char *json_type_name(JsonType type); /* with article: "an object", "a string", "null" */

/* A tree that shares nothing with the original. NULL gives NULL. */
const JsonValue *json_copy(const JsonValue *value, Arena *arena);

/*
 * Text of a stranger's for an error message: in double quotes, control characters escaped, cut to
 * what fits ("..." at the end). Returns the buffer; size >= 16.
 */
const char *json_quote(const char *text, char *buffer, size_t size);
enum { JSON_QUOTE_SIZE = 80 };

/*
 * Writing: the calls below follow the document's order; the writer adds commas, line breaks and
 * escapes. Bytes that are not UTF-8 become U+FFFD, since JSON cannot hold them.
 *
 *     JsonWriter w = { .text = &buffer, .pretty = true };
 *     json_write_object(&w);
 *     json_write_key(&w, "id");
 *     json_write_string(&w, id);
 *     json_write_end_object(&w);
 */
typedef struct JsonWriter {
    StrBuf *text;
    bool pretty;    /* two spaces per level, one item or member per line; else no blanks at all */
    bool follows;   /* private: a sibling was written before */
    bool after_key; /* private */
    uint32_t depth; /* private */
} JsonWriter;

void json_write_object(JsonWriter *writer);
void json_write_end_object(JsonWriter *writer);
void json_write_array(JsonWriter *writer);
void json_write_end_array(JsonWriter *writer);
void json_write_key(JsonWriter *writer, const char *key);
void json_write_string(JsonWriter *writer, const char *s);        /* NULL writes null */
void json_write_strings(JsonWriter *writer, const StrList *list); /* an array of them */
void json_write_int(JsonWriter *writer, int64_t number);
void json_write_uint(JsonWriter *writer, uint64_t number);
void json_write_double(JsonWriter *writer, double number); /* shortest that reads back equal */
void json_write_bool(JsonWriter *writer, bool truth);
void json_write_null(JsonWriter *writer);
void json_write_value(JsonWriter *writer, const JsonValue *value); /* a whole tree */
