/*
 * Deep copies: the struct as it is, then every pointer in it that a row knows is replaced. The
 * trap: a member without a row is copied as it stands, so a pointer there would be shared.
 */
#include <string.h>

#include "base/field_rule.h"

static void field_copy_members(const FieldTable *table, void *object, Arena *arena);

static void field_copy_strings(StrList *list, Arena *arena)
{
    if (!list->items)
        return;
    char **items = arena_array(arena, list->count + 1, sizeof(*items));
    for (size_t i = 0; i < list->count; i++)
        items[i] = arena_strdup(arena, list->items[i]);
    list->items = items;
}

static void field_copy_strmap(StrMap *map, Arena *arena)
{
    if (!map->items)
        return;
    StrPair *items = arena_array(arena, map->count, sizeof(*items));
    for (size_t i = 0; i < map->count; i++) {
        items[i].key = arena_strdup(arena, map->items[i].key);
        items[i].value = arena_strdup(arena, map->items[i].value);
    }
    map->items = items;
}

/* The array alone; what its items point to is still shared. */
static void field_copy_array(FieldAnyList *list, size_t item_size, Arena *arena)
{
    if (!list->items)
        return;
    void *items = arena_array(arena, list->count, item_size);
    if (list->count)
        memcpy(items, list->items, list->count * item_size);
    list->items = items;
}

static void field_copy_items(const Field *field, FieldAnyList *list, Arena *arena)
{
    field_copy_array(list, field->item_size, arena);
    for (size_t i = 0; i < list->count; i++) {
        char *item = (char *)list->items + i * field->item_size;
        if (field->kind == FIELD_KIND_MAP) {
            const char **key = (const char **)(void *)(item + field->key_offset);
            *key = arena_strdup(arena, *key);
        }
        field_copy_members(field->table, item, arena);
    }
}

static void field_copy_pointer(const Field *field, FieldAnyPointer *pointer, Arena *arena)
{
    if (!*pointer)
        return;
    *pointer = arena_copy(arena, *pointer, field->item_size);
    field_copy_members(field->table, *pointer, arena);
}

static void field_copy_member(const Field *field, void *member, Arena *arena)
{
    switch ((FieldKind)field->kind) {
    case FIELD_KIND_STR:
        *(const char **)member = arena_strdup(arena, *(const char **)member);
        break;
    case FIELD_KIND_STRLIST:
    case FIELD_KIND_STRSET: field_copy_strings(member, arena); break;
    case FIELD_KIND_U32LIST: field_copy_array(member, sizeof(uint32_t), arena); break;
    case FIELD_KIND_STRMAP: field_copy_strmap(member, arena); break;
    case FIELD_KIND_STRUCT: field_copy_members(field->table, member, arena); break;
    case FIELD_KIND_OBJECT: field_copy_pointer(field, member, arena); break;
    case FIELD_KIND_LIST:
    case FIELD_KIND_MAP: field_copy_items(field, member, arena); break;
    case FIELD_KIND_JSON:
        *(const JsonValue **)member = json_copy(*(const JsonValue **)member, arena);
        break;
    case FIELD_KIND_ENUM:
    case FIELD_KIND_BOOL:
    case FIELD_KIND_I32:
    case FIELD_KIND_I64:
    case FIELD_KIND_U16:
    case FIELD_KIND_U32:
    case FIELD_KIND_U64:
    case FIELD_KIND_OPT_BOOL:
    case FIELD_KIND_OPT_I32:
    case FIELD_KIND_OPT_I64:
    case FIELD_KIND_OPT_U16:
    case FIELD_KIND_OPT_U32:
    case FIELD_KIND_OPT_U64: break; /* the struct's copy holds them */
    }
}

static void field_copy_members(const FieldTable *table, void *object, Arena *arena)
{
    for (uint32_t i = 0; i < table->count; i++)
        field_copy_member(&table->fields[i], (char *)object + table->fields[i].offset, arena);
}

void field_copy(const FieldTable *table, const void *object, Arena *arena, void *ret_object)
{
    memcpy(ret_object, object, table->size);
    field_copy_members(table, ret_object, arena);
}
