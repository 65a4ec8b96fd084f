/*
 * A tar stream becomes a tree (tree.h). The format is read by libarchive with its tar reader alone:
 * ustar, pax, GNU with long names and sparse files. Runs in the sandboxed writer process.
 */
#pragma once

#include "cmd/image/tree.h"

/*
 * Reads the uncompressed tar at `fd` to its end (what follows the archive's end mark is read and
 * dropped, so that the other side of a pipe sees everything taken) and fills the tree.
 */
int unpack_tar(int fd, const TreeOptions *options, TreeCounts *ret_counts, Error *error) MUST_CHECK;
