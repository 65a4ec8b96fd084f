/*
 * The handshake between the engine's process and the child it makes: packets on a socketpair.
 *
 *   message   from    carries              means
 *   JOINED    stage   the child's pid      the stage process has made the child (joins only)
 *   PLACED    parent                       the child is in its cgroup (systemd's only)
 *   MAPPED    parent                       the child's ids are mapped: it may become root inside
 *   SUPPLIED  parent  the child's pid,     every slot the parent filled for the child
 *                     ignored signals,
 *                     descriptors
 *   TERMINAL  child   the pty's master     the container has a terminal
 *   HOOKS     child                        the tree is built, the engine's hooks may run
 *   HOOKED    parent                       they have run
 *   READY     child                        the tree is built; it waits for START (create)
 *   START     parent, or any process       finish and exec
 *             through channel_connect()
 *   UNHOOKED  child   an Error             a hook of its own failed, it gives up
 *   FAILED    child   an Error             the child gives up
 *   (end)     child                        exec succeeded: the socket was closed by it
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/fd.h"

typedef enum MessageKind {
    MESSAGE_END, /* received only: the other side is gone */
    MESSAGE_JOINED,
    MESSAGE_PLACED,
    MESSAGE_MAPPED,
    MESSAGE_SUPPLIED,
    MESSAGE_TERMINAL,
    MESSAGE_HOOKS,
    MESSAGE_HOOKED,
    MESSAGE_READY,
    MESSAGE_START,
    MESSAGE_UNHOOKED,
    MESSAGE_FAILED,
    MESSAGE_KIND_MAX,
} MessageKind;

/* Each kind sends the members up to its own. */
typedef struct Message {
    MessageKind kind;
    pid_t pid;        /* JOINED, SUPPLIED */
    uint32_t ignored; /* SUPPLIED: bit N: the engine ignores signal N, so the child does */
    uint16_t slots[FD_PASS_MAX]; /* SUPPLIED: the slot of each descriptor */
    Error error;                 /* UNHOOKED, FAILED */
} Message;

/* A connected pair, both close-on-exec. */
int channel_open(int ret_ends[2], Error *error) MUST_CHECK;

/*
 * A meeting point that outlives the process that made it: a listening socket `name` in the
 * directory, which nobody but its owner may enter. connect: -ECONNREFUSED when nobody listens.
 */
int channel_listen(int dirfd, const char *name, Error *error) MUST_CHECK;
int channel_accept(int socket, Error *error) MUST_CHECK;
int channel_connect(int dirfd, const char *name, Error *error) MUST_CHECK;

/* fds may be NULL with count 0. */
int channel_send(int end, const Message *message, const int *fds, size_t count, Error *error)
    MUST_CHECK;
/* The same without descriptors from a process that ends: by write(2), which the program's filter is
 * least likely to forbid. Nothing can be done if it does, and none to hear it is no matter. */
void channel_last_words(int end, const Message *message);
int channel_tell(int end, MessageKind kind, Error *error) MUST_CHECK;

/* The next message, whatever it is; descriptors as fd_receive. END when the other side is gone. */
int channel_receive(int end, Message *ret_message, int *fds, size_t *count, Error *error)
    MUST_CHECK;
/* The next message, which must be `kind` and carry no descriptors. FAILED gives its error. */
int channel_expect(int end, MessageKind kind, Error *error) MUST_CHECK;
