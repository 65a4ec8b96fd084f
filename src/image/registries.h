/*
 * What podman's configuration says about registries: containers-registries.conf(5), version 2, with
 * its drop-ins, as one.
 *
 * Read are $CONTAINERS_REGISTRIES_CONF, or ~/.config/containers/registries.conf, or
 * /etc/containers/registries.conf, the first that there is; then, whichever that was, *.conf of
 * /etc/containers/registries.conf.d and of ~/.config/containers/registries.conf.d in the order of
 * their names; what is read later wins.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"

/* One [[registry]] table. */
typedef struct RegistriesEntry {
    const JsonValue *table;
    const char *prefix; /* the table's, or its location */
    const char *path;   /* of the file, for messages */
} RegistriesEntry;

typedef struct Registries {
    RegistriesEntry *entries; /* in the order they were read */
    size_t count;
    StrList search; /* unqualified-search-registries; empty: nobody says */
    StrMap aliases; /* short name -> name without tag; "" where a later file takes one back */
    bool enforcing; /* short-name-mode */
} Registries;

/* Everything in the arena. ERROR_CORRUPT names the file and the line. */
int registries_read(Arena *arena, Registries *ret_registries, Error *error) MUST_CHECK;

/*
 * The entry with the longest prefix of `name` ("host/path:tag", "host/path@digest"), of equals the
 * last; NULL: none. *ret_rest: what follows the prefix in the name, "" or beginning with one of
 * "/:@"; for a prefix "*.host" the whole name from the first "/" on.
 */
const RegistriesEntry *registries_find(const Registries *registries, const char *name,
                                       const char **ret_rest);
