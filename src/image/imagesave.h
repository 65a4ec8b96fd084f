/*
 * Images as one archive, for other engines: a tar that is an OCI image layout and a docker archive
 * at once (as docker writes since 25.0): index.json and manifest.json speak of the same blobs.
 */
#pragma once

#include "base/error.h"
#include "image/image.h"

/* Writes to a file or pipe, in order, without seeking. The caller holds the store's shared lock,
 * since before he looked the images up. */
int imagesave_write(const ImageStore *store, const ImageList *images, int fd, Error *error)
    MUST_CHECK;
