/*
 * What --help shows, from the tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/command.h"

typedef struct UsageStyle {
    size_t width; /* columns to fill; 0: 80 */
    bool colour;  /* ECMA-48 bold and underline; only for terminals */
} UsageStyle;

/* The whole text for a command. `path` as in CommandCall ("ambit image import"). */
void usage_render(const Command *command, const char *path, const UsageStyle *style,
                  StrBuf *ret_text);

/* "ambit run [OPTIONS] IMAGE [COMMAND [ARG...]]" */
void usage_synopsis(const Command *command, const char *path, StrBuf *ret_text);

/* "-m, --memory SIZE": one option as it is shown; `indent` leaves room where there is no letter. */
void usage_option(const Option *option, bool indent, StrBuf *ret_text);

/* Adds `text`, wrapped at blanks to `width` columns, each line but the first after `indent`
 * blanks; an empty line in the text stays one. */
void usage_wrap(const char *text, size_t indent, size_t width, StrBuf *ret_text);
