/*
 * Terminals: pty(7), termios(3), ioctl_tty(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/error.h"

/* A new pty of the devpts instance whose ptmx is ptmx_fd's (opened by the caller, checked to be
 * character device 5:2); the other side is opened with TIOCGPTPEER, never by path. */
int terminal_open_peer(int ptmx_fd, Error *error) MUST_CHECK;
/* setsid, TIOCSCTTY, and the descriptor on 0, 1 and 2. */
int terminal_make_controlling(int slave_fd, Error *error) MUST_CHECK;
int terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns);
int terminal_resize(int fd, uint16_t rows, uint16_t columns, Error *error) MUST_CHECK;
/* Raw mode with the former settings saved; terminal_restore is safe to call twice. */
typedef struct TerminalState {
    int fd; /* -1: nothing to restore */
    struct termios saved;
} TerminalState;
int terminal_raw(int fd, TerminalState *ret_state, Error *error) MUST_CHECK;
void terminal_restore(TerminalState *state);
