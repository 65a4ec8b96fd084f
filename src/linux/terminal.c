/*
 * ptys and terminal modes.
 *
 * The trap: a pty's slave has a name, and the name is resolved by whoever owns /dev/pts there. The
 * peer is therefore always opened from the master itself.
 */
#include "linux/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

/* The device behind every ptmx: Documentation/admin-guide/devices.txt. */
enum { TERMINAL_PTMX_MAJOR = 5, TERMINAL_PTMX_MINOR = 2 };

int terminal_open_master(int dirfd, const char *path, Error *error)
{
    int fd CLEANUP(fd_closep) = openat(dirfd, path, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(error, errno, "open %s", path);
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(TERMINAL_PTMX_MAJOR, TERMINAL_PTMX_MINOR))
        return error_set(error, ERROR_CORRUPT, ENODEV, "%s is not a pseudoterminal multiplexer",
                         path);
    return TAKE_FD(fd);
}

int terminal_open_peer(int ptmx_fd, Error *error)
{
    int unlock = 0;
    if (ioctl(ptmx_fd, TIOCSPTLCK, &unlock) < 0)
        return error_errno(error, errno, "unlock a pseudoterminal");
    int fd = ioctl(ptmx_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "open the other side of a pseudoterminal") : fd;
}

int terminal_number(int ptmx_fd, unsigned *ret_number, Error *error)
{
    unsigned number;
    if (ioctl(ptmx_fd, TIOCGPTN, &number) < 0)
        return error_errno(error, errno, "ask for the number of a pseudoterminal");
    *ret_number = number;
    return 0;
}

int terminal_make_controlling(int slave_fd, Error *error)
{
    if (setsid() < 0 && errno != EPERM) /* EPERM: we lead a group, perhaps a session already */
        return error_errno(error, errno, "begin a session");
    if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
        return error_errno(error, errno, "make the pseudoterminal the controlling terminal");
    for (int fd = 0; fd <= 2; fd++) {
        /* dup2 of a descriptor on itself does nothing: close-on-exec would stay. */
        int r = fd == slave_fd ? fcntl(fd, F_SETFD, 0) : dup2(slave_fd, fd);
        if (r < 0)
            return error_errno(error, errno, "put the pseudoterminal on descriptor %d", fd);
    }
    if (slave_fd > 2)
        fd_close(slave_fd);
    return 0;
}

int terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0)
        return -errno;
    *ret_rows = size.ws_row;
    *ret_columns = size.ws_col;
    return 0;
}

int terminal_resize(int fd, uint16_t rows, uint16_t columns, Error *error)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };
    if (ioctl(fd, TIOCSWINSZ, &size) < 0)
        return error_errno(error, errno, "resize the terminal to %u rows, %u columns", rows,
                           columns);
    return 0;
}

int terminal_raw(int fd, TerminalState *ret_state, Error *error)
{
    struct termios saved;
    if (tcgetattr(fd, &saved) < 0)
        return error_errno(error, errno, "read the terminal's settings");
    struct termios raw = saved;
    cfmakeraw(&raw);
    if (tcsetattr(fd, TCSANOW, &raw) < 0) /* what was typed ahead is kept */
        return error_errno(error, errno, "set the terminal raw");
    *ret_state = (TerminalState){ .fd = fd, .saved = saved };
    return 0;
}

void terminal_restore(TerminalState *state)
{
    if (state->fd < 0)
        return;
    (void)tcsetattr(state->fd, TCSANOW, &state->saved);
    state->fd = -1;
}
