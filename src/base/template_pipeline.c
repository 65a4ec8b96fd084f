/*
 * Pipelines of templates: ".A.B", "index .A 0 | upper", "eq (len .A) 2". One descent that computes
 * what it reads; what is not understood is refused with the whole of it, not printed wrongly.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/template_parts.h"

typedef struct TemplateReader {
    Template *template;
    const char *at, *whole;
    const JsonValue *dot;
} TemplateReader;

int template_refuse(const char *action, Error *error)
{
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--format: '{{%s}}' is not understood (there are {{.Field}}, "
                     "{{json .Field}} and other functions, {{.Field | json}}, {{range .Field}}, "
                     "{{if .Field}}, {{with .Field}}, {{else}}, {{end}} and {{$x := .Field}})",
                     action);
}

int template_enter(Template *template, Error *error)
{
    if (template->depth >= TEMPLATE_DEPTH_MAX)
        return error_set(error, ERROR_USAGE, ELOOP,
                         "--format: more than %d blocks or parentheses in each other",
                         TEMPLATE_DEPTH_MAX);
    template->depth++;
    return 0;
}

static bool template_is_letter(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static size_t template_word(const char *at)
{
    size_t length = 0;
    while (template_is_letter(at[length]) || isdigit((unsigned char)at[length]))
        length++;
    return length;
}

static void template_skip(TemplateReader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

static bool template_command_ends(const TemplateReader *reader)
{
    return !*reader->at || *reader->at == '|' || *reader->at == ')';
}

static int template_read_pipeline(TemplateReader *reader, const JsonValue **ret_value,
                                  Error *error);

/*** Operands. ***/

/* ".A.B" behind a value; `path` is where the operand began, for the error. */
static int template_fields(TemplateReader *reader, const char *path, const JsonValue **value,
                           Error *error)
{
    while (reader->at[0] == '.' && template_is_letter(reader->at[1])) {
        size_t length = template_word(reader->at + 1);
        const char *name = arena_strndup(reader->template->arena, reader->at + 1, length);
        reader->at += 1 + length;
        *value = json_member(*value, name);
        if (!*value)
            return error_set(error, ERROR_USAGE, ENOENT, "--format: there is no '%s' in '{{%s}}'",
                             name, path);
    }
    return 0;
}

static int template_variable(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    const Template *template = reader->template;
    const char *name = reader->at;
    size_t length = 1 + template_word(name + 1);
    reader->at += length;
    *ret_value = template->root;
    if (length == 1)
        return 0;
    for (size_t i = template->variable_count; i-- > 0;) {
        const TemplateVariable *variable = &template->variables[i];
        *ret_value = variable->value;
        if (variable->name.length == length && strncmp(variable->name.text, name, length) == 0)
            return 0;
    }
    return error_set(error, ERROR_USAGE, ENOENT, "--format: there is no variable '%.*s'",
                     (int)length, name);
}

/* "text" with \" \\ \n \t, or `text`. */
static int template_quoted(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    const char quote = *reader->at++;
    for (; *reader->at && *reader->at != quote; reader->at++) {
        bool escape = quote == '"' && reader->at[0] == '\\' && reader->at[1];
        if (escape)
            reader->at++;
        char c = *reader->at;
        strbuf_add_char(&text, escape && c == 'n' ? '\n' : escape && c == 't' ? '\t' : c);
    }
    if (!*reader->at)
        return template_refuse(reader->whole, error);
    reader->at++;
    *ret_value = template_string(strbuf_text(&text), reader->template->arena);
    return 0;
}

/* A number, true, false or nil. */
static int template_constant(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    Arena *arena = reader->template->arena;
    size_t length = strspn(reader->at, "-+");
    length += template_word(reader->at + length);
    const char *word = arena_strndup(arena, reader->at, length);
    int64_t number;
    reader->at += length;
    if (str_eq(word, "true") || str_eq(word, "false"))
        *ret_value = template_truth(str_eq(word, "true"), arena);
    else if (str_eq(word, "nil"))
        *ret_value = NULL;
    else if (str_to_i64(word, &number) == 0)
        *ret_value = template_integer(number, arena);
    else
        return template_refuse(reader->whole, error);
    return 0;
}

static int template_parenthesis(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    int r = template_enter(reader->template, error);
    if (r < 0)
        return r;
    reader->at++;
    r = template_read_pipeline(reader, ret_value, error);
    if (r == 0 && *reader->at != ')')
        r = template_refuse(reader->whole, error);
    else if (r == 0)
        reader->at++;
    reader->template->depth--;
    return r;
}

static int template_operand(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    const char *start = reader->at;
    const JsonValue *value = NULL;
    int r = 0;
    switch (*start) {
    case '"':
    case '`': return template_quoted(reader, ret_value, error);
    case '(': r = template_parenthesis(reader, &value, error); break;
    case '$': r = template_variable(reader, &value, error); break;
    case '.':
        value = reader->dot;
        if (!template_is_letter(start[1]))
            reader->at++;
        break;
    default: return template_constant(reader, ret_value, error);
    }
    const char *path =
        arena_strndup(reader->template->arena, start, strcspn(start, *start == '(' ? "" : " |)"));
    if (r == 0)
        r = template_fields(reader, path, &value, error);
    if (r == 0)
        *ret_value = value;
    return r;
}

/*** Commands. ***/

static int template_add_argument(TemplateArguments *arguments, const JsonValue *value,
                                 const TemplateReader *reader, Error *error)
{
    if (arguments->count == TEMPLATE_ARGUMENTS_MAX)
        return template_refuse(reader->whole, error);
    arguments->items[arguments->count++] = value;
    return 0;
}

/* Operands up to the command's end. */
static int template_arguments(TemplateReader *reader, TemplateArguments *arguments, Error *error)
{
    int r = 0;
    for (template_skip(reader); r == 0 && !template_command_ends(reader); template_skip(reader)) {
        const JsonValue *value = NULL;
        const char *start = reader->at;
        r = template_operand(reader, &value, error);
        if (r == 0 && !isspace((unsigned char)*reader->at) && !template_command_ends(reader))
            r = template_refuse(reader->whole, error);
        if (r == 0 && reader->at == start)
            r = template_refuse(reader->whole, error);
        if (r == 0)
            r = template_add_argument(arguments, value, reader, error);
    }
    return r;
}

static bool template_is_call(const TemplateReader *reader, size_t length)
{
    static const char *const constants[] = { "true", "false", "nil" };
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        if (strlen(constants[i]) == length && strncmp(reader->at, constants[i], length) == 0)
            return false;
    return length && template_is_letter(*reader->at);
}

/* `piped` is the value of the command before a '|', NULL in front. */
static int template_command(TemplateReader *reader, const JsonValue *const *piped,
                            const JsonValue **ret_value, Error *error)
{
    static const char label[] = ".Label ";
    TemplateArguments arguments = { 0 };
    Arena *arena = reader->template->arena;
    size_t length = template_word(reader->at);
    const char *name = NULL;
    bool labelled = str_starts(reader->at, label);
    if (template_is_call(reader, length)) {
        name = arena_strndup(arena, reader->at, length);
        reader->at += length;
    } else if (labelled) {
        reader->at += strlen(label);
    }
    int r = template_arguments(reader, &arguments, error);
    if (r == 0 && piped)
        r = template_add_argument(&arguments, *piped, reader, error);
    if (r < 0)
        return r;
    if (name)
        return template_call(reader->template, name, &arguments, ret_value, error);
    const JsonValue *first = arguments.count == 1 ? arguments.items[0] : NULL;
    if (arguments.count != 1 || piped || (labelled && (!first || first->type != JSON_STRING)))
        return template_refuse(reader->whole, error);
    *ret_value = labelled ? template_label(reader->dot, first->string, arena) : first;
    return 0;
}

static int template_read_pipeline(TemplateReader *reader, const JsonValue **ret_value, Error *error)
{
    const JsonValue *value = NULL;
    template_skip(reader);
    int r = template_command(reader, NULL, &value, error);
    while (r == 0 && *reader->at == '|') {
        const JsonValue *piped = value;
        reader->at++;
        template_skip(reader);
        r = template_command(reader, &piped, &value, error);
    }
    if (r == 0)
        *ret_value = value;
    return r;
}

int template_pipeline(Template *template, const char *pipeline, const JsonValue *dot,
                      const JsonValue **ret_value, Error *error)
{
    TemplateReader reader = { .template = template, .at = pipeline, .whole = pipeline, .dot = dot };
    int r = template_read_pipeline(&reader, ret_value, error);
    return r == 0 && *reader.at ? template_refuse(pipeline, error) : r;
}
