/*
 * One pass. The invariant: a value that is there is never replaced, so that two readers of a file
 * cannot disagree on which of two counts.
 */
#include "base/toml.h"

#include <errno.h>
#include <string.h>

enum { TOML_DEPTH_MAX = 16, TOML_PATH_MAX = 16 };

typedef struct Toml {
    const char *p;
    unsigned line, depth;
    Arena *arena;
    Error *error;
} Toml;

static int toml_wrong(Toml *toml, const char *what)
{
    return error_set(toml->error, ERROR_CORRUPT, EINVAL, "line %u: %s", toml->line, what);
}

static JsonValue *toml_new(Toml *toml, JsonType type)
{
    JsonValue *value = arena_alloc(toml->arena, sizeof(*value));
    value->type = type;
    return value;
}

static void toml_append(JsonValue *parent, JsonValue *child)
{
    JsonValue **end = (JsonValue **)&parent->first;
    while (*end)
        end = &(*end)->next;
    *end = child;
    parent->length++;
}

/*** Blanks. ***/

static void toml_blanks(Toml *toml)
{
    while (*toml->p == ' ' || *toml->p == '\t')
        toml->p++;
    if (*toml->p == '#')
        toml->p += strcspn(toml->p, "\n");
}

static void toml_lines(Toml *toml)
{
    for (toml_blanks(toml); *toml->p == '\n' || *toml->p == '\r'; toml_blanks(toml))
        toml->line += *toml->p++ == '\n';
}

static int toml_end_of_line(Toml *toml)
{
    toml_blanks(toml);
    return *toml->p == '\0' || *toml->p == '\n' || *toml->p == '\r'
               ? 0
               : toml_wrong(toml, "something follows the value");
}

/*** Strings and keys. ***/

static int toml_string(Toml *toml, const char **ret)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char quote = *toml->p++;
    for (; *toml->p != quote; toml->p++) {
        static const char escapes[] = "b\bt\tn\nf\fr\r\"\"\\\\";
        if (*toml->p == '\0' || *toml->p == '\n')
            return toml_wrong(toml, "a string that does not end in its line");
        if (quote == '"' && *toml->p == '\\') {
            const char *escape = toml->p[1] ? strchr(escapes, toml->p[1]) : NULL;
            if (!escape || (escape - escapes) % 2 != 0)
                return toml_wrong(toml, "an escape that is not supported");
            toml->p++;
            strbuf_add_char(&text, escape[1]);
        } else {
            strbuf_add_char(&text, *toml->p);
        }
    }
    toml->p++;
    *ret = arena_strdup(toml->arena, strbuf_text(&text));
    return 0;
}

static int toml_key(Toml *toml, const char **ret)
{
    toml_blanks(toml);
    if (*toml->p == '"' || *toml->p == '\'')
        return toml_string(toml, ret);
    size_t length = strspn(toml->p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "_-");
    if (length == 0)
        return toml_wrong(toml, "a key is expected");
    *ret = arena_strndup(toml->arena, toml->p, length);
    toml->p += length;
    return 0;
}

static int toml_path(Toml *toml, StrList *path)
{
    for (;;) {
        const char *key;
        int r = toml_key(toml, &key);
        if (r < 0)
            return r;
        if (path->count == TOML_PATH_MAX)
            return toml_wrong(toml, "a key of too many parts");
        strlist_append(toml->arena, path, key);
        toml_blanks(toml);
        if (*toml->p != '.')
            return 0;
        toml->p++;
    }
}

/*** Places. ***/

static JsonValue *toml_child(Toml *toml, JsonValue *table, const char *key, JsonType type)
{
    JsonValue *child = (JsonValue *)json_member(table, key);
    if (child)
        return child;
    child = toml_new(toml, type);
    child->key = key;
    child->key_length = (uint32_t)strlen(key) & 0xfffffff;
    toml_append(table, child);
    return child;
}

/* The table that a path of keys leads to; of an array of tables the last one. */
static JsonValue *toml_descend(Toml *toml, JsonValue *table, const StrList *path, size_t count)
{
    for (size_t i = 0; table && i < count; i++) {
        table = toml_child(toml, table, path->items[i], JSON_OBJECT);
        if (table->type == JSON_ARRAY) {
            JsonValue *last = table->first;
            while (last && last->next)
                last = last->next;
            table = last;
        }
        if (table && table->type != JSON_OBJECT)
            table = NULL;
    }
    return table;
}

static int toml_header(Toml *toml, JsonValue *root, JsonValue **ret_table)
{
    StrList path = { 0 };
    bool array = toml->p[1] == '[';
    toml->p += array ? 2 : 1;
    int r = toml_path(toml, &path);
    if (r < 0)
        return r;
    if (*toml->p != ']' || (array && toml->p[1] != ']'))
        return toml_wrong(toml, "a ']' is missing");
    toml->p += array ? 2 : 1;
    JsonValue *table = toml_descend(toml, root, &path, path.count - array);
    if (table && array) {
        JsonValue *list = toml_child(toml, table, path.items[path.count - 1], JSON_ARRAY);
        table = list->type == JSON_ARRAY ? toml_new(toml, JSON_OBJECT) : NULL;
        if (table)
            toml_append(list, table);
    }
    if (!table)
        return toml_wrong(toml, "this is no table");
    *ret_table = table;
    return toml_end_of_line(toml);
}

/*** Values. ***/

static int toml_value(Toml *toml, JsonValue **ret);
static int toml_pair(Toml *toml, JsonValue *table);

/* [a, b] or {k = v, ...}: until the closing character. */
static int toml_items(Toml *toml, JsonValue *container, char close)
{
    toml->p++;
    for (;;) {
        toml_lines(toml);
        if (*toml->p == close) {
            toml->p++;
            return 0;
        }
        JsonValue *item = NULL;
        int r = close == ']' ? toml_value(toml, &item) : toml_pair(toml, container);
        if (r < 0)
            return r;
        if (item)
            toml_append(container, item);
        toml_lines(toml);
        if (*toml->p == ',')
            toml->p++;
        else if (*toml->p != close)
            return toml_wrong(toml, "a ',' is missing");
    }
}

static int toml_word(Toml *toml, JsonValue **ret)
{
    int64_t number;
    size_t length = strcspn(toml->p, " \t\r\n,]}#");
    const char *word = arena_strndup(toml->arena, toml->p, length);
    toml->p += length;
    if (str_eq(word, "true") || str_eq(word, "false")) {
        *ret = toml_new(toml, JSON_BOOL);
        (*ret)->boolean = *word == 't';
        return 0;
    }
    if (str_to_i64(word, &number) < 0)
        return toml_wrong(toml, "a value that is not understood");
    *ret = toml_new(toml, JSON_INT);
    (*ret)->integer = number;
    return 0;
}

static int toml_value(Toml *toml, JsonValue **ret)
{
    toml_blanks(toml);
    char c = *toml->p;
    if (c == '"' || c == '\'') {
        const char *text;
        if (toml->p[1] == c && toml->p[2] == c)
            return toml_wrong(toml, "strings of several lines are not supported");
        int r = toml_string(toml, &text);
        if (r < 0)
            return r;
        *ret = toml_new(toml, JSON_STRING);
        (*ret)->string = text;
        (*ret)->length = (uint32_t)strlen(text);
        return 0;
    }
    if (c != '[' && c != '{')
        return toml_word(toml, ret);
    if (++toml->depth > TOML_DEPTH_MAX)
        return toml_wrong(toml, "too deep");
    *ret = toml_new(toml, c == '[' ? JSON_ARRAY : JSON_OBJECT);
    int r = toml_items(toml, *ret, c == '[' ? ']' : '}');
    toml->depth--;
    return r;
}

static int toml_pair(Toml *toml, JsonValue *table)
{
    StrList path = { 0 };
    int r = toml_path(toml, &path);
    if (r < 0)
        return r;
    if (*toml->p != '=')
        return toml_wrong(toml, "a '=' is missing");
    toml->p++;
    const char *key = path.items[path.count - 1];
    JsonValue *value, *place = toml_descend(toml, table, &path, path.count - 1);
    if (!place || json_member(place, key))
        return toml_wrong(toml, "a key that is there already");
    r = toml_value(toml, &value);
    if (r < 0)
        return r;
    value->key = key;
    value->key_length = (uint32_t)strlen(key) & 0xfffffff;
    toml_append(place, value);
    return 0;
}

int toml_parse(const char *text, Arena *arena, const JsonValue **ret_value, Error *error)
{
    Toml toml = { .p = text, .line = 1, .arena = arena, .error = error };
    JsonValue *root = toml_new(&toml, JSON_OBJECT), *table = root;
    for (toml_lines(&toml); *toml.p; toml_lines(&toml)) {
        int r = *toml.p == '[' ? toml_header(&toml, root, &table) : toml_pair(&toml, table);
        if (r == 0)
            r = toml_end_of_line(&toml);
        if (r < 0)
            return r;
    }
    *ret_value = root;
    return 0;
}
