/*
 * Columns of text for people: every cell is made printable (printable.h), every column is as wide
 * as its widest cell.
 */
#pragma once

#include "base/printable.h"

typedef struct Table {
    const char *const *headings; /* NULL-terminated; owned by the caller */
    size_t columns;
    size_t gap;    /* blanks between columns; 0: two */
    size_t least;  /* columns are this wide at least, with the gap */
    StrList cells; /* row by row; private */
    Arena arena;   /* private */
} Table;

Table table_new(const char *const *headings);
/* One cell more; the first `columns` of them are the first row. NULL is "-". */
void table_add(Table *table, const char *cell);
void table_printf(Table *table, const char *format, ...) PRINTF_LIKE(2, 3);
/* A cell of at most `width` columns. */
void table_add_cut(Table *table, const char *cell, size_t width);

/* The headings (bold with `colour`) and the rows. */
void table_print(const Table *table, bool colour, StrBuf *text);
void table_done(Table *table);
