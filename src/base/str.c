/*
 * Numbers are parsed by hand here and nowhere else: strtol and friends accept blanks, signs and
 * partial input, which is how "uid 4294967296" became root elsewhere (CVE-2024-40635).
 */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    if (!s)
        return false;
    size_t length = strlen(s), tail = strlen(suffix);
    return length >= tail && memcmp(s + length - tail, suffix, tail) == 0;
}

static int str_to_base(const char *s, unsigned base, uint64_t *ret_value)
{
    if (str_empty(s))
        return -EINVAL;
    uint64_t value = 0;
    for (; *s; s++) {
        unsigned digit = (unsigned)*s - '0';
        if (digit >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return -ERANGE;
    }
    *ret_value = value;
    return 0;
}

int str_to_u64(const char *s, uint64_t *ret_value)
{
    return str_to_base(s, 10, ret_value);
}

int str_to_i64(const char *s, int64_t *ret_value)
{
    bool negative = s && *s == '-';
    uint64_t magnitude;
    int r = str_to_base(negative ? s + 1 : s, 10, &magnitude);
    if (r < 0)
        return r;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return -ERANGE;
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 0;
}

int str_to_u32(const char *s, uint32_t *ret_value)
{
    uint64_t value;
    int r = str_to_base(s, 10, &value);
    if (r < 0)
        return r;
    if (value > UINT32_MAX)
        return -ERANGE;
    *ret_value = (uint32_t)value;
    return 0;
}

int str_to_mode(const char *s, uint32_t *ret_mode)
{
    uint64_t value;
    int r = str_to_base(s, 8, &value);
    if (r < 0)
        return r;
    if (value > 07777)
        return -ERANGE;
    *ret_mode = (uint32_t)value;
    return 0;
}

/* The power of two that a size suffix stands for, or -EINVAL. */
static int str_unit_shift(const char *suffix)
{
    static const char units[] = "bkmgtp";
    if (!*suffix)
        return 0;
    char lower = (char)(*suffix | 0x20);
    const char *unit = strchr(units, lower);
    if (!unit)
        return -EINVAL;
    suffix++;
    if (lower != 'b' && (*suffix | 0x20) == 'i' && (suffix[1] | 0x20) == 'b')
        suffix += 2;
    else if (lower != 'b' && (*suffix | 0x20) == 'b')
        suffix++;
    return *suffix ? -EINVAL : (int)(10 * (unit - units));
}

int str_to_bytes(const char *s, uint64_t *ret_bytes)
{
    if (str_empty(s) || *s < '0' || *s > '9')
        return -EINVAL;

    uint64_t whole = 0, fraction = 0, scale = 1;
    for (; *s >= '0' && *s <= '9'; s++)
        if (__builtin_mul_overflow(whole, 10u, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*s - '0'), &whole))
            return -ERANGE;
    if (*s == '.') {
        s++;
        if (*s < '0' || *s > '9')
            return -EINVAL;
        for (; *s >= '0' && *s <= '9'; s++) {
            if (scale < 1000000) { /* further digits do not reach a byte of any real size */
                fraction = fraction * 10 + (uint64_t)(*s - '0');
                scale *= 10;
            }
        }
    }
    int shift = str_unit_shift(s);
    if (shift < 0)
        return shift;
    if (whole > UINT64_MAX >> shift)
        return -ERANGE;
    uint64_t part = (uint64_t)((double)fraction / (double)scale * (double)(1ULL << shift));
    if (__builtin_add_overflow(whole << shift, part, ret_bytes))
        return -ERANGE;
    return 0;
}

void str_swap(char *s, char a, char b)
{
    for (; *s; s++)
        *s = *s == a ? b : *s == b ? a : *s;
}

char *str_from_bytes(uint64_t bytes, char *buffer, size_t size)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
        value /= 1024;
        unit++;
    }
    bool whole = value - (double)(uint64_t)value < 0.05;
    (void)snprintf(buffer, size, whole ? "%.0f%s" : "%.1f%s", value, units[unit]);
    return buffer;
}

void strlist_append(Arena *arena, StrList *list, const char *s)
{
    /* The array holds one slot more than the list has items: the terminating NULL. */
    size_t slots = list->count ? list->count + 1 : 0;
    if (slots == 0)
        (void)arena_append(arena, &list->items, &slots, sizeof(*list->items));
    (void)arena_append(arena, &list->items, &slots, sizeof(*list->items));
    list->items[list->count++] = arena_strdup(arena, s);
}

bool strlist_contains(const StrList *list, const char *s)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], s))
            return true;
    return false;
}

void strlist_append_new(Arena *arena, StrList *list, const char *s)
{
    if (!strlist_contains(list, s))
        strlist_append(arena, list, s);
}

StrList strlist_split(Arena *arena, const char *s, char separator)
{
    StrList list = { 0 };
    if (str_empty(s))
        return list;
    for (;;) {
        const char *end = strchr(s, separator);
        char *item = arena_strndup(arena, s, end ? (size_t)(end - s) : strlen(s));
        strlist_append(arena, &list, item);
        if (!end)
            return list;
        s = end + 1;
    }
}

char *strlist_join(Arena *arena, const StrList *list, const char *separator)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strbuf_add_list(&text, list, separator);
    return arena_strdup(arena, strbuf_text(&text));
}

StrBuf strbuf_in(char *memory, size_t size)
{
    memory[0] = '\0';
    return (StrBuf){ .data = memory, .room = size, .lent = true };
}

static void strbuf_reserve(StrBuf *buffer, size_t more)
{
    size_t needed;
    if (__builtin_add_overflow(buffer->length, more, &needed) ||
        __builtin_add_overflow(needed, 1u, &needed))
        needed = SIZE_MAX; /* mem_resize reports it */
    if (needed <= buffer->room)
        return;
    size_t room = buffer->room ? buffer->room : 64;
    while (room < needed)
        room = room > SIZE_MAX / 2 ? needed : 2 * room;
    char *lent = buffer->lent ? buffer->data : NULL;
    buffer->data = mem_resize(lent ? NULL : buffer->data, room, 1);
    if (lent)
        memcpy(buffer->data, lent, buffer->length + 1);
    buffer->lent = false;
    buffer->room = room;
}

void strbuf_add_bytes(StrBuf *buffer, const void *data, size_t size)
{
    strbuf_reserve(buffer, size);
    if (size)
        memcpy(buffer->data + buffer->length, data, size);
    buffer->length += size;
    buffer->data[buffer->length] = '\0';
}

void strbuf_add(StrBuf *buffer, const char *s)
{
    strbuf_add_bytes(buffer, s, strlen(s));
}

void strbuf_add_char(StrBuf *buffer, char c)
{
    strbuf_add_bytes(buffer, &c, 1);
}

void strbuf_printf(StrBuf *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return;
    strbuf_reserve(buffer, (size_t)length);
    va_start(args, format);
    (void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
    va_end(args);
    buffer->length += (size_t)length;
}

void strbuf_add_list(StrBuf *buffer, const StrList *list, const char *separator)
{
    for (size_t i = 0; i < list->count; i++) {
        strbuf_add(buffer, i ? separator : "");
        strbuf_add(buffer, list->items[i]);
    }
}

const char *strbuf_text(const StrBuf *buffer)
{
    return buffer->data ? buffer->data : "";
}

void strbuf_clear(StrBuf *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void strbuf_done(StrBuf *buffer)
{
    if (!buffer)
        return;
    if (!buffer->lent)
        free(buffer->data);
    *buffer = (StrBuf){ 0 };
}
