/*
 * The documents in tests/unit/spec/data.
 */
#pragma once

#include "base/file.h"

/* The whole file, in the arena; the test fails without it. */
static inline char *sample_read(Arena *arena, const char *name, size_t *ret_size)
{
    char *text;
    const char *path = arena_printf(arena, TEST_SOURCE_ROOT "/tests/unit/spec/data/%s", name);
    if (file_read_at(AT_FDCWD, path, 1 << 20, arena, &text, ret_size) < 0)
        fail_msg("cannot read %s", path);
    return text;
}
