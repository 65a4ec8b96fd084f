/*
 * Documents as tables: one row per JSON property, one engine that decodes, encodes, checks and
 * copies (docs/architecture.md, "Fields are tables").
 *
 *     typedef struct SpecRoot { const char *path; bool readonly; } SpecRoot;
 *
 *     static const Field root_fields[] = {
 *         FIELD_STR(SpecRoot, "path", path, FIELD_REQUIRED),
 *         FIELD_BOOL(SpecRoot, "readonly", readonly, 0),
 *     };
 *     const FieldTable spec_root_table = FIELD_TABLE(SpecRoot, root_fields);
 *
 * Further columns are named: FIELD_STR(..., 0, .check = field_is_absolute_path). The macros refuse
 * to compile when the C member has not the row's type.
 *
 * Rules, the same for every document:
 * - Absent stays absent. A pointer, list or map is absent when it is NULL (`items` is NULL), an Opt
 *   when it is not set; plain bools and integers are not written when zero, unless the row says
 *   FIELD_REQUIRED or FIELD_ALWAYS. An empty list that is there ("[]") has items != NULL, count 0.
 * - "null" in JSON means absent, for every kind (Go's encoders write it for empty lists).
 * - Unknown properties are skipped: runtime-spec config.md#extensibility.
 * - Errors begin with the JSON path: linux.resources.memory.limit: expected an integer, found "x".
 *   Kind ERROR_CORRUPT, -EINVAL.
 * - Decoded objects point into the arena of the JSON tree and into the one given; in practice they
 *   are the same. Every list can be grown with arena_append or strlist_append.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "base/strmap.h"

/* Scalars that can be absent. */
typedef struct OptBool {
    bool set;
    bool value;
} OptBool;
typedef struct OptI32 {
    bool set;
    int32_t value;
} OptI32;
typedef struct OptI64 {
    bool set;
    int64_t value;
} OptI64;
typedef struct OptU16 {
    bool set;
    uint16_t value;
} OptU16;
typedef struct OptU32 {
    bool set;
    uint32_t value;
} OptU32;
typedef struct OptU64 {
    bool set;
    uint64_t value;
} OptU64;

/* An array of structs or numbers: `LIST_OF(SpecMount) mounts;` has mounts.items, mounts.count. */
#define LIST_OF(type) \
    struct {          \
        type *items;  \
        size_t count; \
    }

typedef LIST_OF(uint32_t) U32List;

typedef enum FieldKind {
    FIELD_KIND_STR,  /* const char * */
    FIELD_KIND_ENUM, /* int: the index in .words; words[0] is NULL and index 0 means absent */
    FIELD_KIND_BOOL, /* bool */
    FIELD_KIND_I32,  /* int32_t (int); the numbers have a range in .min and .max */
    FIELD_KIND_I64,  /* int64_t */
    FIELD_KIND_U16,  /* uint16_t */
    FIELD_KIND_U32,  /* uint32_t */
    FIELD_KIND_U64,  /* uint64_t */
    FIELD_KIND_OPT_BOOL,
    FIELD_KIND_OPT_I32,
    FIELD_KIND_OPT_I64,
    FIELD_KIND_OPT_U16,
    FIELD_KIND_OPT_U32,
    FIELD_KIND_OPT_U64,
    FIELD_KIND_STRLIST, /* StrList: ["a", "b"] */
    FIELD_KIND_U32LIST, /* U32List: [1, 2] */
    FIELD_KIND_STRMAP,  /* StrMap: {"k": "v"} */
    FIELD_KIND_STRSET,  /* StrList: {"80/tcp": {}}: the keys count, the values are {} */
    FIELD_KIND_STRUCT,  /* T: an object inside its parent, always written */
    FIELD_KIND_OBJECT,  /* T *: an object or absent */
    FIELD_KIND_LIST,    /* LIST_OF(T): an array of objects */
    FIELD_KIND_MAP,  /* LIST_OF(T): an object of objects; the key is a const char * member of T */
    FIELD_KIND_JSON, /* const JsonValue *: anything, kept as it is */
} FieldKind;

enum {
    FIELD_REQUIRED = 1, /* must be there when decoding; always written */
    FIELD_ALWAYS = 2,   /* always written, also when zero; an absent string as "" */
    FIELD_NONEMPTY = 4, /* a string, list or map that is there must not be empty */
};

/* Judges one string: NULL if it is fine, else what was expected ("an absolute path"). */
typedef const char *(*FieldCheck)(const char *value);

typedef struct FieldTable FieldTable;

typedef struct Field {
    const char *name; /* the JSON property */
    uint8_t kind;     /* FieldKind */
    uint8_t flags;    /* FIELD_REQUIRED ... */
    uint16_t name_length;
    uint32_t offset;          /* of the member in its struct */
    uint32_t key_offset;      /* FIELD_KIND_MAP: of the key's member in the item */
    const FieldTable *table;  /* of the objects, for the kinds with objects */
    const char *const *words; /* the words that are allowed, NULL-terminated (after words[0] for an
                                 enum); for STR and each item of a STRLIST */
    FieldCheck check; /* for STR, each item of a STRLIST, each key of a STRMAP, STRSET, MAP */
    bool ranged;      /* min and max (inclusive) bound a number, or the number of items */
    int64_t min;
    int64_t max;
    uint32_t item_size; /* of one item of a LIST or MAP, of the struct of a STRUCT or OBJECT */
} Field;

struct FieldTable {
    const Field *fields;
    uint32_t count;
    uint32_t size;            /* of the struct in bytes */
    const JsonLimits *limits; /* for field_parse, where the table is a document's; NULL: defaults */
};

enum { FIELD_MAX_ROWS = 256 }; /* of one table */
#define FIELD_TABLE(type, rows) FIELD_DOCUMENT(type, rows, NULL)
/* The table of a whole document, with the bounds that field_parse holds its text to. */
#define FIELD_DOCUMENT(type, rows, json_limits)                                           \
    {                                                                                     \
        .fields = (rows), .count = (uint32_t)ARRAY_LEN(rows),                             \
        .size = (uint32_t)(sizeof(type) +                                                 \
                           0 * sizeof(char[ARRAY_LEN(rows) <= FIELD_MAX_ROWS ? 1 : -1])), \
        .limits = (json_limits)                                                           \
    }

/* A further column: FIELD_OPT_I32(T, "oomScoreAdj", oom_score_adj, 0, FIELD_RANGE(-1000, 1000)). */
#define FIELD_RANGE(lowest, highest) .ranged = true, .min = (lowest), .max = (highest)

#define FIELD_MEMBER(type, member) (((type *)0)->member)
/* The member's offset, after a check at compile time that it is a `wanted`. */
#define FIELD_OFFSET(type, member, wanted) \
    ((uint32_t)(offsetof(type, member) +   \
                0 * sizeof(_Generic(FIELD_MEMBER(type, member), wanted : 0))))
#define FIELD_OFFSET_SIZED(type, member, bytes) \
    ((uint32_t)(offsetof(type, member) +        \
                0 * sizeof(char[sizeof(FIELD_MEMBER(type, member)) == (bytes) ? 1 : -1])))
#define FIELD_ROW(row_kind, json, row_offset, row_flags, ...)                                      \
    {                                                                                              \
        .name = (json), .name_length = sizeof(json) - 1, .kind = (row_kind), .flags = (row_flags), \
        .offset = (row_offset), __VA_ARGS__                                                        \
    }

#define FIELD_STR(type, json, member, row_flags, ...)                                    \
    FIELD_ROW(FIELD_KIND_STR, json, FIELD_OFFSET(type, member, const char *), row_flags, \
              __VA_ARGS__)
#define FIELD_BOOL(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_BOOL, json, FIELD_OFFSET(type, member, bool), row_flags, __VA_ARGS__)
#define FIELD_I32(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_I32, json, FIELD_OFFSET(type, member, int32_t), row_flags, __VA_ARGS__)
#define FIELD_I64(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_I64, json, FIELD_OFFSET(type, member, int64_t), row_flags, __VA_ARGS__)
#define FIELD_U16(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_U16, json, FIELD_OFFSET(type, member, uint16_t), row_flags, __VA_ARGS__)
#define FIELD_U32(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_U32, json, FIELD_OFFSET(type, member, uint32_t), row_flags, __VA_ARGS__)
#define FIELD_U64(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_U64, json, FIELD_OFFSET(type, member, uint64_t), row_flags, __VA_ARGS__)
#define FIELD_OPT_BOOL(type, json, member, row_flags, ...)                               \
    FIELD_ROW(FIELD_KIND_OPT_BOOL, json, FIELD_OFFSET(type, member, OptBool), row_flags, \
              __VA_ARGS__)
#define FIELD_OPT_I32(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_OPT_I32, json, FIELD_OFFSET(type, member, OptI32), row_flags, __VA_ARGS__)
#define FIELD_OPT_I64(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_OPT_I64, json, FIELD_OFFSET(type, member, OptI64), row_flags, __VA_ARGS__)
#define FIELD_OPT_U16(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_OPT_U16, json, FIELD_OFFSET(type, member, OptU16), row_flags, __VA_ARGS__)
#define FIELD_OPT_U32(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_OPT_U32, json, FIELD_OFFSET(type, member, OptU32), row_flags, __VA_ARGS__)
#define FIELD_OPT_U64(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_OPT_U64, json, FIELD_OFFSET(type, member, OptU64), row_flags, __VA_ARGS__)
#define FIELD_STRLIST(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_STRLIST, json, FIELD_OFFSET(type, member, StrList), row_flags, __VA_ARGS__)
#define FIELD_U32LIST(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_U32LIST, json, FIELD_OFFSET(type, member, U32List), row_flags, __VA_ARGS__)
#define FIELD_STRMAP(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_STRMAP, json, FIELD_OFFSET(type, member, StrMap), row_flags, __VA_ARGS__)
#define FIELD_STRSET(type, json, member, row_flags, ...) \
    FIELD_ROW(FIELD_KIND_STRSET, json, FIELD_OFFSET(type, member, StrList), row_flags, __VA_ARGS__)
#define FIELD_JSON(type, json, member, row_flags, ...)                                         \
    FIELD_ROW(FIELD_KIND_JSON, json, FIELD_OFFSET(type, member, const JsonValue *), row_flags, \
              __VA_ARGS__)
#define FIELD_ENUM(type, json, member, row_flags, word_table, ...)                             \
    FIELD_ROW(FIELD_KIND_ENUM, json, FIELD_OFFSET_SIZED(type, member, sizeof(int)), row_flags, \
              .words = (word_table), __VA_ARGS__)
#define FIELD_STRUCT(type, json, member, row_flags, object_table)                   \
    FIELD_ROW(FIELD_KIND_STRUCT, json, (uint32_t)offsetof(type, member), row_flags, \
              .table = (object_table), .item_size = sizeof(FIELD_MEMBER(type, member)))
#define FIELD_OBJECT(type, json, member, row_flags, object_table)                        \
    FIELD_ROW(FIELD_KIND_OBJECT, json, FIELD_OFFSET_SIZED(type, member, sizeof(void *)), \
              row_flags, .table = (object_table),                                        \
              .item_size = sizeof(*FIELD_MEMBER(type, member)))
#define FIELD_LIST(type, json, member, row_flags, object_table, ...)                               \
    FIELD_ROW(FIELD_KIND_LIST, json, FIELD_OFFSET_SIZED(type, member, sizeof(U32List)), row_flags, \
              .table = (object_table), .item_size = sizeof(*FIELD_MEMBER(type, member).items),     \
              __VA_ARGS__)
/* `key` is the member of the item that holds the key. */
#define FIELD_MAP(type, json, member, row_flags, object_table, item_type, key, ...)               \
    FIELD_ROW(FIELD_KIND_MAP, json, FIELD_OFFSET_SIZED(type, member, sizeof(U32List)), row_flags, \
              .table = (object_table), .item_size = sizeof(*FIELD_MEMBER(type, member).items),    \
              .key_offset = FIELD_OFFSET(item_type, key, const char *), __VA_ARGS__)

/*
 * JSON tree -> struct. *ret_object (of table->size bytes) is overwritten on success only; members
 * without a property are zero.
 */
int field_decode(const FieldTable *table, const JsonValue *value, Arena *arena, void *ret_object,
                 Error *error) MUST_CHECK;
/* A document that is an array of objects; ret_list is a LIST_OF the table's struct. */
int field_decode_list(const FieldTable *table, const JsonValue *value, Arena *arena, void *ret_list,
                      Error *error) MUST_CHECK;
/* json_parse (with the table's limits) and field_decode in one. */
int field_parse(const FieldTable *table, const char *text, size_t size, Arena *arena,
                void *ret_object, Error *error) MUST_CHECK;

/* Struct -> JSON; nothing is checked. */
void field_encode(const FieldTable *table, const void *object, JsonWriter *writer);
void field_encode_list(const FieldTable *table, const void *list, JsonWriter *writer);
/* A whole document appended to `text`, pretty ones with a line break at the end. */
void field_print(const FieldTable *table, const void *object, bool pretty, StrBuf *text);

/* The rows' rules (required, range, words, check) on an object that a program built. */
int field_check(const FieldTable *table, const void *object, Error *error) MUST_CHECK;

/* A copy that shares no memory with the original: its strings, lists, objects are in `arena`. */
void field_copy(const FieldTable *table, const void *object, Arena *arena, void *ret_object);

/*
 * Checks for the column .check.
 */
const char *field_is_absolute_path(const char *value); /* begins with / */
