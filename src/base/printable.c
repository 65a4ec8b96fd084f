/*
 * One decoder (utf8.h says what is valid), one judgement per character.
 *
 * The trap: C1 controls (U+0080 to U+009F) are valid UTF-8 and control sequences to many
 * terminals, so a test for bytes below 0x20 is not enough.
 */
#include "base/printable.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

typedef struct PrintableRange {
    uint32_t first, last;
} PrintableRange;

/* What is not shown although it is text: Unicode's Cc, the Cf that change how others are shown, and
 * the line and paragraph separators. */
static const PrintableRange printable_hidden[] = {
    { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },   { 0x061c, 0x061c },
    { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
    { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static const PrintableRange printable_wide[] = {
    { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 }, { 0xffe0, 0xffe6 },
    { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
};

static const PrintableRange printable_combining[] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x1ab0, 0x1aff },
    { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static bool printable_in(const PrintableRange *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* The character at s, which utf8_length found to be `length` bytes long. */
static uint32_t printable_decode(const char *s, size_t length)
{
    static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = (uint8_t)s[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        c = c << 6 | ((uint8_t)s[i] & 0x3f);
    return c;
}

static void printable_escape(StrBuf *text, uint32_t c)
{
    if (c == '\n')
        strbuf_add(text, "\\n");
    else if (c == '\t')
        strbuf_add(text, "\\t");
    else if (c < 0x80)
        strbuf_printf(text, "\\x%02x", c);
    else
        strbuf_printf(text, "\\u{%04x}", c);
}

void printable_add(StrBuf *text, const char *s)
{
    while (s && *s) {
        size_t length = utf8_length(s);
        if (length == 0) {
            strbuf_printf(text, "\\x%02x", (uint8_t)*s++);
            continue;
        }
        uint32_t c = printable_decode(s, length);
        if (printable_in(printable_hidden, ARRAY_LEN(printable_hidden), c))
            printable_escape(text, c);
        else
            strbuf_add_bytes(text, s, length);
        s += length;
    }
}

char *printable_copy(Arena *arena, const char *s)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    printable_add(&text, s);
    return arena_strdup(arena, strbuf_text(&text));
}

void printable_add_command(StrBuf *text, const StrList *words)
{
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        bool quote = !*word || strpbrk(word, " \"'");
        strbuf_add(text, i ? " " : "");
        if (!quote) {
            printable_add(text, word);
            continue;
        }
        strbuf_add_char(text, '\'');
        for (const char *part = word;;) { /* the shell's way: '\'' for a quote inside quotes */
            size_t length = strcspn(part, "'");
            char *piece CLEANUP(mem_freep) = mem_printf("%.*s", (int)length, part);
            printable_add(text, piece);
            part += length;
            if (!*part++)
                break;
            strbuf_add(text, "'\\''");
        }
        strbuf_add_char(text, '\'');
    }
}

static size_t printable_columns(uint32_t c)
{
    if (printable_in(printable_combining, ARRAY_LEN(printable_combining), c))
        return 0;
    return printable_in(printable_wide, ARRAY_LEN(printable_wide), c) ? 2 : 1;
}

size_t printable_width(const char *s)
{
    size_t width = 0;
    while (*s) {
        size_t length = utf8_length(s);
        width += length ? printable_columns(printable_decode(s, length)) : 1;
        s += length ? length : 1;
    }
    return width;
}

void printable_cut(char *s, size_t width)
{
    if (printable_width(s) <= width)
        return;
    size_t dots = width > 3 ? 3 : 0, used = 0;
    while (*s) {
        size_t length = utf8_length(s);
        size_t columns = length ? printable_columns(printable_decode(s, length)) : 1;
        if (used + columns > width - dots)
            break;
        used += columns;
        s += length ? length : 1;
    }
    /* At least as many bytes follow as columns were cut off. */
    memcpy(s, "...", dots);
    s[dots] = '\0';
}
