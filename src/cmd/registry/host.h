/*
 * The hosts that may answer for a repository, the one to ask first first: mirrors, and the registry
 * itself as the last. What they were configured with is constant; how they want to be spoken to is
 * found out on the way and shared by all threads.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/registry/exchange.h"
#include "image/registryauth.h"

/* Where docker.io is spoken to. */
#define HOST_HUB "registry-1.docker.io"

typedef enum HostScheme { HOST_UNDECIDED, HOST_HTTPS, HOST_HTTP } HostScheme;

typedef struct Host {
    const char *authority;  /* "registry-1.docker.io", "[::1]:5000" */
    const char *name;       /* what people call it: "docker.io" */
    const char *root;       /* path of the API: "/v2" unless the configuration says otherwise */
    const char *repository; /* there: a mirror may have it under another path */
    const char *name_space; /* for mirrors of containerd's kind: ?ns=docker.io; else NULL */
    bool pull, resolve, push;
    ExchangeTrust trust;
    RegistryLogin login;
    StrList headers; /* further ones that the configuration asks for */

    pthread_mutex_t lock; /* guards what follows */
    HostScheme scheme;    /* UNDECIDED: https, and http if it does not speak TLS and may not */
    bool plain_allowed;
    char *authorization; /* a header's value that was good the last time, or NULL; ours to free */
    unsigned generation; /* of it */
} Host;

typedef struct HostList {
    Host **items; /* each in the arena: a mutex must not move */
    size_t count;
} HostList;

/* A host that is asked over TLS and may do everything. */
Host *hostlist_append(HostList *list, Arena *arena, const char *authority, const char *repository);
