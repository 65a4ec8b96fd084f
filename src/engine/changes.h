/*
 * What a container's root is stacked from, and how it differs from its image: for `commit`,
 * `export` and `diff`.
 */
#pragma once

#include "engine/listing.h"

/* Paths below the engine's root directory. */
typedef struct ChangesLayers {
    const char *upper; /* what the container changed */
    StrList lowers;    /* topmost first; the last is the empty places for mounts */
} ChangesLayers;

/* Of the container that is called so. ERROR_UNSUPPORTED where the changes are not on disk as a
 * layer: --rootfs, --read-only, a root that is a copy; the message says which. */
int changes_find(const Engine *engine, const char *name, Arena *arena, ListingItem *ret_item,
                 ChangesLayers *ret_layers, Error *error) MUST_CHECK;

typedef enum ChangesKind {
    CHANGES_MODIFIED = 'C',
    CHANGES_ADDED = 'A',
    CHANGES_DELETED = 'D',
} ChangesKind;

typedef struct ChangesEntry {
    ChangesKind kind;
    const char *path; /* "/etc/passwd", as the container would write it: any bytes */
} ChangesEntry;

typedef struct ChangesList {
    ChangesEntry *items; /* sorted by path */
    size_t count;
} ChangesList;

enum { CHANGES_MAX = 1000 * 1000 };

/* docker's `diff`: a directory is modified if something in it is. */
int changes_list(const Engine *engine, const ChangesLayers *layers, Arena *arena,
                 ChangesList *ret_list, Error *error) MUST_CHECK;
