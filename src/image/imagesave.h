/*
 * Images as one archive, for other engines: a tar that is an OCI image layout and a docker archive
 * at once (as docker writes since 25.0): index.json and manifest.json speak of the same blobs.
 */
#pragma once

#include "base/error.h"
#include "image/image.h"

/*
 * Writes to a file or pipe, in order, without seeking. The caller holds the store's shared lock in
 * *lock, since before he looked the images up. It is given back before the first byte is written:
 * all blobs are open then, unless there are more of them than a quarter of what a process may open.
 */
int imagesave_write(const ImageStore *store, const ImageList *images, int fd, int *lock,
                    Error *error) MUST_CHECK;
