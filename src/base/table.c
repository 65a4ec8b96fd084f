/*
 * Cells are kept in reading order; widths are known when the last one is there. The last column is
 * not padded: lines have no blanks at their end.
 */
#include "base/table.h"

#include <stdarg.h>
#include <stdio.h>

Table table_new(const char *const *headings)
{
    Table table = { .headings = headings };
    while (headings[table.columns])
        table.columns++;
    return table;
}

void table_add(Table *table, const char *cell)
{
    char *text = printable_copy(&table->arena, cell ? cell : "-");
    strlist_append(&table->arena, &table->cells, text);
}

void table_printf(Table *table, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    table_add(table, text);
}

void table_add_cut(Table *table, const char *cell, size_t width)
{
    char *text = printable_copy(&table->arena, cell ? cell : "-");
    printable_cut(text, width);
    strlist_append(&table->arena, &table->cells, text);
}

static size_t table_column_width(const Table *table, size_t column)
{
    size_t widest = printable_width(table->headings[column]);
    for (size_t i = column; i < table->cells.count; i += table->columns) {
        size_t width = printable_width(table->cells.items[i]);
        widest = width > widest ? width : widest;
    }
    widest += table->gap ? table->gap : 2;
    return widest > table->least ? widest : table->least;
}

static void table_row(const Table *table, const char *const *cells, const size_t *widths,
                      StrBuf *text)
{
    for (size_t i = 0; i < table->columns; i++) {
        strbuf_add(text, cells[i]);
        if (i + 1 < table->columns)
            strbuf_printf(text, "%*s", (int)(widths[i] - printable_width(cells[i])), "");
    }
}

void table_print(const Table *table, bool colour, StrBuf *text)
{
    size_t *widths CLEANUP(mem_freep) = mem_alloc(table->columns * sizeof(*widths));
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = table_column_width(table, i);
    strbuf_add(text, colour ? "\033[1m" : "");
    table_row(table, table->headings, widths, text);
    strbuf_add(text, colour ? "\033[0m\n" : "\n");
    for (size_t i = 0; i + table->columns <= table->cells.count; i += table->columns) {
        table_row(table, (const char *const *)table->cells.items + i, widths, text);
        strbuf_add_char(text, '\n');
    }
}

void table_done(Table *table)
{
    arena_done(&table->arena);
    *table = (Table){ 0 };
}
