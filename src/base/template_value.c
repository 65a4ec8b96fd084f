/*
 * Values of templates: made, judged and printed as Go does it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/template_parts.h"

static const JsonValue *template_value(JsonValue value, Arena *arena)
{
    JsonValue *made = arena_alloc(arena, sizeof(*made));
    *made = value;
    return made;
}

const JsonValue *template_string(const char *text, Arena *arena)
{
    return template_value((JsonValue){ .type = JSON_STRING,
                                       .string = arena_strdup(arena, text),
                                       .length = (uint32_t)strlen(text) },
                          arena);
}

const JsonValue *template_integer(int64_t number, Arena *arena)
{
    return template_value((JsonValue){ .type = JSON_INT, .integer = number }, arena);
}

const JsonValue *template_truth(bool truth, Arena *arena)
{
    return template_value((JsonValue){ .type = JSON_BOOL, .boolean = truth }, arena);
}

bool template_is_container(const JsonValue *value)
{
    return value && (value->type == JSON_ARRAY || value->type == JSON_OBJECT);
}

bool template_is_true(const JsonValue *value)
{
    if (!value)
        return false;
    switch (value->type) {
    case JSON_NULL: return false;
    case JSON_BOOL: return value->boolean;
    case JSON_INT: return value->integer != 0;
    case JSON_UINT:
    case JSON_DOUBLE: return true;
    case JSON_STRING:
    case JSON_ARRAY:
    case JSON_OBJECT: return value->length > 0;
    }
    return false;
}

static int template_compare_keys(const void *a, const void *b)
{
    return strcmp((*(const JsonValue *const *)a)->key, (*(const JsonValue *const *)b)->key);
}

const JsonValue **template_members(const JsonValue *container, Arena *arena)
{
    const JsonValue **members = arena_alloc(arena, (container->length + 1) * sizeof(*members));
    size_t count = 0;
    for (const JsonValue *item = container->first; item; item = item->next)
        members[count++] = item;
    if (container->type == JSON_OBJECT && count > 1)
        qsort(members, count, sizeof(*members), template_compare_keys);
    members[count] = NULL;
    return members;
}

/* Depth is bounded by the document's. */
static void template_print_in(const JsonValue *value, Arena *arena, StrBuf *text)
{
    JsonWriter writer = { .text = text };
    if (!value || value->type == JSON_NULL)
        return;
    if (value->type == JSON_STRING) {
        strbuf_add(text, value->string);
        return;
    }
    if (!template_is_container(value)) {
        json_write_value(&writer, value);
        return;
    }
    bool object = value->type == JSON_OBJECT;
    strbuf_add(text, object ? "map[" : "[");
    const JsonValue **items = template_members(value, arena);
    for (size_t i = 0; items[i]; i++) {
        strbuf_add(text, i ? " " : "");
        if (object)
            strbuf_printf(text, "%s:", items[i]->key);
        template_print_in(items[i], arena, text);
    }
    strbuf_add_char(text, ']');
}

void template_print(const JsonValue *value, StrBuf *text)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    template_print_in(value, &arena, text);
}
