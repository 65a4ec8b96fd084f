/*
 * Decoding: a JSON object is walked once; each member finds its row, each row's kind has one
 * function. Rows usually stand in the order of the document, so the search begins behind the last
 * hit and most members cost one comparison.
 *
 * The invariant: what was decoded satisfies its rows. The trap: "null" is absence, not a value, and
 * must be skipped before the row sees it.
 */
#include <stdio.h>
#include <string.h>

#include "base/field_rule.h"

typedef struct FieldDecoder {
    Arena *arena;
    Error *error;
} FieldDecoder;

typedef int (*FieldDecodeKind)(const FieldDecoder *d, const Field *field, const JsonValue *value,
                               void *member, const FieldPath *path);

static int field_decode_object(const FieldDecoder *d, const FieldTable *table,
                               const JsonValue *value, void *object, const FieldPath *path);

/* "expected X, found Y" for a value of the wrong type. */
static int field_unexpected(const FieldDecoder *d, const char *expected, const JsonValue *value,
                            const FieldPath *path)
{
    char text[JSON_QUOTE_SIZE];
    const char *found = text;
    switch (value->type) {
    case JSON_BOOL: found = value->boolean ? "true" : "false"; break;
    case JSON_INT: (void)snprintf(text, sizeof(text), "%lld", (long long)value->integer); break;
    case JSON_UINT:
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value->uinteger);
        break;
    case JSON_DOUBLE: (void)snprintf(text, sizeof(text), "the number %g", value->real); break;
    case JSON_STRING: (void)json_quote(value->string, text, sizeof(text)); break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT: found = json_type_name(value->type); break;
    }
    return field_fail(path, d->error, "expected %s, found %s", expected, found);
}

static int field_decode_str(const FieldDecoder *d, const Field *field, const JsonValue *value,
                            void *member, const FieldPath *path)
{
    if (value->type != JSON_STRING)
        return field_unexpected(d, "a string", value, path);
    *(const char **)member = value->string;
    return field_judge_string(field, value->string, path, d->error);
}

static int field_decode_enum(const FieldDecoder *d, const Field *field, const JsonValue *value,
                             void *member, const FieldPath *path)
{
    if (value->type != JSON_STRING)
        return field_unexpected(d, "a string", value, path);
    for (int i = 1; field->words[i]; i++) {
        if (strcmp(field->words[i], value->string) == 0) {
            *(int *)member = i;
            return 0;
        }
    }
    return field_fail_word(field, value->string, path, d->error);
}

static int field_decode_bool(const FieldDecoder *d, const Field *field, const JsonValue *value,
                             void *member, const FieldPath *path)
{
    if (value->type != JSON_BOOL)
        return field_unexpected(d, "a boolean", value, path);
    if (field->kind == FIELD_KIND_OPT_BOOL)
        *(OptBool *)member = (OptBool){ true, value->boolean };
    else
        *(bool *)member = value->boolean;
    return 0;
}

static int field_decode_integer(const FieldDecoder *d, const Field *field, const JsonValue *value,
                                void *member, const FieldPath *path)
{
    if (value->type != JSON_INT && value->type != JSON_UINT)
        return field_unexpected(d, "an integer", value, path);
    FieldNumber number = { .positive = value->uinteger }; /* the same bits as a positive integer */
    if (value->type == JSON_INT && value->integer < 0)
        number = (FieldNumber){ .is_negative = true, .negative = value->integer };
    int r = field_judge_number(field, number, path, d->error);
    if (r == 0)
        field_number_store(field, number, member);
    return r;
}

/* The value is a container of the wanted type and has a size that the row allows. */
static int field_expect(const FieldDecoder *d, const Field *field, const JsonValue *value,
                        JsonType type, const FieldPath *path)
{
    if (value->type != type)
        return field_unexpected(d, json_type_name(type), value, path);
    return field_judge_count(field, value->length, path, d->error);
}

static int field_decode_strlist(const FieldDecoder *d, const Field *field, const JsonValue *value,
                                void *member, const FieldPath *path)
{
    int r = field_expect(d, field, value, JSON_ARRAY, path);
    if (r < 0)
        return r;
    StrList list = { .items = arena_array(d->arena, value->length + 1, sizeof(char *)) };
    for (const JsonValue *v = value->first; v; v = v->next) {
        FieldPath here = { .up = path, .index = list.count };
        if (v->type != JSON_STRING)
            return field_unexpected(d, "a string", v, &here);
        r = field_judge_string(field, v->string, &here, d->error);
        if (r < 0)
            return r;
        list.items[list.count++] = (char *)v->string; /* in the arena, which is writable */
    }
    *(StrList *)member = list;
    return 0;
}

static int field_decode_u32list(const FieldDecoder *d, const Field *field, const JsonValue *value,
                                void *member, const FieldPath *path)
{
    int r = field_expect(d, field, value, JSON_ARRAY, path);
    if (r < 0)
        return r;
    U32List list = { .items = arena_array(d->arena, value->length, sizeof(uint32_t)) };
    for (const JsonValue *v = value->first; v; v = v->next) {
        FieldPath here = { .up = path, .index = list.count };
        r = field_decode_integer(d, field, v, &list.items[list.count++], &here);
        if (r < 0)
            return r;
    }
    *(U32List *)member = list;
    return 0;
}

static int field_decode_strmap(const FieldDecoder *d, const Field *field, const JsonValue *value,
                               void *member, const FieldPath *path)
{
    int r = field_expect(d, field, value, JSON_OBJECT, path);
    if (r < 0)
        return r;
    StrMap map = { .items = arena_array(d->arena, value->length, sizeof(StrPair)) };
    for (const JsonValue *v = value->first; v; v = v->next) {
        FieldPath here = { .up = path, .key = v->key };
        if (v->type != JSON_STRING)
            return field_unexpected(d, "a string", v, &here);
        r = field_judge_key(field, v->key, path, d->error);
        if (r < 0)
            return r;
        map.items[map.count++] = (StrPair){ v->key, v->string };
    }
    *(StrMap *)member = map;
    return 0;
}

static int field_decode_strset(const FieldDecoder *d, const Field *field, const JsonValue *value,
                               void *member, const FieldPath *path)
{
    int r = field_expect(d, field, value, JSON_OBJECT, path);
    if (r < 0)
        return r;
    StrList list = { .items = arena_array(d->arena, value->length + 1, sizeof(char *)) };
    for (const JsonValue *v = value->first; v; v = v->next) {
        FieldPath here = { .up = path, .key = v->key };
        if (v->type != JSON_OBJECT && v->type != JSON_NULL)
            return field_unexpected(d, "an object", v, &here);
        r = field_judge_key(field, v->key, path, d->error);
        if (r < 0)
            return r;
        list.items[list.count++] = (char *)v->key;
    }
    *(StrList *)member = list;
    return 0;
}

static int field_decode_struct(const FieldDecoder *d, const Field *field, const JsonValue *value,
                               void *member, const FieldPath *path)
{
    return field_decode_object(d, field->table, value, member, path);
}

static int field_decode_pointer(const FieldDecoder *d, const Field *field, const JsonValue *value,
                                void *member, const FieldPath *path)
{
    void *object = arena_alloc(d->arena, field->item_size);
    *(FieldAnyPointer *)member = object;
    return field_decode_object(d, field->table, value, object, path);
}

/* An array of objects, or an object of objects whose keys go into the items. */
static int field_decode_items(const FieldDecoder *d, const Field *field, const JsonValue *value,
                              void *member, const FieldPath *path)
{
    bool map = field->kind == FIELD_KIND_MAP;
    int r = field_expect(d, field, value, map ? JSON_OBJECT : JSON_ARRAY, path);
    if (r < 0)
        return r;
    FieldAnyList list = { .items = arena_array(d->arena, value->length, field->item_size) };
    for (const JsonValue *v = value->first; v; v = v->next) {
        FieldPath here = { .up = path, .key = v->key, .index = list.count };
        char *item = (char *)list.items + list.count++ * field->item_size;
        if (map) {
            r = field_judge_key(field, v->key, path, d->error);
            if (r < 0)
                return r;
            *(const char **)(void *)(item + field->key_offset) = v->key;
        }
        r = field_decode_object(d, field->table, v, item, &here);
        if (r < 0)
            return r;
    }
    *(FieldAnyList *)member = list;
    return 0;
}

static int field_decode_json(const FieldDecoder *d UNUSED, const Field *field UNUSED,
                             const JsonValue *value, void *member, const FieldPath *path UNUSED)
{
    *(const JsonValue **)member = value;
    return 0;
}

static const FieldDecodeKind field_decoders[] = {
    [FIELD_KIND_STR] = field_decode_str,         [FIELD_KIND_ENUM] = field_decode_enum,
    [FIELD_KIND_BOOL] = field_decode_bool,       [FIELD_KIND_I32] = field_decode_integer,
    [FIELD_KIND_I64] = field_decode_integer,     [FIELD_KIND_U16] = field_decode_integer,
    [FIELD_KIND_U32] = field_decode_integer,     [FIELD_KIND_U64] = field_decode_integer,
    [FIELD_KIND_OPT_BOOL] = field_decode_bool,   [FIELD_KIND_OPT_I32] = field_decode_integer,
    [FIELD_KIND_OPT_I64] = field_decode_integer, [FIELD_KIND_OPT_U16] = field_decode_integer,
    [FIELD_KIND_OPT_U32] = field_decode_integer, [FIELD_KIND_OPT_U64] = field_decode_integer,
    [FIELD_KIND_STRLIST] = field_decode_strlist, [FIELD_KIND_U32LIST] = field_decode_u32list,
    [FIELD_KIND_STRMAP] = field_decode_strmap,   [FIELD_KIND_STRSET] = field_decode_strset,
    [FIELD_KIND_STRUCT] = field_decode_struct,   [FIELD_KIND_OBJECT] = field_decode_pointer,
    [FIELD_KIND_LIST] = field_decode_items,      [FIELD_KIND_MAP] = field_decode_items,
    [FIELD_KIND_JSON] = field_decode_json,
};

/* The row of a key, searched from *cursor on and around; NULL if there is none. */
static const Field *field_find(const FieldTable *table, const JsonValue *member, uint32_t *cursor)
{
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = *cursor + i < table->count ? *cursor + i : *cursor + i - table->count;
        const Field *field = &table->fields[at];
        if (field->name_length == member->key_length &&
            memcmp(field->name, member->key, field->name_length) == 0) {
            *cursor = at + 1 < table->count ? at + 1 : 0;
            return field;
        }
    }
    return NULL;
}

static int field_decode_object(const FieldDecoder *d, const FieldTable *table,
                               const JsonValue *value, void *object, const FieldPath *path)
{
    if (value->type != JSON_OBJECT)
        return field_unexpected(d, "an object", value, path);
    uint8_t seen[FIELD_MAX_ROWS / 8] = { 0 }; /* one bit per row */
    uint32_t cursor = 0;
    for (const JsonValue *v = value->first; v; v = v->next) {
        const Field *field = field_find(table, v, &cursor);
        if (!field || v->type == JSON_NULL)
            continue;
        FieldPath here = { .up = path, .name = field->name };
        int r = field_decoders[field->kind](d, field, v, (char *)object + field->offset, &here);
        if (r < 0)
            return r;
        seen[(field - table->fields) / 8] |= (uint8_t)(1u << (field - table->fields) % 8);
    }
    for (uint32_t i = 0; i < table->count; i++)
        if ((table->fields[i].flags & FIELD_REQUIRED) && !(seen[i / 8] >> i % 8 & 1))
            return field_fail_missing(path, table->fields[i].name, d->error);
    return 0;
}

int field_decode(const FieldTable *table, const JsonValue *value, Arena *arena, void *ret_object,
                 Error *error)
{
    FieldDecoder d = { .arena = arena, .error = error };
    void *object = arena_alloc(arena, table->size);
    int r = field_decode_object(&d, table, value, object, NULL);
    if (r == 0)
        memcpy(ret_object, object, table->size);
    return r;
}

int field_decode_list(const FieldTable *table, const JsonValue *value, Arena *arena, void *ret_list,
                      Error *error)
{
    FieldDecoder d = { .arena = arena, .error = error };
    Field row = { .kind = FIELD_KIND_LIST, .table = table, .item_size = table->size };
    return field_decode_items(&d, &row, value, ret_list, NULL);
}

int field_parse(const FieldTable *table, const char *text, size_t size, Arena *arena,
                void *ret_object, Error *error)
{
    const JsonValue *value;
    int r = json_parse(text, size, table->limits, arena, &value, error);
    return r < 0 ? r : field_decode(table, value, arena, ret_object, error);
}
