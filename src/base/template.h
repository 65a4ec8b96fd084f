/*
 * The part of docker's --format language that people use: text with {{.Field.Member}},
 * {{json .Field}} and {{.}} in it, over a JSON document; "table TEXT" and \t, \n are the caller's.
 */
#pragma once

#include "base/json.h"
#include "base/str.h"

/* A member that is missing is an error, as in docker: ERROR_USAGE, with the name. */
int template_render(const char *format, const JsonValue *value, StrBuf *ret_text, Error *error)
    MUST_CHECK;
