/*
 * Strings: comparison, strict number parsing, lists, and a growing buffer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

static inline bool str_empty(const char *s)
{
    return !s || !*s;
}
bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/*
 * Whole-string numbers: no leading or trailing blanks, no sign for unsigned ones, no overflow.
 * Return 0, -EINVAL (not a number) or -ERANGE. Base 10; str_to_mode takes octal (at most 07777).
 */
int str_to_u64(const char *s, uint64_t *ret_value) MUST_CHECK;
int str_to_i64(const char *s, int64_t *ret_value) MUST_CHECK;
int str_to_u32(const char *s, uint32_t *ret_value) MUST_CHECK;
int str_to_mode(const char *s, uint32_t *ret_mode) MUST_CHECK;

/* Each `a` becomes `b` and each `b` becomes `a`. */
void str_swap(char *s, char a, char b);

/*
 * docker's sizes: a number with an optional suffix b, k, m, g, t, p in either case, each also
 * written kb, kib, ...: powers of 1024; a decimal fraction is allowed ("1.5g"). In bytes.
 * "-1" is not a size. Return 0, -EINVAL or -ERANGE.
 */
int str_to_bytes(const char *s, uint64_t *ret_bytes) MUST_CHECK;
/* The inverse, for people: "12.5MiB" into a buffer of at least 16 bytes; returns the buffer. */
char *str_from_bytes(uint64_t bytes, char *buffer, size_t size);

/* A list of strings; `items` has a NULL after the last one. All-zero is an empty list. */
typedef struct StrList {
    char **items;
    size_t count;
} StrList;

/* Appends a copy of `s`, list and string in the arena. */
void strlist_append(Arena *arena, StrList *list, const char *s);
bool strlist_contains(const StrList *list, const char *s);
/* Appends a copy unless the list has it. */
void strlist_append_new(Arena *arena, StrList *list, const char *s);
/* Splits at every `separator`; "" gives an empty list, "a,,b" an empty item in the middle. */
StrList strlist_split(Arena *arena, const char *s, char separator);
/* The inverse: "" for an empty list. */
char *strlist_join(Arena *arena, const StrList *list, const char *separator);

/*
 * A growing text. `data` is always terminated once something was added (NULL before that);
 * strbuf_text() gives "" for an empty one. Release with strbuf_done, or take `data` with TAKE_PTR.
 */
typedef struct StrBuf {
    char *data;
    size_t length; /* without the terminator */
    size_t room;
    bool lent; /* `data` is the memory given to strbuf_in(): not to be taken */
} StrBuf;

/* An empty text in the caller's memory (an array on the stack), which it leaves only when that
 * becomes too small: no allocation for what is usually short. */
StrBuf strbuf_in(char *memory, size_t size);

void strbuf_add(StrBuf *buffer, const char *s);
void strbuf_add_bytes(StrBuf *buffer, const void *data, size_t size);
void strbuf_add_char(StrBuf *buffer, char c);
void strbuf_printf(StrBuf *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* The items, with the separator between them. */
void strbuf_add_list(StrBuf *buffer, const StrList *list, const char *separator);
const char *strbuf_text(const StrBuf *buffer);
void strbuf_clear(StrBuf *buffer); /* empties it and keeps the memory */
void strbuf_done(StrBuf *buffer);
