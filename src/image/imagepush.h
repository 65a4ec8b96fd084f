/*
 * Sending an image to a registry: blobs that it has not, then the manifest, byte for byte as it is
 * stored, so that its digest is the same everywhere.
 */
#pragma once

#include "base/error.h"
#include "image/image.h"
#include "image/registrycall.h"

typedef enum ImagePushState {
    IMAGEPUSH_EXISTS,    /* the repository has it */
    IMAGEPUSH_MOUNTED,   /* another repository there had it */
    IMAGEPUSH_UPLOADING, /* `sent` of its bytes */
    IMAGEPUSH_DONE,
} ImagePushState;

typedef struct ImagePush {
    const char *image;       /* what is sent: a reference or an id */
    const char *destination; /* a reference; NULL: `image` itself */
    RegistryOpen access;     /* how to reach it; domain and repository are filled in */
    /* A layer's state changed or it got on; may be NULL. */
    void (*on_layer)(void *context, const OciDescriptor *layer, ImagePushState state, int64_t sent);
    void *context;
} ImagePush;

typedef struct ImagePushed {
    const char *reference; /* whole */
    const char *digest;
    int64_t size; /* of the manifest */
} ImagePushed;

int imagepush_run(const ImageStore *store, const ImagePush *push, Arena *arena,
                  ImagePushed *ret_pushed, Error *error) MUST_CHECK;
