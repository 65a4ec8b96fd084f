/*
 * A tar stream of files becomes a layer of its own and its blob: what `import` and `commit` have in
 * common, down to the image's documents.
 */
#pragma once

#include "cmd/image/intake.h"
#include "spec/oci_image.h"

typedef struct StreamLayer {
    LayerResult result;
    char digest[DIGEST_SIZE]; /* of the blob */
    uint64_t size;
    const char *media_type;
} StreamLayer;

/* Hashes, saves and unpacks it in one pass. */
int stream_take(Intake *intake, int source_fd, StreamLayer *ret_layer, Error *error) MUST_CHECK;

/* Config and manifest of an image whose topmost layer this is; `below` are the manifest's other
 * layers. The image goes into the intake under `names`. */
int stream_add_image(Intake *intake, const OciImage *image, const OciDescriptors *below,
                     const StreamLayer *layer, const StrList *names, Error *error) MUST_CHECK;
