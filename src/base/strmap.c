/*
 * Pairs in the order in which their keys first came. The trap: do not sort, people compare what
 * `inspect` prints with what they wrote.
 */
#include "base/strmap.h"

#include "base/str.h"

const char *strmap_get(const StrMap *map, const char *key)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->items[i].key, key))
            return map->items[i].value;
    return NULL;
}

void strmap_set(Arena *arena, StrMap *map, const char *key, const char *value)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_eq(map->items[i].key, key)) {
            map->items[i].value = arena_strdup(arena, value);
            return;
        }
    }
    StrPair *pair = arena_append(arena, &map->items, &map->count, sizeof(*pair));
    pair->key = arena_strdup(arena, key);
    pair->value = arena_strdup(arena, value);
}
