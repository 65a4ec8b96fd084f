/*
 * Looking into a tree of values, copying one, and quoting a stranger's text. A JSON text may hold
 * terminal escape sequences in any string: what goes into an error message goes through json_quote.
 */
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const JsonValue *json_member(const JsonValue *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    size_t length = strlen(key);
    for (const JsonValue *v = object->first; v; v = v->next)
        if (v->key_length == length && memcmp(v->key, key, length) == 0)
            return v;
    return NULL;
}

const char *json_member_string(const JsonValue *object, const char *key)
{
    const JsonValue *value = json_member(object, key);
    return value && value->type == JSON_STRING ? value->string : NULL;
}

const char *json_type_name(JsonType type)
{
    switch (type) {
    case JSON_NULL: return "null";
    case JSON_BOOL: return "a boolean";
    case JSON_INT:
    case JSON_UINT: return "an integer";
    case JSON_DOUBLE: return "a number";
    case JSON_STRING: return "a string";
    case JSON_ARRAY: return "an array";
    case JSON_OBJECT: return "an object";
    }
    return "nothing";
}

static JsonValue *json_copy_value(const JsonValue *value, Arena *arena)
{
    JsonValue *copy = arena_copy(arena, value, sizeof(*value));
    copy->next = NULL;
    if (value->key)
        copy->key = arena_strndup(arena, value->key, value->key_length);
    if (value->type == JSON_STRING)
        copy->string = arena_strndup(arena, value->string, value->length);
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return copy;
    JsonValue **link = &copy->first;
    for (const JsonValue *v = value->first; v; v = v->next) {
        *link = json_copy_value(v, arena);
        link = &(*link)->next;
    }
    return copy;
}

const JsonValue *json_copy(const JsonValue *value, Arena *arena)
{
    return value ? json_copy_value(value, arena) : NULL;
}

/* The length of the character at s if it may be shown as it is, 0 if it must be escaped: control
 * characters, and U+2000 to U+207F for the marks that turn the direction of writing. */
static size_t json_printable(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (*s < 0x20 || *s == 0x7f || *s == '"' || *s == '\\')
        return 0;
    if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe2 && (s[1] & 0xfe) == 0x80))
        return 0;
    return utf8_length(text);
}

const char *json_quote(const char *text, char *buffer, size_t size)
{
    const char *s = text;
    size_t used = 0, room = size - sizeof("\"..."); /* always fits after what was written */
    buffer[used++] = '"';
    while (*s) {
        char piece[5];
        size_t length = json_printable(s);
        size_t step = length ? length : 1;
        if (length)
            memcpy(piece, s, length);
        else if (*s == '"' || *s == '\\')
            length = (size_t)snprintf(piece, sizeof(piece), "\\%c", *s);
        else
            length = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned char)*s);
        if (used + length > room) {
            memcpy(buffer + used, "...\"", sizeof("...\""));
            return buffer;
        }
        memcpy(buffer + used, piece, length);
        used += length;
        s += step;
    }
    memcpy(buffer + used, "\"", 2);
    return buffer;
}
