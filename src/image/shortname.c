/*
 * The trap: an alias is for a name without tag and digest; these are put behind it again.
 */
#include "image/shortname.h"

#include <errno.h>
#include <string.h>

#include "image/reference.h"
#include "image/registries.h"

int shortname_candidates(const char *text, Arena *arena, StrList *ret_names, Error *error)
{
    Registries registries;
    StrList names = { 0 };
    if (reference_has_domain(text)) {
        strlist_append(arena, &names, text);
        *ret_names = names;
        return 0;
    }
    int r = registries_read(arena, &registries, error);
    if (r < 0)
        return r;
    /* No slash or port can precede the first colon of a name without a registry. */
    size_t length = strcspn(text, ":@");
    const char *name = arena_strndup(arena, text, length), *suffix = text + length;
    const char *alias = strmap_get(&registries.aliases, name);
    if (!str_empty(alias)) {
        strlist_append(arena, &names, arena_printf(arena, "%s%s", alias, suffix));
    } else if (registries.search.count > 1 && registries.enforcing) {
        return error_set(error, ERROR_CONFLICT, ENOTUNIQ,
                         "\"%.200s\" names no registry, and registries.conf has several to look in",
                         text);
    } else {
        for (size_t i = 0; i < registries.search.count; i++)
            strlist_append(arena, &names,
                           arena_printf(arena, "%s/%s", registries.search.items[i], text));
    }
    if (names.count == 0)
        strlist_append(arena, &names, text);
    *ret_names = names;
    return 0;
}
