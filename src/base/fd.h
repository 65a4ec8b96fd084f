/*
 * File descriptors: closing, whole reads and writes with bounds, passing over a socket.
 *
 * Every descriptor in this program is close-on-exec from its birth (O_CLOEXEC, SOCK_CLOEXEC, ...).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

void fd_close(int fd);   /* -1 is allowed; errno is kept */
void fd_closep(int *fd); /* for CLEANUP */

/*
 * For the beginning of main: none of 0, 1 and 2 is closed from here on. What is opened there later
 * would be kept for the container as a standard stream: a directory of the host's, reached through
 * /proc/self/fd/N (CVE-2024-21626). A closed one becomes /dev/null, opened for reading: a program
 * whose output nobody wanted still learns that it cannot write. Returns 0 or a negative errno.
 */
int fd_fill_standard(void) MUST_CHECK;

/* Writes everything, through short writes and EINTR. Returns 0 or a negative errno. */
int fd_write_all(int fd, const void *data, size_t size) MUST_CHECK;

/* read(2), again where a signal came between. Returns what was read or a negative errno. */
ssize_t fd_read(int fd, void *buffer, size_t size) MUST_CHECK;

/*
 * Reads to the end of the file into the arena, NUL-terminated. More than `limit` bytes: -EFBIG.
 * Returns 0 or a negative errno; *ret_size (may be NULL) is without the terminator.
 */
int fd_read_all(int fd, size_t limit, Arena *arena, char **ret_data, size_t *ret_size) MUST_CHECK;

/* Up to size-1 bytes with one terminator, in one read where the kernel allows: for /proc files. */
ssize_t fd_read_text(int fd, char *buffer, size_t size) MUST_CHECK;

/* An anonymous file in memory with this content, to be read from its beginning: what a program gets
 * as its input, which a pipe would make wait for it. `name` shows in /proc. A negative errno. */
int fd_memory(const char *name, const void *data, size_t size) MUST_CHECK;

/* An anonymous pipe, of pipe(2): a FIFO that has a name is none. */
bool fd_is_pipe(int fd);

/*
 * Sends `count` descriptors (at most FD_PASS_MAX) with `size` (> 0) bytes of data over a Unix
 * socket; fd_receive fills fds[] and sets *count to how many came, all close-on-exec.
 * fd_receive returns the number of data bytes, 0 at the end of the stream, or a negative errno.
 */
enum { FD_PASS_MAX = 250 }; /* the kernel takes 253 */
int fd_send(int socket, const void *data, size_t size, const int *fds, size_t count) MUST_CHECK;
ssize_t fd_receive(int socket, void *data, size_t size, int *fds, size_t *count) MUST_CHECK;

/* A path to reach what an open descriptor refers to: "/proc/self/fd/N" (magic link). */
enum { FD_PATH_SIZE = 32 };
const char *fd_path(int fd, char buffer[FD_PATH_SIZE]);
