/*
 * The foreground of `run` and `exec`: copies between the user's terminal (or pipes) and the
 * container's until the container's process has exited and its output is written, or the user
 * detaches.
 *
 * Needs: the signals in `signals` blocked by the caller before the child exists, SIGPIPE ignored.
 */
#pragma once

#include <signal.h>

#include "base/error.h"
#include "linux/detach_keys.h"

typedef enum RelayEnd {
    RELAY_EXITED,   /* the pidfd said so, and all output is written */
    RELAY_DETACHED, /* by the detach keys */
    RELAY_CLOSED,   /* without a pidfd: all output has ended */
    RELAY_STOPPED,  /* the signal callback wanted it */
} RelayEnd;

typedef struct RelayOptions {
    /* The user's side: usually 0, 1, 2; -1: none. Neither closed nor made non-blocking. */
    int user_in, user_out, user_err;
    /* The container's side: a pty master (not closed, made non-blocking), or -1 and ... */
    int terminal;
    /* ... our ends of its pipes, or -1. Taken over: the relay closes them, pipe_in as soon as the
     * user's input has ended. A socket may be given twice, as pipe_in and a dup as pipe_out. */
    int pipe_in, pipe_out, pipe_err;
    int pidfd;                /* of the container's process, not closed; -1: see RELAY_CLOSED */
    const DetachKeys *detach; /* NULL: no detaching */
    unsigned detach_hold_ms;  /* the keys' first bytes are passed on after this pause; 0: never */
    const sigset_t *signals;  /* received through a signalfd; NULL: none */
    /* Each one received, but SIGWINCH with a terminal, which resizes it. Returns 0, or positive to
     * end with RELAY_STOPPED, or a negative errno with the error filled. */
    int (*on_signal)(void *context, int signal, Error *error);
    void *context;
} RelayOptions;

/* All descriptors -1. */
#define RELAY_OPTIONS_EMPTY \
    ((RelayOptions){        \
        .user_in = -1,      \
        .user_out = -1,     \
        .user_err = -1,     \
        .terminal = -1,     \
        .pipe_in = -1,      \
        .pipe_out = -1,     \
        .pipe_err = -1,     \
        .pidfd = -1,        \
    })

/* With a terminal, its size is set to the user's first. Raw mode is the caller's (terminal.h). */
int relay_run(const RelayOptions *options, RelayEnd *ret_end, Error *error) MUST_CHECK;
