/*
 * Terminals: pty(7), termios(3), ioctl_tty(2). Copying to and from them: relay.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/error.h"

/*
 * The other side of a new pty. ptmx_fd is the master: the caller opened /dev/ptmx of the devpts
 * instance that is meant (each open makes a new pty), checked to be character device 5:2. The
 * slave is unlocked and opened with TIOCGPTPEER (Linux 4.13), never by path: a name in a
 * container's /dev is the container's to forge. Not the caller's controlling terminal.
 */
int terminal_open_peer(int ptmx_fd, Error *error) MUST_CHECK;
/* The master of a new pty: opens `path` (usually "ptmx" in a devpts mount of the engine's own) and
 * checks its device number. A symlink is not followed. */
int terminal_open_master(int dirfd, const char *path, Error *error) MUST_CHECK;
/* N in /dev/pts/N of either side. */
int terminal_number(int ptmx_fd, unsigned *ret_number, Error *error) MUST_CHECK;
/* setsid, TIOCSCTTY, and the descriptor on 0, 1 and 2; slave_fd is closed unless it is one. */
int terminal_make_controlling(int slave_fd, Error *error) MUST_CHECK;
/* 0 or a negative errno (-ENOTTY). */
int terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns);
/* Of either side; the foreground process group gets SIGWINCH if the size has changed. */
int terminal_resize(int fd, uint16_t rows, uint16_t columns, Error *error) MUST_CHECK;

/* Raw mode with the former settings saved; terminal_restore is safe to call twice. */
typedef struct TerminalState {
    int fd; /* -1: nothing to restore; not owned */
    struct termios saved;
} TerminalState;

#define TERMINAL_STATE_EMPTY ((TerminalState){ .fd = -1 })

/* Bytes pass as they are, in both directions: the pty in the container does the line editing and
 * turns \n into \r\n, and twice would be wrong. */
int terminal_raw(int fd, TerminalState *ret_state, Error *error) MUST_CHECK;
void terminal_restore(TerminalState *state);
