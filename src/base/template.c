/*
 * One pass over the text. What Go's language has beyond field access (range, if, pipes) is refused
 * with the word that was not understood, not printed wrongly.
 */
#include "base/template.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void template_print(const JsonValue *value, bool json, StrBuf *text)
{
    JsonWriter writer = { .text = text };
    if (!json && value->type == JSON_STRING)
        strbuf_add(text, value->string);
    else
        json_write_value(&writer, value);
}

/* ".A.B" below `value`; "." is the value itself. */
static int template_find(const char *path, const JsonValue *value, const JsonValue **ret_value,
                         Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    if (*path != '.')
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--format: '{{%s}}' is not understood (only {{.Field}} and "
                         "{{json .Field}} are)",
                         path);
    StrList names = strlist_split(&arena, path + 1, '.');
    for (size_t i = 0; i < names.count; i++) {
        value = json_member(value, names.items[i]);
        if (!value)
            return error_set(error, ERROR_USAGE, ENOENT, "--format: there is no '%s' in '{{%s}}'",
                             names.items[i], path);
    }
    *ret_value = value;
    return 0;
}

static int template_action(const char *action, size_t length, const JsonValue *value, StrBuf *text,
                           Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    while (length && isspace((unsigned char)*action)) {
        action++;
        length--;
    }
    while (length && isspace((unsigned char)action[length - 1]))
        length--;
    char *path = arena_strndup(&arena, action, length);
    bool json = str_starts(path, "json ");
    if (json)
        path += strspn(path + strlen("json"), " ") + strlen("json");
    int r = template_find(path, value, &value, error);
    if (r == 0)
        template_print(value, json, text);
    return r;
}

int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
{
    for (;;) {
        const char *open = strstr(format, "{{");
        if (!open)
            break;
        const char *close = strstr(open, "}}");
        if (!close)
            return error_set(error, ERROR_USAGE, EINVAL, "--format: '{{' without '}}'");
        strbuf_add_bytes(ret_text, format, (size_t)(open - format));
        int r = template_action(open + 2, (size_t)(close - open - 2), value, ret_text, error);
        if (r < 0)
            return r;
        format = close + 2;
    }
    strbuf_add(ret_text, format);
    return 0;
}
