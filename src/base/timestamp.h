/*
 * A moment as people and JSON documents write it: RFC 3339, in UTC, "2026-11-29T02:10:00Z".
 */
#pragma once

#include <stdint.h>

#include "base/mem.h"

enum { TIMESTAMP_SIZE = 32 };

/* Seconds since 1970. Returns `ret_text`. */
const char *timestamp_text(int64_t seconds, char ret_text[TIMESTAMP_SIZE]);
/* This moment, in seconds, and in nanoseconds; the text is the arena's. */
const char *timestamp_now(Arena *arena);
const char *timestamp_now_ns(Arena *arena);
