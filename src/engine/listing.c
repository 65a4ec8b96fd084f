/*
 * A container's status is derived each time: an engine process that was killed leaves state.json
 * behind, and the recorded process may be gone or its pid another's.
 */
#include "engine/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "engine/lifecycle.h"
#include "engine/names.h"

static ContainerStatus listing_status(const Engine *engine, const ListingItem *item)
{
    if (item->state && container_is_running(item->state))
        return CONTAINER_RUNNING;
    if (item->container && item->container->finished)
        return CONTAINER_EXITED;
    int lock CLEANUP(fd_closep) = lifecycle_try_lock(engine, item->id);
    return lock == -EWOULDBLOCK ? CONTAINER_CREATED : CONTAINER_DEAD;
}

static void listing_load(const Engine *engine, const char *id, Arena *arena, ListingItem *item)
{
    *item = (ListingItem){ .id = id };
    (void)!container_read(engine, id, arena, &item->container, NULL);
    (void)!container_read_state(engine, id, arena, &item->state, NULL);
    item->status = listing_status(engine, item);
}

int listing_find(const Engine *engine, const char *word, Arena *arena, ListingItem *ret_item,
                 Error *error)
{
    char id[NAMES_ID_LENGTH + 1];
    int r = names_resolve(engine, word, id, error);
    if (r < 0)
        return r;
    listing_load(engine, arena_strdup(arena, id), arena, ret_item);
    return 0;
}

/* The newest first. */
static int listing_compare(const void *a, const void *b)
{
    static const Container nothing;
    const Container *x = ((const ListingItem *)a)->container;
    const Container *y = ((const ListingItem *)b)->container;
    x = x ? x : &nothing;
    y = y ? y : &nothing;
    if (x->created != y->created)
        return x->created > y->created ? -1 : 1;
    return x->created_ns > y->created_ns ? -1 : x->created_ns < y->created_ns;
}

int listing_read(const Engine *engine, bool all, Arena *arena, Listing *ret_listing, Error *error)
{
    StrList ids;
    int r = container_list(engine, arena, &ids, error);
    if (r < 0)
        return r;
    Listing listing = { 0 };
    for (size_t i = 0; i < ids.count; i++) {
        ListingItem item;
        listing_load(engine, ids.items[i], arena, &item);
        if (all || item.status == CONTAINER_RUNNING)
            *(ListingItem *)arena_append(arena, &listing.items, &listing.count, sizeof(item)) =
                item;
    }
    if (listing.count > 1)
        qsort(listing.items, listing.count, sizeof(*listing.items), listing_compare);
    *ret_listing = listing;
    return 0;
}

void listing_duration(int64_t seconds, StrBuf *text)
{
    static const struct {
        int64_t seconds;
        const char *one, *many;
    } units[] = {
        { 365 * 86400, "a year", "years" }, { 30 * 86400, "a month", "months" },
        { 7 * 86400, "a week", "weeks" },   { 86400, "a day", "days" },
        { 3600, "an hour", "hours" },       { 60, "a minute", "minutes" },
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t n = seconds / units[i].seconds;
        if (n == 0)
            continue;
        if (n == 1)
            strbuf_add(text, units[i].one);
        else
            strbuf_printf(text, "%lld %s", (long long)n, units[i].many);
        return;
    }
    if (seconds == 1)
        strbuf_add(text, "a second");
    else
        strbuf_printf(text, "%lld seconds", (long long)(seconds < 0 ? 0 : seconds));
}

void listing_status_text(const ListingItem *item, int64_t now, StrBuf *text)
{
    switch (item->status) {
    case CONTAINER_CREATED: strbuf_add(text, "Created"); break;
    case CONTAINER_RUNNING:
    case CONTAINER_PAUSED:
        strbuf_add(text, "Up ");
        listing_duration(now - item->state->started, text);
        if (item->status == CONTAINER_PAUSED)
            strbuf_add(text, " (Paused)");
        break;
    case CONTAINER_EXITED:
        strbuf_printf(text, "Exited (%d) ", item->container->exit_status);
        listing_duration(now - item->container->finished, text);
        strbuf_add(text, " ago");
        break;
    case CONTAINER_DEAD: strbuf_add(text, "Dead (ambit system check --repair)"); break;
    }
}
