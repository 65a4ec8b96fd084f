/*
 * One direction of copying: bytes from a source descriptor to a sink through a bounded buffer.
 *
 * A channel never blocks and never loses a byte: it reads only while there is room (so that a slow
 * sink slows the writer down) and ends after its source ended and all was written. The owner polls:
 * relay_channel_wants() says for what, relay_channel_move() does it. Used by relay.h in the
 * foreground, and by a monitor with a loop of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "linux/detach_keys.h"

enum { RELAY_CHANNEL_SIZE = 64 * 1024 };

typedef struct RelayChannel {
    int source;                  /* -1: ended */
    int sink;                    /* -1: gone; what still comes is read and dropped */
    bool owns_source, owns_sink; /* closed by the channel when their direction ends */
    bool source_terminal;        /* a pty master: EIO means that nobody has the slave open now */
    bool hung_up;                /* the last read said so */
    bool draining;               /* the writer has exited: EAGAIN and EIO end the source */
    bool end_source_with_sink;   /* a broken sink ends the source: its writer gets SIGPIPE */
    bool detached;
    DetachKeys *detach; /* filters the bytes, or NULL; not owned */
    size_t start, end;  /* the bytes in the buffer */
    unsigned char *buffer;
} RelayChannel;

/* Descriptors must be non-blocking (relay_channel_reopen), or files that never block. */
void relay_channel_start(RelayChannel *channel, int source, int sink);
void relay_channel_done(RelayChannel *channel);
bool relay_channel_ended(const RelayChannel *channel);
/* poll(2) events to wait for on the source (POLLIN or 0) and the sink (POLLOUT or 0). */
short relay_channel_source_wants(const RelayChannel *channel);
short relay_channel_sink_wants(const RelayChannel *channel);
/* Reads what there is and writes what goes, until one would block. 0 or a negative errno. */
int relay_channel_move(RelayChannel *channel, Error *error) MUST_CHECK;
/* The writer has exited: what was written before is still copied, then the channel ends. */
void relay_channel_drain(RelayChannel *channel);

/*
 * A non-blocking descriptor for what `fd` refers to, without changing `fd`, whose file description
 * is shared with the shell that started us: terminals and pipes are opened anew, others are
 * duplicated (sockets are read and written with MSG_DONTWAIT, files do not block).
 */
int relay_channel_reopen(int fd, bool for_writing, Error *error) MUST_CHECK;
