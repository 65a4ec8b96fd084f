/*
 * Leaving: the caller itself moves into new namespaces, unshare(2), or into ones that exist, and
 * becomes the command. A boundary built by hand, one wall at a time; `run` is for whole ones.
 */
#pragma once

#include <stdbool.h>

#include "engine/request.h"
#include "engine/target.h"

typedef enum UnshareMap {
    UNSHARE_MAP_NONE, /* the new user namespace has no ids: the command is nobody */
    UNSHARE_MAP_ROOT, /* the caller is root inside, and there is no other id */
    UNSHARE_MAP_AUTO, /* 65,536 ids: a range of the engine's for root, else those of /etc/subuid */
} UnshareMap;

typedef struct UnshareRequest {
    /* DEFAULT and HOST: stay; PRIVATE: a new one; CONTAINER, PATH: join. Named in RunRequest. */
    RequestNamespace namespaces[NAMESPACE_MAX];
    UnshareMap map;
    bool mount_proc;      /* a /proc of the new pid namespace */
    const char *root;     /* the directory that becomes the root; NULL: stays */
    const char *hostname; /* NULL: stays */
    bool set_clocks;
    int64_t monotonic_offset_ns, boottime_offset_ns;
    StrList command; /* empty: a shell */
    char *const *environment;
} UnshareRequest;

/* What an option brings with it: --root and --mount-proc a mount namespace, --hostname a uts one,
 * --map-* a user namespace, clocks a time one. ERROR_USAGE for what makes no sense together. */
int unshare_complete(UnshareRequest *request, Error *error) MUST_CHECK;

/*
 * Executes the command, in the caller's place where that is possible: a new pid or time namespace
 * takes a child. `engine` is for container:NAME and MAP_AUTO; NULL: there is none.
 */
int unshare_run(const Engine *engine, const UnshareRequest *request, Arena *arena, int *ret_status,
                Error *error) MUST_CHECK;
