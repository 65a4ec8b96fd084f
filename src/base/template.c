/*
 * One pass over the text; a block ({{range}}, {{if}}) is a recursion, and one that is not to be
 * printed is passed over with `value` NULL. What Go's language has beyond this (variables, pipes,
 * with, printf) is refused with the word that was not understood, not printed wrongly.
 */
#include "base/template.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { TEMPLATE_DEPTH_MAX = 16 };

typedef enum TemplateEnd { TEMPLATE_TEXT, TEMPLATE_ELSE, TEMPLATE_END } TemplateEnd;

typedef struct Template {
    const char *at; /* what is to be read */
    const JsonValue *root;
    Arena *arena;
    StrBuf *text;
    int depth;
} Template;

static int template_refuse(const char *action, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--format: '{{%s}}' is not understood (there are {{.Field}}, {{json .Field}}, "
                     "{{len .Field}}, {{index .Field \"key\"}}, {{join .Field \"text\"}}, "
                     "{{range .Field}}, {{if .Field}}, {{else}} and {{end}})",
                     action);
}

/* NULL, as a map's member that is not there, prints nothing. */
static void template_print(const JsonValue *value, bool json, StrBuf *text)
{
    JsonWriter writer = { .text = text };
    if (value && !json && value->type == JSON_STRING)
        strbuf_add(text, value->string);
    else if (value)
        json_write_value(&writer, value);
}

/* The words of an action; "..." and `...` are one. */
static StrList template_words(Arena *arena, const char *action)
{
    StrList words = { 0 };
    for (const char *p = action; *p;) {
        const char quote = *p == '"' || *p == '`' ? *p : '\0';
        const char *start = quote ? p + 1 : p;
        const char *end = start;
        while (*end && (quote ? *end != quote : !isspace((unsigned char)*end)))
            end++;
        strlist_append(arena, &words, arena_strndup(arena, start, (size_t)(end - start)));
        p = *end && quote ? end + 1 : end;
        p += strspn(p, " \t");
    }
    return words;
}

/* ".A.B" below `value`, "$.A" below the whole document; "." is the value itself. */
static int template_find(const Template *template, const char *path, const JsonValue *value,
                         const JsonValue **ret_value, Error *error)
{
    const char *names_text = path;
    if (*names_text == '$') {
        value = template->root;
        names_text = names_text[1] ? names_text + 1 : ".";
    }
    if (*names_text != '.')
        return template_refuse(path, error);
    StrList names = { 0 };
    if (names_text[1])
        names = strlist_split(template->arena, names_text + 1, '.');
    for (size_t i = 0; i < names.count; i++) {
        value = json_member(value, names.items[i]);
        if (!value)
            return error_set(error, ERROR_USAGE, ENOENT, "--format: there is no '%s' in '{{%s}}'",
                             names.items[i], path);
    }
    *ret_value = value;
    return 0;
}

static int template_index(const char *key, const JsonValue **value, Error *error)
{
    const JsonValue *in = *value;
    uint32_t number;
    *value = NULL;
    if (in && in->type == JSON_OBJECT) {
        *value = json_member(in, key);
        return 0;
    }
    if (!in || in->type != JSON_ARRAY || str_to_u32(key, &number) < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "--format: index: there is no '%s'", key);
    for (in = in->first; in && number > 0; in = in->next)
        number--;
    *value = in;
    return in ? 0
              : error_set(error, ERROR_USAGE, ERANGE, "--format: index %s: there are not so many",
                          key);
}

static int template_join(const JsonValue *list, const char *between, StrBuf *text, Error *error)
{
    if (list->type != JSON_ARRAY)
        return error_set(error, ERROR_USAGE, EINVAL, "--format: join: this is %s",
                         json_type_name(list->type));
    for (const JsonValue *item = list->first; item; item = item->next) {
        template_print(item, false, text);
        strbuf_add(text, item->next ? between : "");
    }
    return 0;
}

static bool template_is_container(const JsonValue *value)
{
    return value->type == JSON_ARRAY || value->type == JSON_OBJECT;
}

static int template_function(const Template *template, const char *action, const StrList *words,
                             const JsonValue *value, Error *error)
{
    static const char *const names[] = { "json", "len", "join", "index" };
    const char *name = words->items[0];
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        known = known || str_eq(name, names[i]);
    if (!known)
        return template_refuse(action, error);
    int r = template_find(template, words->items[1], value, &value, error);
    if (r < 0)
        return r;
    if (str_eq(name, "json") && words->count == 2) {
        template_print(value, true, template->text);
    } else if (str_eq(name, "len") && words->count == 2 &&
               (template_is_container(value) || value->type == JSON_STRING)) {
        strbuf_printf(template->text, "%u", value->length);
    } else if (str_eq(name, "join") && words->count == 3) {
        r = template_join(value, words->items[2], template->text, error);
    } else if (str_eq(name, "index") && words->count > 2) {
        for (size_t i = 2; r == 0 && i < words->count; i++)
            r = template_index(words->items[i], &value, error);
        if (r == 0)
            template_print(value, false, template->text);
    } else {
        r = template_refuse(action, error);
    }
    return r;
}

static int template_action(const Template *template, const char *action, const JsonValue *value,
                           Error *error)
{
    StrList words = template_words(template->arena, action);
    if (words.count > 1)
        return template_function(template, action, &words, value, error);
    int r = words.count ? template_find(template, words.items[0], value, &value, error)
                        : template_refuse(action, error);
    if (r == 0)
        template_print(value, false, template->text);
    return r;
}

/* Go's truth: not false, zero, empty or null. */
static bool template_is_true(const JsonValue *value)
{
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

static int template_block(Template *template, const JsonValue *value, TemplateEnd *ret_end,
                          Error *error);

/* From behind {{range}} or {{if}} to behind its {{end}}. `list`: range over it; NULL for "if". */
static int template_body(Template *template, const JsonValue *value, const JsonValue *list,
                         bool taken, Error *error)
{
    const char *body = template->at;
    TemplateEnd end = TEMPLATE_TEXT;
    int r = 0;
    if (list && taken) {
        for (const JsonValue *item = list->first; r == 0 && item; item = item->next) {
            template->at = body;
            r = template_block(template, item, &end, error);
        }
    } else {
        r = template_block(template, taken ? value : NULL, &end, error);
    }
    if (r == 0 && end == TEMPLATE_ELSE)
        r = template_block(template, taken ? NULL : value, &end, error);
    if (r == 0 && end != TEMPLATE_END)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: a block without {{end}}");
    return r;
}

static int template_control(Template *template, const char *action, const JsonValue *value,
                            Error *error)
{
    bool range = str_starts(action, "range ");
    const char *path = action + strlen(range ? "range" : "if");
    const JsonValue *found = NULL;
    path += strspn(path, " ");
    if (template->depth >= TEMPLATE_DEPTH_MAX)
        return error_set(error, ERROR_USAGE, ELOOP, "--format: more than %d blocks in each other",
                         TEMPLATE_DEPTH_MAX);
    int r = value ? template_find(template, path, value, &found, error) : 0;
    if (r == 0 && range && found && !template_is_container(found) && found->type != JSON_NULL)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: range: '%s' is %s", path,
                      json_type_name(found->type));
    if (r < 0)
        return r;
    template->depth++;
    r = template_body(template, value, range ? found : NULL, found && template_is_true(found),
                      error);
    template->depth--;
    return r;
}

/* Up to the end of the text, or behind the {{else}} or {{end}} that is not one of a block inside.
 */
static int template_block(Template *template, const JsonValue *value, TemplateEnd *ret_end,
                          Error *error)
{
    *ret_end = TEMPLATE_TEXT;
    for (;;) {
        const char *open = strstr(template->at, "{{");
        const char *close = open ? strstr(open, "}}") : NULL;
        size_t length = open ? (size_t)(open - template->at) : strlen(template->at);
        if (open && !close)
            return error_set(error, ERROR_USAGE, EINVAL, "--format: '{{' without '}}'");
        if (value)
            strbuf_add_bytes(template->text, template->at, length);
        template->at = open ? close + 2 : template->at + length;
        if (!open)
            return 0;
        for (open += 2; open < close && isspace((unsigned char)*open);)
            open++;
        while (close > open && isspace((unsigned char)close[-1]))
            close--;
        const char *action = arena_strndup(template->arena, open, (size_t)(close - open));
        int r = 0;
        if (str_eq(action, "end") || str_eq(action, "else")) {
            *ret_end = str_eq(action, "end") ? TEMPLATE_END : TEMPLATE_ELSE;
            return 0;
        }
        if (str_starts(action, "range ") || str_starts(action, "if "))
            r = template_control(template, action, value, error);
        else if (value)
            r = template_action(template, action, value, error);
        if (r < 0)
            return r;
    }
}

int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Template template = { .at = format, .root = value, .arena = &arena, .text = ret_text };
    TemplateEnd end;
    int r = template_block(&template, value, &end, error);
    if (r == 0 && end != TEMPLATE_TEXT)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: '{{%s}}' without a block before it",
                      end == TEMPLATE_END ? "end" : "else");
    return r;
}
