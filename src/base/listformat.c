/*
 * A table's headings come from the template itself, so that they are there without any row.
 */
#include "base/listformat.h"

#include <ctype.h>
#include <string.h>

static const char *listformat_unescape(const char *text, Arena *arena)
{
    StrBuf plain CLEANUP(strbuf_done) = { 0 };
    for (; *text; text++) {
        bool escape = text[0] == '\\' && (text[1] == 't' || text[1] == 'n');
        if (escape)
            text++;
        strbuf_add_char(&plain, !escape ? *text : *text == 't' ? '\t' : '\n');
    }
    return arena_strdup(arena, strbuf_text(&plain));
}

/* "RunningFor" is RUNNING FOR. */
static void listformat_add_words(const char *name, size_t length, StrBuf *text)
{
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && isupper((unsigned char)name[i]) && islower((unsigned char)name[i - 1]))
            strbuf_add_char(text, ' ');
        strbuf_add_char(text, (char)toupper((unsigned char)name[i]));
    }
}

/* Of what stands between {{ and }} the last field's name counts, outside of quotes; blocks have no
 * heading. */
static void listformat_add_heading(const char *action, size_t length, const ListHeading *headings,
                                   StrBuf *text)
{
    const char *name = NULL;
    size_t name_length = 0;
    char quote = '\0';
    static const char *const controls[] = { "if ", "range ", "with ", "else" };
    for (size_t i = 0; i < ARRAY_LEN(controls); i++)
        if (str_starts(action, controls[i]))
            return;
    for (size_t i = 0; i < length; i++) {
        if (quote || action[i] == '"' || action[i] == '`')
            quote = !quote ? action[i] : quote == action[i] ? '\0' : quote;
        else if (action[i] == '.') {
            name = action + i + 1;
            for (name_length = 0; isalnum((unsigned char)name[name_length]);)
                name_length++;
        }
    }
    if (!name)
        return;
    for (; headings && headings->field; headings++)
        if (strlen(headings->field) == name_length &&
            strncmp(headings->field, name, name_length) == 0) {
            strbuf_add(text, headings->heading);
            return;
        }
    listformat_add_words(name, name_length, text);
}

static void listformat_set_headings(ListFormat *format, const ListHeading *headings)
{
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    const char *rest = format->template;
    for (const char *open, *close; (open = strstr(rest, "{{")) && (close = strstr(open, "}}"));
         rest = close + 2) {
        strbuf_add_bytes(&line, rest, (size_t)(open - rest));
        listformat_add_heading(open + 2, (size_t)(close - open - 2), headings, &line);
    }
    strbuf_add(&line, rest);
    format->headings = strlist_split(&format->arena, strbuf_text(&line), '\t');
    format->table = table_new((const char *const *)format->headings.items);
}

bool listformat_is_default(const char *text)
{
    return !text || str_eq(text, "table");
}

void listformat_init(ListFormat *format, const char *text, const ListHeading *headings)
{
    static const char table[] = "table ";
    *format = (ListFormat){ 0 };
    if (str_eq(text, "json"))
        return;
    bool tabular = str_starts(text, table);
    format->template = listformat_unescape(text + (tabular ? strlen(table) : 0), &format->arena);
    if (tabular)
        listformat_set_headings(format, headings);
}

/* As many cells as there are headings, whatever a value has in it. */
static void listformat_add_cells(ListFormat *format, const char *line)
{
    StrList cells = strlist_split(&format->arena, line, '\t');
    for (size_t i = 0; i < format->headings.count; i++)
        table_add(&format->table, i < cells.count ? cells.items[i] : "");
}

int listformat_add(ListFormat *format, const StrBuf *row, StrBuf *text, Error *error)
{
    if (!format->template) {
        strbuf_printf(text, "%s\n", strbuf_text(row));
        return 0;
    }
    StrBuf line CLEANUP(strbuf_done) = { 0 };
    const JsonValue *value;
    int r = json_parse(strbuf_text(row), row->length, NULL, &format->arena, &value, error);
    if (r == 0)
        r = template_render(format->template, value, &line, error);
    if (r < 0)
        return r;
    if (format->headings.count)
        listformat_add_cells(format, strbuf_text(&line));
    else
        strbuf_printf(text, "%s\n", strbuf_text(&line));
    return 0;
}

void listformat_end(const ListFormat *format, StrBuf *text)
{
    if (format->headings.count)
        table_print(&format->table, false, text);
}

void listformat_done(ListFormat *format)
{
    if (format->headings.count)
        table_done(&format->table);
    arena_done(&format->arena);
}
