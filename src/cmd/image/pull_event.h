/*
 * Progress as JSON objects, one a line, to who started us; not more often than a person can see.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct PullEvent {
    const char *digest, *state;                /* static texts */
    int64_t current, total, unpacked, resumed; /* bytes of the packed layer */
} PullEvent;

typedef struct PullEvents {
    int fd; /* -1: nobody listens */
    int64_t next_ms;
    PullEvent *last; /* what was told of each layer */
} PullEvents;

void pull_events_init(PullEvents *events, int fd, size_t count, Arena *arena);
/* Is it time to tell what has moved? */
bool pull_events_due(PullEvents *events);
/* A layer's state: told if it changed, or if it moved and `due`. */
void pull_event_tell(PullEvents *events, size_t layer, const PullEvent *event, bool due);
