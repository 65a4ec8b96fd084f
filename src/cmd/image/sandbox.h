/*
 * Processes that handle what strangers wrote: they see one directory or none, no network, no other
 * process, are nobody in the host's eyes, hold a few capabilities over their own directory or none,
 * and may call what their task needs (docs/security.md, class I).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The calling process gives up everything but the directory `root_fd`, which becomes its "/": new
 * mount, network, IPC, UTS and cgroup namespaces, and only the capabilities that sandbox_spawn's
 * children and overlay mounts need. Descriptors opened before still lead to where they led; *ret_fd
 * is the new root. Needs root. Must be called before any thread exists.
 */
int sandbox_enter(int root_fd, int *ret_fd, Error *error) MUST_CHECK;

/* A copy of a directory as a mount of its own that is attached nowhere: ".." ends at it. */
int sandbox_detach_tree(int fd, bool read_only, Error *error) MUST_CHECK;
/* The same for children: with their ids, so that what is root's on disk is theirs in it. */
int sandbox_detach_mapped(int fd, bool read_only, Error *error) MUST_CHECK;

typedef enum SandboxProfile {
    SANDBOX_COMPUTE, /* reads and writes its descriptors, nothing else; no capabilities */
    SANDBOX_READER,  /* reads whatever is below its root, which it cannot change */
    SANDBOX_WRITER,  /* creates files of any owner and mode below its root, but no devices */
} SandboxProfile;

enum { SANDBOX_FDS_MAX = 8 };

typedef struct SandboxChild {
    SandboxProfile profile;
    int root_fd;              /* its "/", mounted nosuid, nodev, noexec */
    bool root_detached;       /* root_fd is such a mount itself, attached nowhere and with the
                                 children's ids: it is taken, since a detached mount can be cloned
                                 only since Linux 6.15 */
    int fds[SANDBOX_FDS_MAX]; /* what it finds at descriptors 0, 1, 2, ...; -1: closed */
    unsigned fd_count;
    uint64_t memory_bytes; /* RLIMIT_DATA */
    /* Runs in the child, which then exits with the status returned. */
    int (*run)(void *context);
    void *context;
} SandboxChild;

/* Starts a child in a pid and a user namespace of its own; it dies with this process. Returns its
 * pid. */
pid_t sandbox_spawn(const SandboxChild *child, Error *error) MUST_CHECK;

/*
 * Waits for the end of all children, also of those of children that have ended (whoever calls
 * sandbox_enter inherits them). A mount namespace takes tens of milliseconds to go on a busy
 * machine, so whoever has killed a child may leave the waiting to this; before what a writer wrote
 * is believed or removed, it must have been done.
 */
void sandbox_settle(void);
