/*
 * Memory: allocation that cannot fail, and arenas.
 *
 * Out of memory ends the program with one fixed line: a container engine that is this short of
 * memory has no better answer. Every size that comes from outside is bounded by the caller first.
 *
 * An Arena owns everything allocated from it and releases all of it at once; documents (JSON,
 * specs, plans) live in one, so that none of their parts has an owner of its own. An all-zero
 * Arena is valid and empty.
 */
#pragma once

#include "base/cleanup.h"

void *mem_alloc(size_t size); /* zeroed; size 0 gives a valid pointer */
void *mem_resize(void *p, size_t count, size_t item_size); /* aborts when the product overflows */
char *mem_strdup(const char *s);                           /* NULL gives NULL */
char *mem_printf(const char *format, ...) PRINTF_LIKE(1, 2);

typedef struct Arena {
    struct ArenaBlock *newest;
} Arena;

/*
 * An empty arena that begins in the caller's memory (aligned for any type, more than 64 bytes) and
 * asks for more only when that is full. With a static array the path of `run` maps no memory: each
 * mmap with its munmap costs 8 us, and static pages that are not used cost nothing.
 */
void arena_start(Arena *arena, void *memory, size_t size);

void *arena_alloc(Arena *arena, size_t size); /* zeroed, aligned for any type */
void *arena_copy(Arena *arena, const void *data, size_t size);
char *arena_strdup(Arena *arena, const char *s); /* NULL gives NULL */
char *arena_strndup(Arena *arena, const char *s, size_t length);
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * One more item at the end of an array of *count items: returns the zeroed new item and updates
 * *array and *count. The array grows by doubling; abandoned copies stay in the arena.
 */
void *arena_append(Arena *arena, void *array, size_t *count, size_t item_size);

/* A zeroed array of `count` items that arena_append can add to; never NULL. */
void *arena_array(Arena *arena, size_t count, size_t item_size);

void arena_done(Arena *arena);
