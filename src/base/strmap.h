/*
 * An ordered map from string to string: annotations, labels, sysctls. Small (tens of entries), so a
 * lookup walks it. Keys are unique. All-zero is an absent map; `items` of an empty but present
 * one is not NULL.
 */
#pragma once

#include <stddef.h>

#include "base/mem.h"

typedef struct StrPair {
    const char *key;
    const char *value;
} StrPair;

typedef struct StrMap {
    StrPair *items;
    size_t count;
} StrMap;

const char *strmap_get(const StrMap *map, const char *key); /* NULL if there is none */
/* Replaces the value of `key` or appends the pair; both strings are copied into the arena. */
void strmap_set(Arena *arena, StrMap *map, const char *key, const char *value);
