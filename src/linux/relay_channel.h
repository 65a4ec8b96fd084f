/*
 * One direction of copying: bytes from a source descriptor to a sink through a bounded buffer.
 *
 * A channel never blocks and never loses a byte: it reads only while there is room (so that a slow
 * sink slows the writer down) and ends after its source ended and all was written. Its owner polls
 * for what the channel wants and hands it the answers. Used by relay.h in the foreground, and by a
 * monitor with a loop of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "linux/detach_keys.h"

enum {
    RELAY_CHANNEL_SIZE = 64 * 1024, /* bytes of the buffer */
    /* How much is still read after the writer's exit: more than a pipe or pty holds, but an end,
     * because others may have inherited the descriptor and go on writing. */
    RELAY_CHANNEL_DRAIN_MAX = 1024 * 1024,
};

typedef enum RelayChannelKind {
    RELAY_OUTPUT,   /* a sink that is gone ends the source: its writer gets SIGPIPE */
    RELAY_INPUT,    /* the same, and only so much is read as is wanted */
    RELAY_TERMINAL, /* output of a pty master: EIO means that nobody has the slave open at the
                       moment; without a sink it is read and dropped */
} RelayChannelKind;

typedef struct RelayChannel {
    RelayChannelKind kind;
    int source;                  /* -1: ended */
    int sink;                    /* -1: gone */
    bool owns_source, owns_sink; /* closed as soon as that side has ended */
    bool sink_socket;
    size_t write_max;   /* what one write may be without blocking once poll says POLLOUT */
    bool hung_up;       /* RELAY_TERMINAL: do not poll; clear it after a pause to try again */
    bool detached;      /* the detach keys came */
    size_t drain_left;  /* > 0: the writer has exited, and so many bytes are still read */
    DetachKeys *detach; /* filters the bytes; NULL: none. Not owned */
    size_t start, end;  /* the bytes in the buffer */
    unsigned char *buffer;
} RelayChannel;

/*
 * Both descriptors may be -1. They need not be non-blocking: one read or write follows each poll;
 * a sink that does block is written in small pieces. Release with relay_channel_done.
 */
void relay_channel_start(RelayChannel *channel, RelayChannelKind kind, int source, int sink);
void relay_channel_done(RelayChannel *channel); /* closes what it owns, frees the buffer */

/* Everything was copied, and what it owned is closed. */
bool relay_channel_ended(const RelayChannel *channel);
/* Whether to poll the source for POLLIN, the sink for POLLOUT. Poll them for nothing else: a
 * hang-up would be reported again and again. */
bool relay_channel_wants_source(const RelayChannel *channel);
bool relay_channel_wants_sink(const RelayChannel *channel);
/* `source_ready`, `sink_ready`: poll's answer (any event) for what was wanted. */
int relay_channel_move(RelayChannel *channel, bool source_ready, bool sink_ready, Error *error)
    MUST_CHECK;
/* The writer has exited: from now on "not ready" is the end. Poll it with timeout 0. */
void relay_channel_drain(RelayChannel *channel);
/* No more is read; what is in the buffer is still written. */
void relay_channel_end_source(RelayChannel *channel);
/* Passes on the bytes the detach keys hold back. */
void relay_channel_release_keys(RelayChannel *channel);

/*
 * A descriptor of our own for what `fd` refers to, to be closed by the caller. `fd` is often shared
 * with the shell that started us, whose terminal would become non-blocking with it: terminals and
 * pipes are therefore opened anew where that is possible; all else is duplicated and left as it is.
 */
int relay_channel_reopen(int fd, bool for_writing, Error *error) MUST_CHECK;
