/*
 * A container's processes held still for a moment, while somebody reads what they may be writing.
 *
 * Whoever holds them may be killed: a small child (the keeper) waits for that or for freeze_end,
 * and lets them go. On cgroup v1 a container has no freezer of its own (making one costs at each
 * start): a temporary one is made, and the processes go back to where they were.
 */
#pragma once

#include "engine/listing.h"

typedef struct Freeze {
    pid_t keeper; /* 0: nothing is held */
    int hold;     /* closing it lets go */
} Freeze;

#define FREEZE_NONE ((Freeze){ 0, -1 })

/* One that does not run is left alone: success. */
int freeze_begin(const ListingItem *item, Arena *arena, Freeze *ret_freeze, Error *error)
    MUST_CHECK;
/* Returns when they run again. */
void freeze_end(Freeze *freeze);
