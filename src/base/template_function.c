/*
 * The functions of templates: Go's own and those that docker and podman add. printf is in
 * template_printf.c.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/template_parts.h"

typedef int TemplateFunction(Template *template, const TemplateArguments *arguments,
                             const JsonValue **ret_value, Error *error);

static int template_wrong(const char *name, const JsonValue *value, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL, "--format: %s: this is %s", name,
                     json_type_name(value ? value->type : JSON_NULL));
}

static bool template_is_string(const JsonValue *value)
{
    return value && value->type == JSON_STRING;
}

static int template_take(Template *template, StrBuf *text, const JsonValue **ret_value)
{
    *ret_value = template_string(strbuf_text(text), template->arena);
    return 0;
}

/*** Truth and comparison. ***/

static int template_and(Template *template, const TemplateArguments *arguments,
                        const JsonValue **ret_value, Error *error)
{
    (void)template, (void)error;
    size_t i = 0;
    while (i + 1 < arguments->count && template_is_true(arguments->items[i]))
        i++;
    *ret_value = arguments->items[i];
    return 0;
}

static int template_or(Template *template, const TemplateArguments *arguments,
                       const JsonValue **ret_value, Error *error)
{
    (void)template, (void)error;
    size_t i = 0;
    while (i + 1 < arguments->count && !template_is_true(arguments->items[i]))
        i++;
    *ret_value = arguments->items[i];
    return 0;
}

static int template_not(Template *template, const TemplateArguments *arguments,
                        const JsonValue **ret_value, Error *error)
{
    (void)error;
    *ret_value = template_truth(!template_is_true(arguments->items[0]), template->arena);
    return 0;
}

/* -1, 0, 1; nil is like nothing but itself. */
static int template_order(const JsonValue *a, const JsonValue *b, int *ret_order, Error *error)
{
    if (!a || !b || a->type == JSON_NULL || b->type == JSON_NULL) {
        *ret_order = (!a || a->type == JSON_NULL) != (!b || b->type == JSON_NULL);
        return 0;
    }
    if (a->type == JSON_STRING && b->type == JSON_STRING) {
        int order = strcmp(a->string, b->string);
        *ret_order = (order > 0) - (order < 0);
    } else if (a->type == JSON_INT && b->type == JSON_INT) {
        *ret_order = (a->integer > b->integer) - (a->integer < b->integer);
    } else if (a->type == JSON_BOOL && b->type == JSON_BOOL) {
        *ret_order = a->boolean - b->boolean;
    } else {
        return error_set(error, ERROR_USAGE, EINVAL, "--format: %s and %s cannot be compared",
                         json_type_name(a->type), json_type_name(b->type));
    }
    return 0;
}

/* With several: like any of them. */
static int template_eq(Template *template, const TemplateArguments *arguments,
                       const JsonValue **ret_value, Error *error)
{
    bool equal = false;
    for (size_t i = 1; i < arguments->count && !equal; i++) {
        int order = 0;
        int r = template_order(arguments->items[0], arguments->items[i], &order, error);
        if (r < 0)
            return r;
        equal = order == 0;
    }
    *ret_value = template_truth(equal, template->arena);
    return 0;
}

#define TEMPLATE_COMPARE(name, condition)                                                \
    static int template_##name(Template *template, const TemplateArguments *arguments,   \
                               const JsonValue **ret_value, Error *error)                \
    {                                                                                    \
        int order = 0;                                                                   \
        int r = template_order(arguments->items[0], arguments->items[1], &order, error); \
        if (r == 0)                                                                      \
            *ret_value = template_truth(order condition 0, template->arena);             \
        return r;                                                                        \
    }
TEMPLATE_COMPARE(ne, !=)
TEMPLATE_COMPARE(lt, <)
TEMPLATE_COMPARE(le, <=)
TEMPLATE_COMPARE(gt, >)
TEMPLATE_COMPARE(ge, >=)

/*** Lists and texts. ***/

static int template_json(Template *template, const TemplateArguments *arguments,
                         const JsonValue **ret_value, Error *error)
{
    (void)error;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter writer = { .text = &text };
    if (arguments->items[0])
        json_write_value(&writer, arguments->items[0]);
    else
        json_write_null(&writer);
    return template_take(template, &text, ret_value);
}

static int template_len(Template *template, const TemplateArguments *arguments,
                        const JsonValue **ret_value, Error *error)
{
    const JsonValue *value = arguments->items[0];
    if (!template_is_container(value) && !template_is_string(value))
        return template_wrong("len", value, error);
    *ret_value = template_integer(value->length, template->arena);
    return 0;
}

static int template_index_one(const JsonValue *in, const JsonValue *key,
                              const JsonValue **ret_value, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    template_print(key, &text);
    if (in && in->type == JSON_OBJECT && template_is_string(key)) {
        *ret_value = json_member(in, key->string);
        return 0;
    }
    if (!in || in->type != JSON_ARRAY || !key || key->type != JSON_INT)
        return error_set(error, ERROR_USAGE, EINVAL, "--format: index: there is no '%s'",
                         strbuf_text(&text));
    if (key->integer < 0 || key->integer >= in->length)
        return error_set(error, ERROR_USAGE, ERANGE, "--format: index %s: there are not so many",
                         strbuf_text(&text));
    const JsonValue *item = in->first;
    for (int64_t i = 0; i < key->integer; i++)
        item = item->next;
    *ret_value = item;
    return 0;
}

static int template_index(Template *template, const TemplateArguments *arguments,
                          const JsonValue **ret_value, Error *error)
{
    (void)template;
    const JsonValue *value = arguments->items[0];
    int r = 0;
    for (size_t i = 1; r == 0 && i < arguments->count; i++)
        r = template_index_one(value, arguments->items[i], &value, error);
    if (r == 0)
        *ret_value = value;
    return r;
}

static int template_join(Template *template, const TemplateArguments *arguments,
                         const JsonValue **ret_value, Error *error)
{
    const JsonValue *list = arguments->items[0], *between = arguments->items[1];
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (!list || list->type != JSON_ARRAY)
        return template_wrong("join", list, error);
    if (!template_is_string(between))
        return template_wrong("join", between, error);
    for (const JsonValue *item = list->first; item; item = item->next) {
        template_print(item, &text);
        strbuf_add(&text, item->next ? between->string : "");
    }
    return template_take(template, &text, ret_value);
}

static int template_split(Template *template, const TemplateArguments *arguments,
                          const JsonValue **ret_value, Error *error)
{
    for (size_t i = 0; i < 2; i++)
        if (!template_is_string(arguments->items[i]))
            return template_wrong("split", arguments->items[i], error);
    const char *text = arguments->items[0]->string, *between = arguments->items[1]->string;
    JsonValue list = { .type = JSON_ARRAY };
    JsonValue **end = &list.first;
    for (const char *next = text; next; list.length++) {
        const char *stop = *between ? strstr(next, between) : NULL;
        size_t length = stop ? (size_t)(stop - next) : strlen(next);
        JsonValue *item = arena_alloc(template->arena, sizeof(*item));
        *item = (JsonValue){ .type = JSON_STRING,
                             .string = arena_strndup(template->arena, next, length),
                             .length = (uint32_t)length };
        *end = item;
        end = &item->next;
        next = stop ? stop + strlen(between) : NULL;
    }
    JsonValue *made = arena_alloc(template->arena, sizeof(*made));
    *made = list;
    *ret_value = made;
    return 0;
}

/* Texts only: "slice .ID 0 12", "slice .ID 3". */
static int template_slice(Template *template, const TemplateArguments *arguments,
                          const JsonValue **ret_value, Error *error)
{
    const JsonValue *text = arguments->items[0];
    int64_t ends[2] = { 0, text ? (int64_t)text->length : 0 };
    if (!template_is_string(text))
        return template_wrong("slice", text, error);
    for (size_t i = 1; i < arguments->count; i++) {
        const JsonValue *end = arguments->items[i];
        if (!end || end->type != JSON_INT)
            return template_wrong("slice", end, error);
        ends[i - 1] = end->integer;
    }
    if (ends[0] < 0 || ends[0] > ends[1] || ends[1] > text->length)
        return error_set(error, ERROR_USAGE, ERANGE, "--format: slice: '%s' has %u bytes",
                         text->string, text->length);
    *ret_value = template_string(
        arena_strndup(template->arena, text->string + ends[0], (size_t)(ends[1] - ends[0])),
        template->arena);
    return 0;
}

static int template_truncate(Template *template, const TemplateArguments *arguments,
                             const JsonValue **ret_value, Error *error)
{
    const JsonValue *text = arguments->items[0], *most = arguments->items[1];
    if (!template_is_string(text))
        return template_wrong("truncate", text, error);
    if (!most || most->type != JSON_INT || most->integer < 0)
        return template_wrong("truncate", most, error);
    size_t length = most->integer < text->length ? (size_t)most->integer : text->length;
    *ret_value =
        template_string(arena_strndup(template->arena, text->string, length), template->arena);
    return 0;
}

/* "pad .Name 1 2": blanks before and behind. */
static int template_pad(Template *template, const TemplateArguments *arguments,
                        const JsonValue **ret_value, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    int64_t blanks[2];
    for (size_t i = 0; i < 2; i++) {
        const JsonValue *number = arguments->items[i + 1];
        if (!number || number->type != JSON_INT || number->integer < 0 || number->integer > 1000)
            return template_wrong("pad", number, error);
        blanks[i] = number->integer;
    }
    strbuf_printf(&text, "%*s", (int)blanks[0], "");
    template_print(arguments->items[0], &text);
    strbuf_printf(&text, "%*s", (int)blanks[1], "");
    return template_take(template, &text, ret_value);
}

static int template_case(Template *template, const JsonValue *value, const char *name,
                         const JsonValue **ret_value, Error *error)
{
    if (!template_is_string(value))
        return template_wrong(name, value, error);
    char *text = arena_strdup(template->arena, value->string);
    bool first = true;
    for (char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (str_eq(name, "lower"))
            *p = (char)tolower(c);
        else if (str_eq(name, "upper") || first)
            *p = (char)toupper(c);
        first = isspace(c);
    }
    *ret_value = template_string(text, template->arena);
    return 0;
}

#define TEMPLATE_CASE(name)                                                            \
    static int template_##name(Template *template, const TemplateArguments *arguments, \
                               const JsonValue **ret_value, Error *error)              \
    {                                                                                  \
        return template_case(template, arguments->items[0], #name, ret_value, error);  \
    }
TEMPLATE_CASE(lower)
TEMPLATE_CASE(upper)
TEMPLATE_CASE(title)

/* Go puts a blank between two that are no texts. */
static int template_print_all(Template *template, const TemplateArguments *arguments,
                              const JsonValue **ret_value, Error *error)
{
    (void)error;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < arguments->count; i++) {
        if (i && !template_is_string(arguments->items[i]) &&
            !template_is_string(arguments->items[i - 1]))
            strbuf_add_char(&text, ' ');
        template_print(arguments->items[i], &text);
    }
    return template_take(template, &text, ret_value);
}

static int template_println(Template *template, const TemplateArguments *arguments,
                            const JsonValue **ret_value, Error *error)
{
    (void)error;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < arguments->count; i++) {
        strbuf_add(&text, i ? " " : "");
        template_print(arguments->items[i], &text);
    }
    strbuf_add_char(&text, '\n');
    return template_take(template, &text, ret_value);
}

static int template_formatted(Template *template, const TemplateArguments *arguments,
                              const JsonValue **ret_value, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    int r = template_printf(arguments, &text, error);
    return r < 0 ? r : template_take(template, &text, ret_value);
}

/*** The table. ***/

static const struct {
    const char *name;
    size_t least, most;
    TemplateFunction *call;
} template_functions[] = {
    { "and", 1, TEMPLATE_ARGUMENTS_MAX, template_and },
    { "eq", 2, TEMPLATE_ARGUMENTS_MAX, template_eq },
    { "ge", 2, 2, template_ge },
    { "gt", 2, 2, template_gt },
    { "index", 1, TEMPLATE_ARGUMENTS_MAX, template_index },
    { "join", 2, 2, template_join },
    { "json", 1, 1, template_json },
    { "le", 2, 2, template_le },
    { "len", 1, 1, template_len },
    { "lower", 1, 1, template_lower },
    { "lt", 2, 2, template_lt },
    { "ne", 2, 2, template_ne },
    { "not", 1, 1, template_not },
    { "or", 1, TEMPLATE_ARGUMENTS_MAX, template_or },
    { "pad", 3, 3, template_pad },
    { "print", 0, TEMPLATE_ARGUMENTS_MAX, template_print_all },
    { "printf", 1, TEMPLATE_ARGUMENTS_MAX, template_formatted },
    { "println", 0, TEMPLATE_ARGUMENTS_MAX, template_println },
    { "slice", 1, 3, template_slice },
    { "split", 2, 2, template_split },
    { "title", 1, 1, template_title },
    { "truncate", 2, 2, template_truncate },
    { "upper", 1, 1, template_upper },
};

int template_call(Template *template, const char *name, const TemplateArguments *arguments,
                  const JsonValue **ret_value, Error *error)
{
    StrBuf names CLEANUP(strbuf_done) = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(template_functions); i++) {
        strbuf_printf(&names, "%s%s", i ? ", " : "", template_functions[i].name);
        if (!str_eq(name, template_functions[i].name))
            continue;
        if (arguments->count < template_functions[i].least ||
            arguments->count > template_functions[i].most)
            return error_set(error, ERROR_USAGE, EINVAL, "--format: %s: %zu arguments are too %s",
                             name, arguments->count,
                             arguments->count < template_functions[i].least ? "few" : "many");
        return template_functions[i].call(template, arguments, ret_value, error);
    }
    return error_set(error, ERROR_USAGE, ENOENT,
                     "--format: there is no function '%s' (there are %s)", name,
                     strbuf_text(&names));
}

const JsonValue *template_label(const JsonValue *row, const char *key, Arena *arena)
{
    const char *labels = json_member_string(row, "Labels");
    size_t length = strlen(key);
    StrList list = strlist_split(arena, labels ? labels : "", ',');
    for (size_t i = 0; i < list.count; i++)
        if (strncmp(list.items[i], key, length) == 0 && list.items[i][length] == '=')
            return template_string(list.items[i] + length + 1, arena);
    return template_string("", arena);
}
