/*
 * Hosts are compared by their authority as written: two spellings of one host count as two, which
 * errs on the side of not sending credentials.
 */
#include "cmd/registry/host.h"

#include <arpa/inet.h>
#include <stdlib.h>
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

void hostlist_done(HostList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]->authorization);
        (void)pthread_mutex_destroy(&list->items[i]->lock);
    }
    *list = (HostList){ 0 };
}

bool host_is_loopback(const char *authority)
{
    char name[64];
    struct in_addr v4;
    struct in6_addr v6;
    bool bracketed = *authority == '[';
    const char *begin = authority + bracketed;
    size_t length = strcspn(begin, bracketed ? "]" : ":");
    if (length >= sizeof(name))
        return false;
    memcpy(name, begin, length);
    name[length] = '\0';
    if (bracketed)
        return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return str_eq(name, "localhost") ||
           (inet_pton(AF_INET, name, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}
