/*
 * The writer. Its whole state is "does a sibling come before" and the depth; callers keep the order
 * of calls right, and so the text is well-formed. The trap: strings of a program (arguments,
 * environment) may hold any bytes but JSON only UTF-8; what is not becomes U+FFFD, as in Go's
 * encoder.
 */
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void json_write_line_break(JsonWriter *w)
{
    if (!w->pretty)
        return;
    strbuf_add_char(w->text, '\n');
    for (uint32_t i = 0; i < w->depth; i++)
        strbuf_add_bytes(w->text, "  ", 2);
}

/* Before every key and every value. */
static void json_write_lead(JsonWriter *w)
{
    if (!w->after_key) {
        if (w->follows)
            strbuf_add_char(w->text, ',');
        if (w->depth)
            json_write_line_break(w);
    }
    w->after_key = false;
    w->follows = true;
}

static void json_write_scalar(JsonWriter *w, const char *text, size_t length)
{
    json_write_lead(w);
    strbuf_add_bytes(w->text, text, length);
}

static void json_write_open(JsonWriter *w, char bracket)
{
    json_write_lead(w);
    strbuf_add_char(w->text, bracket);
    w->depth++;
    w->follows = false;
}

static void json_write_close(JsonWriter *w, char bracket)
{
    w->depth--;
    if (w->follows)
        json_write_line_break(w);
    strbuf_add_char(w->text, bracket);
    w->follows = true;
}

void json_write_object(JsonWriter *writer)
{
    json_write_open(writer, '{');
}

void json_write_end_object(JsonWriter *writer)
{
    json_write_close(writer, '}');
}

void json_write_array(JsonWriter *writer)
{
    json_write_open(writer, '[');
}

void json_write_end_array(JsonWriter *writer)
{
    json_write_close(writer, ']');
}

static void json_write_escape(StrBuf *text, unsigned char c)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: character, letter */
    for (const char *pair = short_forms; *pair; pair += 2) {
        if ((unsigned char)*pair == c) {
            strbuf_add_char(text, '\\');
            strbuf_add_char(text, pair[1]);
            return;
        }
    }
    strbuf_printf(text, "\\u%04x", c);
}

static void json_write_quoted(StrBuf *text, const char *string)
{
    const unsigned char *s = (const unsigned char *)string;
    strbuf_add_char(text, '"');
    for (;;) {
        const unsigned char *run = s;
        while (*s >= 0x20 && *s != '"' && *s != '\\') {
            size_t length = *s < 0x80 ? 1 : utf8_length((const char *)s);
            if (length == 0)
                break;
            s += length;
        }
        strbuf_add_bytes(text, run, (size_t)(s - run));
        if (!*s)
            break;
        if (*s >= 0x80)
            strbuf_add(text, "\xef\xbf\xbd");
        else
            json_write_escape(text, *s);
        s++;
    }
    strbuf_add_char(text, '"');
}

void json_write_key(JsonWriter *writer, const char *key)
{
    json_write_lead(writer);
    json_write_quoted(writer->text, key);
    strbuf_add(writer->text, writer->pretty ? ": " : ":");
    writer->after_key = true;
}

void json_write_string(JsonWriter *writer, const char *s)
{
    if (!s) {
        json_write_null(writer);
        return;
    }
    json_write_lead(writer);
    json_write_quoted(writer->text, s);
}

void json_write_strings(JsonWriter *writer, const StrList *list)
{
    json_write_array(writer);
    for (size_t i = 0; i < list->count; i++)
        json_write_string(writer, list->items[i]);
    json_write_end_array(writer);
}

void json_write_uint(JsonWriter *writer, uint64_t number)
{
    char digits[24], *first = digits + sizeof(digits);
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    json_write_scalar(writer, first, (size_t)(digits + sizeof(digits) - first));
}

void json_write_int(JsonWriter *writer, int64_t number)
{
    if (number >= 0) {
        json_write_uint(writer, (uint64_t)number);
        return;
    }
    char text[24];
    int length = snprintf(text, sizeof(text), "%lld", (long long)number);
    json_write_scalar(writer, text, (size_t)length);
}

void json_write_double(JsonWriter *writer, double number)
{
    if (!__builtin_isfinite(number)) {
        json_write_null(writer); /* JSON has no other word for it */
        return;
    }
    char text[40];
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, sizeof(text) - 2, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    if (!strpbrk(text, ".e")) { /* "1.0", so that it stays a double when read back */
        memcpy(text + length, ".0", 3);
        length += 2;
    }
    json_write_scalar(writer, text, (size_t)length);
}

void json_write_bool(JsonWriter *writer, bool truth)
{
    json_write_scalar(writer, truth ? "true" : "false", truth ? 4 : 5);
}

void json_write_null(JsonWriter *writer)
{
    json_write_scalar(writer, "null", 4);
}

static void json_write_members(JsonWriter *writer, const JsonValue *container)
{
    for (const JsonValue *v = container->first; v; v = v->next) {
        if (container->type == JSON_OBJECT)
            json_write_key(writer, v->key);
        json_write_value(writer, v);
    }
}

void json_write_value(JsonWriter *writer, const JsonValue *value)
{
    switch (value->type) {
    case JSON_NULL: json_write_null(writer); break;
    case JSON_BOOL: json_write_bool(writer, value->boolean); break;
    case JSON_INT: json_write_int(writer, value->integer); break;
    case JSON_UINT: json_write_uint(writer, value->uinteger); break;
    case JSON_DOUBLE: json_write_double(writer, value->real); break;
    case JSON_STRING: json_write_string(writer, value->string); break;
    case JSON_ARRAY:
        json_write_array(writer);
        json_write_members(writer, value);
        json_write_end_array(writer);
        break;
    case JSON_OBJECT:
        json_write_object(writer);
        json_write_members(writer, value);
        json_write_end_object(writer);
        break;
    }
}
