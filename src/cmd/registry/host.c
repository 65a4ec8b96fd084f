/*
 * Hosts are compared by their authority as written: two spellings of one host count as two, which
 * errs on the side of not sending credentials.
 */
#include "cmd/registry/host.h"

#include <string.h>

Host *hostlist_append(HostList *list, Arena *arena, const char *authority, const char *repository)
{
    Host *host = arena_alloc(arena, sizeof(*host));
    *(Host **)arena_append(arena, &list->items, &list->count, sizeof(host)) = host;
    host->authority = authority;
    host->name = str_eq(authority, HOST_HUB) ? "docker.io" : authority;
    host->root = "/v2";
    host->repository = repository;
    host->pull = host->resolve = host->push = true;
    (void)pthread_mutex_init(&host->lock, NULL);
    return host;
}
