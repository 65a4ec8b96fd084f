/*
 * The standard streams that a container's process inherits from this program.
 *
 * An anonymous pipe is passed on as it is. A terminal, a file or a socket of the caller's is not:
 * a terminal's descriptor is open for reading too, so a container in the background would hear what
 * is typed next; a log that is only to be appended to could be truncated; and behind a user
 * namespace neither could be opened again as /dev/stdout. In their place the container gets a pipe,
 * and the foreground copies.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum { STREAMS_COUNT = 3 };

typedef struct Streams {
    int caller[STREAMS_COUNT]; /* the caller's, while the container's are in their place, or -1 */
    int ends[STREAMS_COUNT];   /* our ends of the container's pipes, or -1: nothing to copy */
    unsigned pipes;            /* bit N: stream N of the container's is an anonymous pipe */
} Streams;

#define STREAMS_NONE ((Streams){ { -1, -1, -1 }, { -1, -1, -1 }, 0 })

typedef enum StreamsKind {
    STREAMS_FOREGROUND,
    STREAMS_TERMINAL, /* the container has one of its own (-t): only input is looked after */
    STREAMS_DETACHED, /* /dev/null for all three */
} StreamsKind;

/* Puts the container's into the place of 0, 1 and 2, until streams_restore(). Without `interactive`
 * standard input is /dev/null, as docker's users expect, and stays so. */
int streams_give(Streams *streams, StreamsKind kind, bool interactive, Error *error) MUST_CHECK;
/* The caller's are back; the ends stay. */
void streams_restore(Streams *streams);
/* The same, and the ends are closed. */
void streams_done(Streams *streams);
