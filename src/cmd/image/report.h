/*
 * What a sandboxed child tells its parent, over a SOCK_SEQPACKET socket: directories that are to be
 * marked opaque (their descriptors), device nodes that are to be made (their paths), and at last
 * how it went. The child may be in a stranger's hands: the parent believes nothing but the shape of
 * a message, and resolves a path anew, inside the child's own directory.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cmd/image/treedir.h"

/* A pair of close-on-exec sockets: [0] the parent's, [1] the child's. */
int report_pair(int ret_fds[2], Error *error) MUST_CHECK;

/* The child's side. */
int report_opaque(int socket, int dir_fd, Error *error) MUST_CHECK;
/* Has the node made, with mode 0600, and waits for it: 0, or what mknod(2) answered (-EEXIST). */
int report_device(int socket, const char *path, mode_t type, dev_t device) MUST_CHECK;
/* `error` NULL or of kind ERROR_NONE: success, with the counts (NULL: none). */
void report_end(int socket, const TreeCounts *counts, const Error *error);

/* The parent's side. */
typedef struct Report {
    bool ended;
    TreeCounts counts; /* once ended, if error.kind is ERROR_NONE */
    Error error;
    uint64_t opaque_marked;
} Report;

/*
 * Takes one message and does what it asks for: marks a directory opaque (trusted.overlay.opaque;
 * CAP_SYS_ADMIN) if it lies on the filesystem of the child's directory `root_fd`, makes a device
 * node below that directory (CAP_MKNOD), or fills the report. At the end of the stream without a
 * last message the report says that the process died. Returns 0, or a negative errno if marking
 * failed.
 */
int report_receive(int socket, int root_fd, Report *report, Error *error) MUST_CHECK;
