/*
 * Landlock: a process takes away from itself what it may do with files, sockets and signals, beside
 * and after its capabilities: landlock(7), Linux 5.13; renaming and linking between directories can
 * be allowed since 5.19, which is the oldest kernel that this is used on.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* What may be allowed: the first two below one directory. */
typedef enum LandlockAccess {
    LANDLOCK_READ = 1,    /* open files and directories for reading */
    LANDLOCK_WRITE = 2,   /* write, make, link, rename and remove, but no sockets and block devices;
                             character devices because overlayfs's whiteouts are some */
    LANDLOCK_CONNECT = 4, /* make TCP connections; wherever they lead */
} LandlockAccess;

/*
 * From here on the calling thread and its children may execute nothing, open nothing but what
 * `allowed` (LandlockAccess) says below `tree_fd` (-1: nothing at all), bind no TCP port, make no
 * TCP connection unless that is allowed, reach no abstract socket and signal no process outside.
 * Descriptors that are open already stay usable. Needs no_new_privs. Returns 0, or 1 where the
 * kernel has no Landlock (or an older one).
 */
int landlock_confine(int tree_fd, unsigned allowed, Error *error) MUST_CHECK;
