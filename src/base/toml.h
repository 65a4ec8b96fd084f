/*
 * TOML 1.0, as far as configuration files of container engines use it: tables, arrays of tables,
 * dotted and quoted keys, strings of one line (basic and literal), integers, booleans, arrays (over
 * several lines), inline tables. No dates, floats or strings of several lines: they are errors.
 * The result is a tree as JSON's.
 */
#pragma once

#include "base/json.h"

/* Errors say "line 3: cause". Strings and tree are in the arena. */
int toml_parse(const char *text, Arena *arena, const JsonValue **ret_value, Error *error)
    MUST_CHECK;
