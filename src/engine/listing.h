/*
 * Containers as people and scripts see them: what files, locks and the kernel say, put together.
 */
#pragma once

#include "engine/container.h"

typedef struct ListingItem {
    const char *id;
    Container *container;  /* NULL: not completely made, or its files are gone */
    ContainerState *state; /* NULL: it does not run */
    ContainerStatus status;
} ListingItem;

typedef struct Listing {
    ListingItem *items; /* newest first */
    size_t count;
} Listing;

/* One container by name, id or prefix. */
int listing_find(const Engine *engine, const char *word, Arena *arena, ListingItem *ret_item,
                 Error *error) MUST_CHECK;
/* All of them, or those that run. */
int listing_read(const Engine *engine, bool all, Arena *arena, Listing *ret_listing, Error *error)
    MUST_CHECK;

/* "Up 3 minutes", "Exited (137) 2 hours ago": docker's words. */
void listing_status_text(const ListingItem *item, int64_t now, StrBuf *ret_text);
/* "3 minutes", of a number of seconds. */
void listing_duration(int64_t seconds, StrBuf *ret_text);
