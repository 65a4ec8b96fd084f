/*
 * Copying a tree of files with everything that belongs to it: owners, modes, times, extended
 * attributes, links, nodes. For the first content of a new volume or a tmpfs, and for a container's
 * root where the filesystem cannot be idmapped.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum { TREECOPY_DEPTH_MAX = 256 };

/* For `shift`: owners are copied as they look to the caller. */
#define TREECOPY_SAME_IDS UINT32_MAX

/*
 * Copies what is in the directory source_fd into the directory target_fd, and the source's own
 * owner, mode and times onto it. Every id is raised by `shift`; ids above 65,535 become 65,534
 * first, as they would look in a container; TREECOPY_SAME_IDS leaves them as they are. Symlinks are
 * copied, never followed. Names of one file become names of one file. ERROR_LIMIT when the disk is
 * full; what was copied stays, for the caller to remove.
 */
int treecopy_run(int source_fd, int target_fd, uint32_t shift, Error *error) MUST_CHECK;
