/*
 * A directory tree becomes a tar stream, the other way round than unpack.h: for `export` (a whole
 * root filesystem) and `commit` (what a container changed, with whiteouts as images have them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "cmd/image/report.h"

/* Inode numbers of directories that hide what lies below them; sorted. */
typedef struct PackOpaque {
    uint64_t *inodes;
    size_t count, room;
} PackOpaque;

/* Looks for them below a directory: their mark takes a privilege to read that the packer has not.
 * ERROR_UNSUPPORTED for a directory that overlayfs has renamed without copying it. */
int pack_find_opaque(int root_fd, PackOpaque *ret_opaque, Error *error) MUST_CHECK;
void pack_opaque_done(PackOpaque *opaque);

typedef struct PackJob {
    int root_fd;        /* the tree */
    bool root_detached; /* it is a mount of its own for the children (intake_view) */
    bool changes; /* an upper layer of overlayfs: nodes 0:0 and opaque marks become whiteouts */
    PackOpaque opaque; /* changes: of pack_find_opaque */
    int target_fd;     /* where the tar goes */
} PackJob;

/* A running packer: a sandboxed child. */
typedef struct Pack {
    pid_t pid;
    int socket;
} Pack;

#define PACK_NONE ((Pack){ 0, -1 })

int pack_start(const PackJob *job, Pack *ret_pack, Error *error) MUST_CHECK;
/* Waits for its end: how it went. Sockets of the tree are left out: a tar cannot hold them. */
int pack_finish(Pack *pack, Error *error) MUST_CHECK;
void pack_done(Pack *pack); /* kills it */
