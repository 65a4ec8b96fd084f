/*
 * The trap of scdoc's language: '_' and '*' are markup, '\' quotes them, a line that begins with
 * '#', '-', '.', '[' or '|' is structure, and indentation must be tabs.
 */
#include "base/manpage.h"

#include <string.h>

#include "base/usage.h"

static void manpage_text(const char *s, StrBuf *text)
{
    for (; *s; s++) {
        if (strchr("_*\\#-.[|`~<>", *s))
            strbuf_add_char(text, '\\');
        strbuf_add_char(text, *s);
    }
}

static void manpage_title(const char *title, StrBuf *text)
{
    strbuf_add(text, "\n# ");
    for (; *title; title++)
        strbuf_add_char(text, *title >= 'a' && *title <= 'z' ? (char)(*title - 32) : *title);
    strbuf_add(text, "\n");
}

static char *manpage_name(const char *path, StrBuf *buffer)
{
    strbuf_add(buffer, path);
    for (char *p = buffer->data; *p; p++)
        if (*p == ' ')
            *p = '-';
    return buffer->data;
}

static void manpage_option(const Option *option, StrBuf *text)
{
    if (option->letter)
        strbuf_printf(text, "\n*-%c*, ", option->letter);
    else
        strbuf_add_char(text, '\n');
    strbuf_add(text, "*--");
    manpage_text(option->name, text);
    strbuf_add_char(text, '*');
    if (option->value && (option->implied || !option_is_flag(option))) {
        strbuf_add(text, option->implied ? "[=" : " ");
        manpage_text(option->value, text);
        strbuf_add(text, option->implied ? "]" : "");
    }
    strbuf_add(text, "\n\t");
    manpage_text(option->help, text);
    if (option->alias) {
        strbuf_add(text, ". Also: *--");
        manpage_text(option->alias, text);
        strbuf_add_char(text, '*');
    }
    if (option->env) {
        strbuf_add(text, ". Environment: ");
        manpage_text(option->env, text);
    }
    strbuf_add(text, ".\n");
}

static void manpage_options(const Option *options, StrBuf *text)
{
    bool titled = false;
    for (const Option *o = options; o && o->kind != OPTION_KIND_END; o++) {
        if (o->kind == OPTION_KIND_HEADING) {
            if (!titled)
                manpage_title("Options", text);
            strbuf_printf(text, "\n## %s\n", o->help);
            titled = true;
            continue;
        }
        if (o->hidden)
            continue;
        if (!titled)
            manpage_title("Options", text);
        titled = true;
        manpage_option(o, text);
    }
}

static void manpage_children(const Command *command, const char *name, int section, StrBuf *text)
{
    if (!command->children)
        return;
    manpage_title("Commands", text);
    for (const Command *const *c = command->children; *c; c++) {
        if ((*c)->hidden)
            continue;
        strbuf_add(text, "\n*");
        manpage_text(name, text);
        strbuf_add(text, "\\-");
        manpage_text((*c)->name, text);
        strbuf_printf(text, "*(%d)\n\t", section);
        manpage_text((*c)->summary, text);
        strbuf_add(text, ".\n");
    }
}

static void manpage_examples(const char *examples, StrBuf *text)
{
    if (!examples)
        return;
    manpage_title("Examples", text);
    for (const char *line = examples; *line;) {
        size_t length = strcspn(line, "\n");
        StrBuf copy CLEANUP(strbuf_done) = { 0 };
        strbuf_add_bytes(&copy, line, length);
        if (*line == '#') {
            strbuf_add_char(text, '\n');
            manpage_text(copy.data + 1 + strspn(copy.data + 1, " "), text);
            strbuf_add(text, ":\n");
        } else if (length) {
            strbuf_printf(text, "\n```\n$ %s\n```\n", copy.data);
        }
        line += length + (line[length] == '\n');
    }
}

void manpage_render(const Command *command, const char *path, int section, StrBuf *ret_text)
{
    StrBuf name_buffer CLEANUP(strbuf_done) = { 0 };
    StrBuf synopsis CLEANUP(strbuf_done) = { 0 };
    const char *name = manpage_name(path, &name_buffer);
    usage_synopsis(command, path, &synopsis);

    strbuf_printf(ret_text, "%s(%d)\n", name, section);
    manpage_title("Name", ret_text);
    strbuf_printf(ret_text, "\n%s - ", name);
    manpage_text(command->summary, ret_text);
    strbuf_add_char(ret_text, '\n');
    manpage_title("Synopsis", ret_text);
    strbuf_add(ret_text, "\n*");
    manpage_text(path, ret_text);
    strbuf_add_char(ret_text, '*');
    manpage_text(synopsis.data + strlen(path), ret_text);
    strbuf_add_char(ret_text, '\n');
    if (command->description) {
        manpage_title("Description", ret_text);
        strbuf_add_char(ret_text, '\n');
        manpage_text(command->description, ret_text);
        strbuf_add_char(ret_text, '\n');
    }
    manpage_children(command, name, section, ret_text);
    manpage_options(command->options, ret_text);
    manpage_examples(command->examples, ret_text);
}
