/*
 * What each image occupies on disk, and how much of that another one has too: `system df
 * --verbose`.
 */
#pragma once

#include "image/image.h"

/* Bytes as du(1) counts them: packed blobs and unpacked layers. */
typedef struct ImageUsed {
    const Image *image; /* of `images` */
    uint64_t shared_bytes, unique_bytes;
} ImageUsed;

typedef struct ImageUsedList {
    ImageUsed *items; /* as many as images, in their order */
    size_t count;
} ImageUsedList;

/* Two names of one image are one image: what both have is not shared. */
int imageusage_read(const ImageStore *store, const ImageList *images, Arena *arena,
                    ImageUsedList *ret_list, Error *error) MUST_CHECK;
