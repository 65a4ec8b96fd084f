/*
 * "idmap=uids=0-1-10#10-11-10;gids=0-100-10": a bind mount's own mapping as one word, as crun(1)
 * and podman-run(1) have it. Each range is where it begins in the filesystem, where on the host,
 * and how long it is; with '@' before it the second number counts inside the container.
 */
#include <errno.h>
#include <string.h>

#include "linux/idmap.h"
#include "runtime/plan_parts.h"

static int plan_idmap_range(const char *word, const IdRange *container, size_t container_count,
                            Arena *arena, IdRange *ret_range, Error *error)
{
    uint32_t numbers[3];
    StrList parts = strlist_split(arena, word + (*word == '@'), '-');
    bool right = parts.count == ARRAY_LEN(numbers);
    for (size_t i = 0; right && i < ARRAY_LEN(numbers); i++)
        right = str_to_u32(parts.items[i], &numbers[i]) == 0;
    if (!right || numbers[2] == 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not FIRST-HOST-COUNT in numbers, with a '@' before it or without",
                         word);
    if (*word == '@' && idmap_to_host(container, container_count, numbers[1], &numbers[1]) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s': the container's user namespace has no id %u", word, numbers[1]);
    *ret_range = (IdRange){ numbers[0], numbers[1], numbers[2] };
    return 0;
}

/* Ranges with '#' between them, in place of what *ranges has. */
static int plan_idmap_ranges(const char *text, Arena *arena, const IdRange **ranges, size_t *count,
                             Error *error)
{
    StrList words = strlist_split(arena, text, '#');
    IdRange *own = arena_alloc(arena, words.count * sizeof(*own));
    for (size_t i = 0; i < words.count; i++) {
        int r = plan_idmap_range(words.items[i], *ranges, *count, arena, &own[i], error);
        if (r < 0)
            return r;
    }
    *ranges = own;
    *count = words.count;
    return 0;
}

int plan_idmap_option(const PlanBuilder *builder, const char *text, const StepIds **ret_ids,
                      Error *error)
{
    const SpecLinux *spec_linux = builder->input->spec->linux;
    Arena *arena = builder->plan->arena;
    StepIds *ids = arena_copy(
        arena, plan_ids(arena, &spec_linux->uid_mappings, &spec_linux->gid_mappings), sizeof(*ids));
    StrList parts = strlist_split(arena, text, ';');
    for (size_t i = 0; i < parts.count; i++) {
        const char *part = parts.items[i];
        int r =
            str_starts(part, "uids=")
                ? plan_idmap_ranges(part + 5, arena, &ids->uids, &ids->uid_count, error)
            : str_starts(part, "gids=")
                ? plan_idmap_ranges(part + 5, arena, &ids->gids, &ids->gid_count, error)
                : error_set(error, ERROR_USAGE, EINVAL, "'%s' is neither uids= nor gids=", part);
        if (r < 0)
            return error_wrap(error, "options: idmap");
    }
    if (!ids->uid_count || !ids->gid_count)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "options: idmap: %s= is missing, and the container has no user namespace",
                         ids->uid_count ? "gids" : "uids");
    *ret_ids = ids;
    return 0;
}
