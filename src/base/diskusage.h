/*
 * What files occupy on disk, as du(1) counts: blocks, directories too, a file with several names
 * once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

typedef struct DiskUsage {
    uint64_t bytes;
    struct DiskUsageFile *files; /* seen ones that have several names; private */
    size_t count, room;
} DiskUsage;

/* Adds dirfd/name (a symlink is not followed) and all below it. What goes away meanwhile is left
 * out, and so is what lies more than 600 directories deep. Returns 0 or a negative errno. */
int diskusage_add(DiskUsage *usage, int dirfd, const char *name) MUST_CHECK;
void diskusage_done(DiskUsage *usage);
