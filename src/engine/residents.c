/*
 * A container's namespaces are those of its first process; processes that joined or left some of
 * them are found by walking /proc (nslist.c), not here.
 */
#include "engine/residents.h"

#include "base/fd.h"
#include "linux/namespace_of.h"
#include "linux/process.h"

/* Whether the container runs, and then its namespaces. */
static bool residents_look(const ContainerState *state, uint64_t ids[NAMESPACE_MAX])
{
    int fd CLEANUP(fd_closep) = process_open(-1, state->pid, NULL);
    ProcessStat stat;
    if (fd < 0 || process_stat(fd, &stat, NULL) < 0 || stat.start_ticks != state->start_ticks)
        return false;
    return namespace_of_ids(fd, ids, NULL) == 0;
}

int residents_read(const Engine *engine, Arena *arena, Residents *ret_residents, Error *error)
{
    StrList ids = { 0 };
    int r = container_list(engine, arena, &ids, error);
    if (r < 0)
        return r;
    Residents residents = { 0 };
    for (size_t i = 0; i < ids.count; i++) {
        Container *container;
        ContainerState *state;
        uint64_t namespaces[NAMESPACE_MAX];
        if (container_read(engine, ids.items[i], arena, &container, NULL) < 0 ||
            container_read_state(engine, ids.items[i], arena, &state, NULL) < 0 ||
            !residents_look(state, namespaces))
            continue;
        Resident *resident =
            arena_append(arena, &residents.items, &residents.count, sizeof(*resident));
        resident->container = container;
        resident->state = state;
        for (int type = 0; type < NAMESPACE_MAX; type++)
            resident->namespaces[type] = namespaces[type];
    }
    *ret_residents = residents;
    return 0;
}

const Resident *residents_of_mount(const Residents *residents, uint64_t mount_namespace)
{
    for (size_t i = 0; i < residents->count; i++)
        if (residents->items[i].namespaces[NAMESPACE_MOUNT] == mount_namespace)
            return &residents->items[i];
    return NULL;
}
