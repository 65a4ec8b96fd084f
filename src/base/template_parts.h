/*
 * What the files of template.h share: text and blocks (template.c), pipelines
 * (template_pipeline.c), functions (template_function.c), values (template_value.c).
 *
 * A value is a JsonValue, of the document or made in the arena; NULL is Go's nil.
 */
#pragma once

#include "base/json.h"
#include "base/str.h"

enum {
    TEMPLATE_DEPTH_MAX = 16, /* blocks and parentheses in each other */
    TEMPLATE_VARIABLES_MAX = 32,
    TEMPLATE_ARGUMENTS_MAX = 16,
};

typedef struct TemplateName {
    const char *text; /* "$x", not terminated */
    size_t length;
} TemplateName;

typedef struct TemplateVariable {
    TemplateName name;
    const JsonValue *value;
} TemplateVariable;

typedef struct Template {
    const char *at; /* what is to be read */
    const JsonValue *root;
    Arena *arena;
    StrBuf *text;
    int depth;
    const char *otherwise; /* what stood behind the last "else": "if .Field" */
    TemplateVariable variables[TEMPLATE_VARIABLES_MAX];
    size_t variable_count;
} Template;

typedef struct TemplateArguments {
    const JsonValue *items[TEMPLATE_ARGUMENTS_MAX];
    size_t count;
} TemplateArguments;

/* An error of kind ERROR_USAGE that names `action`. */
int template_refuse(const char *action, Error *error);
int template_enter(Template *template, Error *error) MUST_CHECK; /* depth++, or -ELOOP */

/* ".A.B", "index .A 0 | upper", ...: without what declares a variable. */
int template_pipeline(Template *template, const char *pipeline, const JsonValue *dot,
                      const JsonValue **ret_value, Error *error) MUST_CHECK;

int template_call(Template *template, const char *name, const TemplateArguments *arguments,
                  const JsonValue **ret_value, Error *error) MUST_CHECK;
/* {{.Label "key"}}: docker's method of the rows of lists, whose .Labels is "key=value,...". */
const JsonValue *template_label(const JsonValue *row, const char *key, Arena *arena);
int template_printf(const TemplateArguments *arguments, StrBuf *text, Error *error) MUST_CHECK;

/* As Go's %v: texts as they are, lists as [a b], objects as map[a:b c:d]. */
void template_print(const JsonValue *value, StrBuf *text);
bool template_is_true(const JsonValue *value); /* not false, zero, empty or nil */
bool template_is_container(const JsonValue *value);
const JsonValue *template_string(const char *text, Arena *arena);
const JsonValue *template_integer(int64_t number, Arena *arena);
const JsonValue *template_truth(bool truth, Arena *arena);
/* The members in the order of their keys, as Go walks maps; a list's items in theirs. */
const JsonValue **template_members(const JsonValue *container, Arena *arena);
