/*
 * The foreground of `run` and `exec`: the caller's terminal and signals belong to the container
 * until its process ends.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "engine/streams.h"

typedef struct Foreground {
    bool interactive; /* -i: the caller's standard input is passed on */
    bool terminal;    /* -t */
    int terminal_fd;  /* the container's terminal, master side; -1 without -t */
    Streams *streams; /* restored; what has an end there is copied, without -t; NULL: none */
    pid_t pid;        /* a child of the caller */
    int pidfd;
    const char *detach_keys; /* NULL: ctrl-p,ctrl-q */
    bool no_signal_proxy;    /* signals are swallowed; only a third INT or TERM ends it all */
    bool transparent; /* an OCI runtime: no detach keys, and a third INT is one like the first */
} Foreground;

/* A terminal that reads from what is none would never see the end of its input: refused, as by
 * docker. */
int foreground_check(bool interactive, bool terminal, Error *error) MUST_CHECK;

/* Blocks the signals that foreground_wait() passes on. To be called before the child is made: what
 * arrives in between is kept. */
void foreground_block_signals(sigset_t *ret_signals);

/* Stands between; returns the exit status a shell expects (128 + signal for a signal). Whatever
 * happens the terminal is restored. */
int foreground_wait(const Foreground *foreground, const sigset_t *signals, int *ret_status,
                    Error *error) MUST_CHECK;
