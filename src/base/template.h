/*
 * docker's --format language, Go's templates, over a JSON document: {{.Field.Member}}, functions
 * and pipelines ({{json .A}}, {{index .A "key" 0}}, {{.A | upper}}, {{eq (len .A) 2}}: the table in
 * template_function.c), {{range}}, {{if}}, {{with}}, {{else}}, {{end}}, variables
 * ({{range $key, $value := .A}}), $ for the whole document, {{- and -}}, comments; not {{define}}
 * and {{template}}. "table TEXT" and \t, \n outside of actions are the caller's.
 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/* A member that is missing is an error, as in docker: ERROR_USAGE, with the name. A key that
 * `index` does not find in an object is nothing. */
int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
    MUST_CHECK;
