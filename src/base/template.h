/*
 * The part of docker's --format language that people use, over a JSON document: text with
 * {{.Field.Member}}, {{json .Field}}, {{len .Field}}, {{index .Field "key" 0}},
 * {{join .Field ", "}}, {{range .Field}}...{{else}}...{{end}}, {{if .Field}}...{{else}}...{{end}},
 * and $ for the whole document; "table TEXT" and \t, \n are the caller's.
 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/* A member that is missing is an error, as in docker: ERROR_USAGE, with the name. A key that
 * `index` does not find in an object is nothing. */
int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
    MUST_CHECK;
