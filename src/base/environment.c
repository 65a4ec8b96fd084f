/*
 * The invariant: one entry per name, in the order in which the names were first set. The trap: two
 * entries of one name are read differently by different programs (getenv takes the first, a shell
 * the last).
 */
#include "base/environment.h"

#include <stdbool.h>
#include <string.h>

static bool environment_is(const char *entry, const char *name, size_t length)
{
    return strncmp(entry, name, length) == 0 && (entry[length] == '=' || !entry[length]);
}

static void environment_remove(StrList *list, const char *name)
{
    size_t kept = 0, length = strlen(name);
    for (size_t i = 0; i < list->count; i++)
        if (!environment_is(list->items[i], name, length))
            list->items[kept++] = list->items[i];
    list->count = kept;
    if (list->items)
        list->items[kept] = NULL;
}

void environment_set(StrList *list, Arena *arena, const char *entry)
{
    size_t length = strcspn(entry, "=");
    if (!entry[length]) {
        environment_remove(list, entry);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (environment_is(list->items[i], entry, length)) {
            list->items[i] = arena_strdup(arena, entry);
            return;
        }
    }
    strlist_append(arena, list, entry);
}
