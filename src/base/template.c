/*
 * Text and blocks: one pass over the text; a block ({{range}}, {{if}}, {{with}}) is a recursion,
 * and one that is not to be printed is passed over (`live` is false). Only what is printed is
 * computed, so that an error in what is not taken is none, but for a {{ without its end.
 */
#include "base/template.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/template_parts.h"

typedef enum TemplateEnd { TEMPLATE_TEXT, TEMPLATE_ELSE, TEMPLATE_END } TemplateEnd;

/* Where a block is: what "." is, and whether it is printed. */
typedef struct TemplateScope {
    const JsonValue *dot;
    bool live;
} TemplateScope;

/*** Variables: "$x := PIPELINE", "$key, $value := PIPELINE", "$x = PIPELINE". ***/

typedef struct TemplateNames {
    TemplateName names[2];
    size_t count;
    bool assigns; /* "=" */
} TemplateNames;

/* Where the pipeline begins. */
static const char *template_names(const char *action, TemplateNames *ret_names)
{
    const char *at = action;
    *ret_names = (TemplateNames){ 0 };
    TemplateNames names = { 0 };
    while (*at == '$' && names.count < ARRAY_LEN(names.names)) {
        size_t length = 1;
        while (isalnum((unsigned char)at[length]) || at[length] == '_')
            length++;
        names.names[names.count++] = (TemplateName){ at, length };
        at += length;
        at += strspn(at, " ");
        if (*at == ',')
            at += 1 + strspn(at + 1, " ");
    }
    bool declares = str_starts(at, ":=");
    names.assigns = !declares && at[0] == '=' && at[1] != '=';
    if (!names.count || (!declares && !names.assigns))
        return action;
    *ret_names = names;
    at += declares ? 2 : 1;
    return at + strspn(at, " ");
}

static int template_set(Template *template, const TemplateName *name, bool assigns,
                        const JsonValue *value, Error *error)
{
    size_t i = template->variable_count;
    if (assigns) {
        while (i > 0 &&
               (template->variables[i - 1].name.length != name->length ||
                strncmp(template->variables[i - 1].name.text, name->text, name->length) != 0))
            i--;
        if (i == 0)
            return error_set(error, ERROR_USAGE, ENOENT, "--format: there is no variable '%.*s'",
                             (int)name->length, name->text);
        template->variables[i - 1].value = value;
        return 0;
    }
    if (i == TEMPLATE_VARIABLES_MAX)
        return error_set(error, ERROR_USAGE, ERANGE, "--format: more than %d variables",
                         TEMPLATE_VARIABLES_MAX);
    template->variables[template->variable_count++] = (TemplateVariable){ *name, value };
    return 0;
}

/*** Blocks. ***/

static int template_block(Template *template, TemplateScope scope, TemplateEnd *ret_end,
                          Error *error);
static int template_control(Template *template, const char *action, TemplateScope scope,
                            Error *error);

static bool template_is_control(const char *action)
{
    return str_starts(action, "range ") || str_starts(action, "if ") || str_starts(action, "with ");
}

/* With one name it is the item, with two the first is its key or number. */
static int template_set_item(Template *template, const TemplateNames *names, const JsonValue *item,
                             size_t number, Error *error)
{
    int r = 0;
    if (names->count == 2)
        r = template_set(template, &names->names[0], names->assigns,
                         item->key ? template_string(item->key, template->arena)
                                   : template_integer((int64_t)number, template->arena),
                         error);
    if (r == 0 && names->count)
        r = template_set(template, &names->names[names->count - 1], names->assigns, item, error);
    return r;
}

static int template_range(Template *template, const TemplateNames *names, const JsonValue *list,
                          TemplateEnd *ret_end, Error *error)
{
    const JsonValue **items = template_members(list, template->arena);
    const char *body = template->at;
    size_t variables = template->variable_count;
    int r = 0;
    for (size_t i = 0; r == 0 && items[i]; i++) {
        TemplateScope inside = { .dot = items[i], .live = true };
        template->at = body;
        r = template_set_item(template, names, items[i], i, error);
        if (r == 0)
            r = template_block(template, inside, ret_end, error);
        template->variable_count = variables;
    }
    return r;
}

/* From behind {{else}}, {{else if PIPELINE}} to behind {{end}}. */
static int template_else(Template *template, TemplateScope scope, Error *error)
{
    const char *action = template->otherwise;
    TemplateEnd end;
    if (*action)
        return template_is_control(action) ? template_control(template, action, scope, error)
                                           : template_refuse(action, error);
    int r = template_block(template, scope, &end, error);
    if (r == 0 && end != TEMPLATE_END)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: a block without {{end}}");
    return r;
}

/* From behind {{range}}, {{if}} or {{with}} to behind its {{end}}. */
static int template_body(Template *template, const char *kind, const char *pipeline,
                         TemplateScope scope, Error *error)
{
    TemplateNames names;
    const char *value_text = template_names(pipeline, &names);
    const JsonValue *value = NULL;
    TemplateEnd end = TEMPLATE_TEXT;
    int r = scope.live ? template_pipeline(template, value_text, scope.dot, &value, error) : 0;
    bool ranges = str_eq(kind, "range");
    bool taken = scope.live && template_is_true(value);
    if (r == 0 && ranges && value && !template_is_container(value) && value->type != JSON_NULL)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: range: '%s' is %s", value_text,
                      json_type_name(value->type));
    if (r == 0 && ranges && taken) {
        r = template_range(template, &names, value, &end, error);
    } else if (r == 0) {
        TemplateScope inside = { .dot = str_eq(kind, "with") ? value : scope.dot, .live = taken };
        if (scope.live && names.count)
            r = template_set(template, &names.names[0], names.assigns, value, error);
        if (r == 0)
            r = template_block(template, inside, &end, error);
    }
    scope.live = scope.live && !taken;
    if (r == 0 && end == TEMPLATE_ELSE)
        return template_else(template, scope, error);
    if (r == 0 && end != TEMPLATE_END)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: a block without {{end}}");
    return r;
}

static int template_control(Template *template, const char *action, TemplateScope scope,
                            Error *error)
{
    size_t length = strcspn(action, " ");
    const char *kind = arena_strndup(template->arena, action, length);
    size_t variables = template->variable_count;
    int r = template_enter(template, error);
    if (r < 0)
        return r;
    r = template_body(template, kind, action + length + strspn(action + length, " "), scope, error);
    template->variable_count = variables;
    template->depth--;
    return r;
}

/*** Text and actions. ***/

static int template_action(Template *template, const char *action, const JsonValue *dot,
                           Error *error)
{
    TemplateNames names;
    const char *pipeline = template_names(action, &names);
    const JsonValue *value = NULL;
    int r = template_pipeline(template, pipeline, dot, &value, error);
    if (r < 0)
        return r;
    if (names.count)
        return template_set(template, &names.names[0], names.assigns, value, error);
    template_print(value, template->text);
    return 0;
}

/* Behind "{{": where "}}" is, but for one in quotes or in a comment; NULL if there is none. */
static const char *template_close(const char *at)
{
    const char *start = at + (at[0] == '-');
    start += strspn(start, " ");
    if (str_starts(start, "/*")) {
        const char *end = strstr(start, "*/");
        return end ? strstr(end, "}}") : NULL;
    }
    for (char quote = '\0'; *at; at++) {
        if (quote && *at == '\\' && quote == '"' && at[1])
            at++;
        else if (quote)
            quote = *at == quote ? '\0' : quote;
        else if (*at == '"' || *at == '`')
            quote = *at;
        else if (at[0] == '}' && at[1] == '}')
            return at;
    }
    return NULL;
}

/* The text up to the next action, which is returned without its blanks; NULL: there is none.
 * "{{- " and " -}}" take the blanks before and behind. */
static int template_next(Template *template, bool live, const char **ret_action, Error *error)
{
    const char *text = template->at, *open = strstr(text, "{{");
    const char *close = open ? template_close(open + 2) : NULL;
    size_t length = open ? (size_t)(open - text) : strlen(text);
    *ret_action = NULL;
    if (open && !close)
        return error_set(error, ERROR_USAGE, EINVAL, "--format: '{{' without '}}'");
    template->at = open ? close + 2 : text + length;
    if (open && open[2] == '-' && isspace((unsigned char)open[3])) {
        open++;
        while (length && isspace((unsigned char)text[length - 1]))
            length--;
    }
    if (live)
        strbuf_add_bytes(template->text, text, length);
    if (!open)
        return 0;
    if (close[-1] == '-' && isspace((unsigned char)close[-2])) {
        close--;
        while (isspace((unsigned char)*template->at))
            template->at++;
    }
    for (open += 2; open < close && isspace((unsigned char)*open);)
        open++;
    while (close > open && isspace((unsigned char)close[-1]))
        close--;
    *ret_action = arena_strndup(template->arena, open, (size_t)(close - open));
    return 0;
}

/* Up to the end of the text, or behind the {{else}} or {{end}} that is not one of a block inside.
 */
static int template_block(Template *template, TemplateScope scope, TemplateEnd *ret_end,
                          Error *error)
{
    static const char otherwise[] = "else";
    size_t variables = template->variable_count;
    *ret_end = TEMPLATE_TEXT;
    for (;;) {
        const char *action;
        int r = template_next(template, scope.live, &action, error);
        if (r < 0 || !action)
            return r;
        if (str_eq(action, "end") || str_eq(action, otherwise) || str_starts(action, "else ")) {
            *ret_end = str_eq(action, "end") ? TEMPLATE_END : TEMPLATE_ELSE;
            template->otherwise = action + (*ret_end == TEMPLATE_ELSE ? strlen(otherwise) : 0);
            template->otherwise += strspn(template->otherwise, " ");
            template->variable_count = variables;
            return 0;
        }
        if (template_is_control(action))
            r = template_control(template, action, scope, error);
        else if (scope.live && !str_starts(action, "/*"))
            r = template_action(template, action, scope.dot, error);
        if (r < 0)
            return r;
    }
}

int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Template template = { .at = format, .root = value, .arena = &arena, .text = ret_text };
    TemplateScope scope = { .dot = value, .live = true };
    TemplateEnd end;
    int r = template_block(&template, scope, &end, error);
    if (r == 0 && end != TEMPLATE_TEXT)
        r = error_set(error, ERROR_USAGE, EINVAL, "--format: '{{%s}}' without a block before it",
                      end == TEMPLATE_END ? "end" : "else");
    return r;
}
