/*
 * docker's --format of a list: "json" is an object per line; "table TEXT" a table, whose columns
 * are apart by \t and whose headings are the fields' names in words; anything else a line of text
 * per row. \t and \n in it are a tab and a new line; the rest is template.h over the row's object.
 */
#pragma once

#include "base/table.h"
#include "base/template.h"

/* The heading of a field where it is not its name in words ("CreatedAt": CREATED AT). */
typedef struct ListHeading {
    const char *field, *heading;
} ListHeading;

typedef struct ListFormat {
    const char *template; /* NULL: JSON */
    Table table;          /* no columns: text */
    StrList headings;
    Arena arena;
} ListFormat;

/* No --format at all, or "table" alone: the command's own table. */
bool listformat_is_default(const char *text);

/* `headings` ends with a row of NULL; may be NULL. To be ended by listformat_done. */
void listformat_init(ListFormat *format, const char *text, const ListHeading *headings);
/* One row, an object in JSON; of a table nothing is added to `text` yet. */
int listformat_add(ListFormat *format, const StrBuf *row, StrBuf *text, Error *error) MUST_CHECK;
/* After the last row. */
void listformat_end(const ListFormat *format, StrBuf *text);
void listformat_done(ListFormat *format);
