/*
 * Layout: two columns, the right one wrapped. Widths count bytes: the tables are ASCII.
 */
#include "base/usage.h"

#include <string.h>

enum {
    USAGE_WIDTH_DEFAULT = 80,
    USAGE_COLUMN_MIN = 12, /* of the left column, with its indentation */
    USAGE_COLUMN_MAX = 34, /* a longer left side gets a line of its own */
};

static void usage_pad(StrBuf *text, size_t from, size_t to)
{
    for (; from < to; from++)
        strbuf_add_char(text, ' ');
}

void usage_wrap(const char *text, size_t indent, size_t width, StrBuf *ret_text)
{
    size_t column = indent;
    bool line_start = true;
    while (*text) {
        if (text[0] == '\n' && text[1] == '\n') {
            strbuf_add(ret_text, "\n\n");
            text += 2;
            usage_pad(ret_text, 0, indent);
            column = indent;
            line_start = true;
            continue;
        }
        if (*text == ' ' || *text == '\n') {
            text++;
            continue;
        }
        size_t length = strcspn(text, " \n");
        if (!line_start && column + 1 + length > width) {
            strbuf_add_char(ret_text, '\n');
            usage_pad(ret_text, 0, indent);
            column = indent;
        } else if (!line_start) {
            strbuf_add_char(ret_text, ' ');
            column++;
        }
        strbuf_add_bytes(ret_text, text, length);
        column += length;
        text += length;
        line_start = false;
    }
}

void usage_option(const Option *option, bool indent, StrBuf *ret_text)
{
    if (option->letter)
        strbuf_printf(ret_text, "-%c, ", option->letter);
    else if (indent)
        strbuf_add(ret_text, "    ");
    strbuf_printf(ret_text, "--%s", option->name);
    if (option->implied && option->value)
        strbuf_printf(ret_text, "[=%s]", option->value);
    else if (!option_is_flag(option) && option->value)
        strbuf_printf(ret_text, " %s", option->value);
}

void usage_synopsis(const Command *command, const char *path, StrBuf *ret_text)
{
    strbuf_add(ret_text, path);
    if (command->options)
        strbuf_add(ret_text, " [OPTIONS]");
    if (command->children && command->arguments)
        strbuf_printf(ret_text, " [COMMAND | %s]", command->arguments);
    else if (command->children)
        strbuf_add(ret_text, " COMMAND");
    else if (command->arguments)
        strbuf_printf(ret_text, " %s", command->arguments);
}

static void usage_title(const char *title, const UsageStyle *style, StrBuf *text)
{
    strbuf_printf(text, style->colour ? "\n\033[1m%s:\033[0m\n" : "\n%s:\n", title);
}

/* One line of two columns: what stands at the left was added since `start`. */
static void usage_right(const char *help, size_t start, size_t column, size_t width, StrBuf *text)
{
    size_t used = text->length - start;
    if (used + 2 > column) {
        strbuf_add_char(text, '\n');
        used = 0;
    }
    usage_pad(text, used, column);
    usage_wrap(help, column, width, text);
    strbuf_add_char(text, '\n');
}

static size_t usage_column(size_t widest)
{
    size_t column = widest + 2;
    if (column < USAGE_COLUMN_MIN)
        return USAGE_COLUMN_MIN;
    return column > USAGE_COLUMN_MAX ? USAGE_COLUMN_MAX : column;
}

static size_t usage_options_column(const Option *options)
{
    StrBuf left CLEANUP(strbuf_done) = { 0 };
    size_t widest = 0;
    for (const Option *o = options; o->kind != OPTION_KIND_END; o++) {
        if (!option_is_real(o) || o->hidden)
            continue;
        strbuf_clear(&left);
        usage_option(o, true, &left);
        size_t width = left.length + 2;
        if (width > widest && width + 2 <= USAGE_COLUMN_MAX)
            widest = width;
    }
    return usage_column(widest);
}

static void usage_options(const Option *options, const UsageStyle *style, StrBuf *text)
{
    if (!options)
        return;
    size_t column = usage_options_column(options);
    bool titled = false;
    for (const Option *o = options; o->kind != OPTION_KIND_END; o++) {
        if (o->kind == OPTION_KIND_HEADING)
            usage_title(o->help, style, text);
        if (o->kind != OPTION_KIND_HEADING && o->hidden)
            continue;
        if (o->kind != OPTION_KIND_HEADING && !titled)
            usage_title("Options", style, text);
        titled = true;
        if (o->kind == OPTION_KIND_HEADING)
            continue;
        size_t start = text->length;
        strbuf_add(text, "  ");
        usage_option(o, true, text);
        usage_right(o->help, start, column, style->width, text);
    }
}

static void usage_children(const Command *command, const UsageStyle *style, StrBuf *text)
{
    size_t widest = 0;
    for (const Command *const *c = command->children; c && *c; c++)
        if (!(*c)->hidden && strlen((*c)->name) + 2 > widest)
            widest = strlen((*c)->name) + 2;
    bool titled = false;
    for (const Command *const *c = command->children; c && *c; c++) {
        if ((*c)->hidden)
            continue;
        if (!titled || (*c)->heading)
            usage_title((*c)->heading ? (*c)->heading : "Commands", style, text);
        titled = true;
        size_t start = text->length;
        strbuf_printf(text, "  %s", (*c)->name);
        usage_right((*c)->summary, start, usage_column(widest), style->width, text);
    }
}

static void usage_examples(const Command *command, const UsageStyle *style, StrBuf *text)
{
    if (!command->examples)
        return;
    usage_title("Examples", style, text);
    for (const char *line = command->examples; *line;) {
        size_t length = strcspn(line, "\n");
        if (length)
            strbuf_printf(text, "  %s%.*s", *line == '#' ? "" : "$ ", (int)length, line);
        strbuf_add_char(text, '\n');
        line += length + (line[length] == '\n');
    }
}

void usage_render(const Command *command, const char *path, const UsageStyle *given_style,
                  StrBuf *ret_text)
{
    UsageStyle style = *given_style;
    if (style.width == 0)
        style.width = USAGE_WIDTH_DEFAULT;

    strbuf_add(ret_text, style.colour ? "\033[1mUsage:\033[0m " : "Usage: ");
    usage_synopsis(command, path, ret_text);
    strbuf_printf(ret_text, "\n\n%s.\n", command->summary);
    if (command->aliases && command->aliases[0]) {
        strbuf_add(ret_text, "\nAlso called:");
        for (const char *const *alias = command->aliases; *alias; alias++)
            strbuf_printf(ret_text, " %s", *alias);
        strbuf_add_char(ret_text, '\n');
    }
    if (command->description) {
        strbuf_add_char(ret_text, '\n');
        usage_wrap(command->description, 0, style.width, ret_text);
        strbuf_add_char(ret_text, '\n');
    }
    usage_children(command, &style, ret_text);
    usage_options(command->options, &style, ret_text);
    usage_examples(command, &style, ret_text);
    if (command->children)
        strbuf_printf(ret_text, "\nRun '%s COMMAND --help' for more about a command.\n", path);
}
