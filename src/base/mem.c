/*
 * An arena is a list of blocks, newest first; an allocation comes from the newest block or starts
 * a new one. Blocks double in size up to a bound, so a document of any size costs a handful of
 * malloc calls: this matters because musl's malloc is slow for many small objects.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_ALIGN = 16,
    ARENA_BLOCK_MIN = 8 * 1024,
    ARENA_BLOCK_MAX = 256 * 1024,
};

typedef struct ArenaBlock {
    struct ArenaBlock *older;
    size_t size; /* of data[] in bytes */
    size_t used;
    bool lent; /* by the caller of arena_start: not freed */
    _Alignas(ARENA_ALIGN) char data[];
} ArenaBlock;

static void *mem_checked(void *p)
{
    if (!p) {
        static const char text[] = "ambit: out of memory\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return mem_checked(calloc(1, size ? size : 1));
}

void *mem_resize(void *p, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return mem_checked(NULL);
    return mem_checked(realloc(p, size ? size : 1));
}

char *mem_strdup(const char *s)
{
    return s ? mem_checked(strdup(s)) : NULL;
}

char *mem_printf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return mem_checked(length < 0 ? NULL : text);
}

void mem_freep(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    free(*p);
    *p = NULL;
}

static void *arena_grow(Arena *arena, size_t size)
{
    size_t block_size = ARENA_BLOCK_MIN;
    if (arena->newest && arena->newest->size < ARENA_BLOCK_MAX)
        block_size = 2 * arena->newest->size;
    else if (arena->newest)
        block_size = ARENA_BLOCK_MAX;
    if (block_size < size)
        block_size = size;
    if (block_size > SIZE_MAX - sizeof(ArenaBlock))
        return mem_checked(NULL);

    ArenaBlock *block = mem_checked(malloc(sizeof(*block) + block_size));
    *block = (ArenaBlock){ .older = arena->newest, .size = block_size, .used = size };
    arena->newest = block;
    return block->data;
}

void arena_start(Arena *arena, void *memory, size_t size)
{
    ArenaBlock *block = memory;
    *block = (ArenaBlock){ .size = size - sizeof(*block), .lent = true };
    arena->newest = block;
}

void *arena_alloc(Arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN)
        return mem_checked(NULL);
    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);

    ArenaBlock *block = arena->newest;
    void *p;
    if (block && block->size - block->used >= size) {
        p = block->data + block->used;
        block->used += size;
    } else {
        p = arena_grow(arena, size);
    }
    return memset(p, 0, size);
}

void *arena_copy(Arena *arena, const void *data, size_t size)
{
    void *p = arena_alloc(arena, size);
    return size ? memcpy(p, data, size) : p;
}

char *arena_strndup(Arena *arena, const char *s, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, s, length);
    return copy;
}

char *arena_strdup(Arena *arena, const char *s)
{
    return s ? arena_strndup(arena, s, strlen(s)) : NULL;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return mem_checked(NULL);

    char *text = arena_alloc(arena, (size_t)length + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void *arena_append(Arena *arena, void *array, size_t *count, size_t item_size)
{
    void **items = array;
    size_t n = *count;
    /* Room is doubled whenever the count reaches a power of two (from 4 on). */
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        size_t room = n == 0 ? 4 : 2 * n;
        size_t size;
        if (__builtin_mul_overflow(room, item_size, &size))
            return mem_checked(NULL);
        void *grown = arena_alloc(arena, size);
        if (n)
            memcpy(grown, *items, n * item_size);
        *items = grown;
    }
    *count = n + 1;
    return memset((char *)*items + n * item_size, 0, item_size);
}

void *arena_array(Arena *arena, size_t count, size_t item_size)
{
    size_t room = 4, size; /* what arena_append expects an array of this count to have */
    while (room < count)
        if (__builtin_mul_overflow(room, 2u, &room))
            return mem_checked(NULL);
    if (__builtin_mul_overflow(room, item_size, &size))
        return mem_checked(NULL);
    return arena_alloc(arena, size);
}

void arena_done(Arena *arena)
{
    if (!arena)
        return;
    for (ArenaBlock *block = arena->newest, *older; block; block = older) {
        older = block->older;
        if (!block->lent)
            free(block);
    }
    arena->newest = NULL;
}
