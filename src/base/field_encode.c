/*
 * Encoding: rows in the order of their table, absent members left out. The invariant: decoding
 * what was written gives an equal object.
 */
#include "base/field_rule.h"

/* An absent member that the row wants written: the empty value of its kind, where there is one. */
static bool field_writes_absent(const Field *field)
{
    if (!(field->flags & (FIELD_REQUIRED | FIELD_ALWAYS)))
        return false;
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_OPT_BOOL:
    case FIELD_KIND_OPT_I32:
    case FIELD_KIND_OPT_I64:
    case FIELD_KIND_OPT_U16:
    case FIELD_KIND_OPT_U32:
    case FIELD_KIND_OPT_U64:
    case FIELD_KIND_ENUM:
    case FIELD_KIND_OBJECT:
    case FIELD_KIND_JSON: return false;
    case FIELD_KIND_STR:
    case FIELD_KIND_BOOL:
    case FIELD_KIND_I32:
    case FIELD_KIND_I64:
    case FIELD_KIND_U16:
    case FIELD_KIND_U32:
    case FIELD_KIND_U64:
    case FIELD_KIND_STRLIST:
    case FIELD_KIND_U32LIST:
    case FIELD_KIND_STRMAP:
    case FIELD_KIND_STRSET:
    case FIELD_KIND_STRUCT:
    case FIELD_KIND_LIST:
    case FIELD_KIND_MAP: return true;
    }
    return false;
}

static void field_encode_number(const Field *field, const void *member, JsonWriter *w)
{
    FieldNumber number = field_number_load(field, member);
    if (number.is_negative)
        json_write_int(w, number.negative);
    else
        json_write_uint(w, number.positive);
}

static void field_encode_strmap(const StrMap *map, JsonWriter *w)
{
    json_write_object(w);
    for (size_t i = 0; i < map->count; i++) {
        json_write_key(w, map->items[i].key);
        json_write_string(w, map->items[i].value);
    }
    json_write_end_object(w);
}

static void field_encode_set(const StrList *list, JsonWriter *w)
{
    json_write_object(w);
    for (size_t i = 0; i < list->count; i++) {
        json_write_key(w, list->items[i]);
        json_write_object(w);
        json_write_end_object(w);
    }
    json_write_end_object(w);
}

static void field_encode_u32list(const U32List *list, JsonWriter *w)
{
    json_write_array(w);
    for (size_t i = 0; i < list->count; i++)
        json_write_uint(w, list->items[i]);
    json_write_end_array(w);
}

static void field_encode_items(const Field *field, const FieldAnyList *list, JsonWriter *w)
{
    bool map = field->kind == FIELD_KIND_MAP;
    map ? json_write_object(w) : json_write_array(w);
    for (size_t i = 0; i < list->count; i++) {
        const char *item = (const char *)list->items + i * field->item_size;
        if (map)
            json_write_key(w, *(const char *const *)(const void *)(item + field->key_offset));
        field_encode(field->table, item, w);
    }
    map ? json_write_end_object(w) : json_write_end_array(w);
}

static void field_encode_string(const char *text, JsonWriter *w)
{
    json_write_string(w, text ? text : "");
}

static void field_encode_member(const Field *field, const void *member, JsonWriter *w)
{
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_STR: field_encode_string(*(const char *const *)member, w); break;
    case FIELD_KIND_ENUM: field_encode_string(field->words[*(const int *)member], w); break;
    case FIELD_KIND_BOOL: json_write_bool(w, *(const bool *)member); break;
    case FIELD_KIND_OPT_BOOL: json_write_bool(w, ((const OptBool *)member)->value); break;
    case FIELD_KIND_I32:
    case FIELD_KIND_I64:
    case FIELD_KIND_U16:
    case FIELD_KIND_U32:
    case FIELD_KIND_U64:
    case FIELD_KIND_OPT_I32:
    case FIELD_KIND_OPT_I64:
    case FIELD_KIND_OPT_U16:
    case FIELD_KIND_OPT_U32:
    case FIELD_KIND_OPT_U64: field_encode_number(field, member, w); break;
    case FIELD_KIND_STRLIST: json_write_strings(w, member); break;
    case FIELD_KIND_STRSET: field_encode_set(member, w); break;
    case FIELD_KIND_U32LIST: field_encode_u32list(member, w); break;
    case FIELD_KIND_STRMAP: field_encode_strmap(member, w); break;
    case FIELD_KIND_LIST:
    case FIELD_KIND_MAP: field_encode_items(field, member, w); break;
    case FIELD_KIND_STRUCT: field_encode(field->table, member, w); break;
    case FIELD_KIND_OBJECT: field_encode(field->table, *(const FieldAnyPointer *)member, w); break;
    case FIELD_KIND_JSON: json_write_value(w, *(const JsonValue *const *)member); break;
    }
}

void field_encode(const FieldTable *table, const void *object, JsonWriter *writer)
{
    json_write_object(writer);
    for (uint32_t i = 0; i < table->count; i++) {
        const Field *field = &table->fields[i];
        const char *member = (const char *)object + field->offset;
        if (field_is_absent(field, member) && !field_writes_absent(field))
            continue;
        json_write_key(writer, field->name);
        field_encode_member(field, member, writer);
    }
    json_write_end_object(writer);
}

void field_encode_list(const FieldTable *table, const void *list, JsonWriter *writer)
{
    Field row = { .kind = FIELD_KIND_LIST, .table = table, .item_size = table->size };
    field_encode_items(&row, list, writer);
}

void field_print(const FieldTable *table, const void *object, bool pretty, StrBuf *text)
{
    JsonWriter writer = { .text = text, .pretty = pretty };
    field_encode(table, object, &writer);
    if (pretty)
        strbuf_add_char(text, '\n');
}
