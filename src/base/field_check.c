/*
 * Checking an object that a program built by the rules that decoding applies. What C's types
 * already hold (a uint16_t is no string) is not looked at again.
 */
#include <errno.h>

#include "base/field_rule.h"

static int field_check_object(const FieldTable *table, const void *object, const FieldPath *path,
                              Error *error);

static int field_check_strings(const Field *field, const StrList *list, const FieldPath *path,
                               Error *error)
{
    int r = field_judge_count(field, list->count, path, error);
    if (field->kind == FIELD_KIND_STRLIST && !field->words && !field->check)
        return r; /* thousands of syscall names need no look */
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        FieldPath here = { .up = path, .index = i };
        if (field->kind == FIELD_KIND_STRSET)
            r = field_judge_key(field, list->items[i], path, error);
        else
            r = field_judge_string(field, list->items[i], &here, error);
    }
    return r;
}

static int field_check_strmap(const Field *field, const StrMap *map, const FieldPath *path,
                              Error *error)
{
    int r = field_judge_count(field, map->count, path, error);
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = field_judge_key(field, map->items[i].key, path, error);
    return r;
}

static int field_check_items(const Field *field, const FieldAnyList *list, const FieldPath *path,
                             Error *error)
{
    int r = field_judge_count(field, list->count, path, error);
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        const char *item = (const char *)list->items + i * field->item_size;
        FieldPath here = { .up = path, .index = i };
        if (field->kind == FIELD_KIND_MAP) {
            here.key = *(const char *const *)(const void *)(item + field->key_offset);
            r = field_judge_key(field, here.key, path, error);
        }
        if (r == 0)
            r = field_check_object(field->table, item, &here, error);
    }
    return r;
}

/* The row and its member; the member is there. */
static int field_check_member(const Field *field, const void *member, const FieldPath *path,
                              Error *error)
{
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_STR:
        return field_judge_string(field, *(const char *const *)member, path, error);
    case FIELD_KIND_I32:
    case FIELD_KIND_I64:
    case FIELD_KIND_U16:
    case FIELD_KIND_U32:
    case FIELD_KIND_U64:
    case FIELD_KIND_OPT_I32:
    case FIELD_KIND_OPT_I64:
    case FIELD_KIND_OPT_U16:
    case FIELD_KIND_OPT_U32:
    case FIELD_KIND_OPT_U64:
        return field_judge_number(field, field_number_load(field, member), path, error);
    case FIELD_KIND_STRLIST:
    case FIELD_KIND_STRSET: return field_check_strings(field, member, path, error);
    case FIELD_KIND_U32LIST:
        return field_judge_count(field, ((const U32List *)member)->count, path, error);
    case FIELD_KIND_STRMAP: return field_check_strmap(field, member, path, error);
    case FIELD_KIND_STRUCT: return field_check_object(field->table, member, path, error);
    case FIELD_KIND_OBJECT:
        return field_check_object(field->table, *(const FieldAnyPointer *)member, path, error);
    case FIELD_KIND_LIST:
    case FIELD_KIND_MAP: return field_check_items(field, member, path, error);
    case FIELD_KIND_ENUM:
    case FIELD_KIND_BOOL:
    case FIELD_KIND_OPT_BOOL:
    case FIELD_KIND_JSON: return 0;
    }
    return 0;
}

/* Numbers and bools cannot be missed: a zero may be meant. */
static bool field_can_be_missing(const Field *field)
{
    return field->kind != FIELD_KIND_BOOL &&
           (field->kind == FIELD_KIND_U32LIST || !field_integers[field->kind].size ||
            field_integers[field->kind].optional);
}

static int field_check_object(const FieldTable *table, const void *object, const FieldPath *path,
                              Error *error)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const Field *field = &table->fields[i];
        const char *member = (const char *)object + field->offset;
        if (field_is_absent(field, member) && field_can_be_missing(field)) {
            if (field->flags & FIELD_REQUIRED)
                return field_fail_missing(path, field->name, error);
            continue;
        }
        FieldPath here = { .up = path, .name = field->name };
        int r = field_check_member(field, member, &here, error);
        if (r < 0)
            return r;
    }
    return 0;
}

int field_check(const FieldTable *table, const void *object, Error *error)
{
    return field_check_object(table, object, NULL, error);
}
