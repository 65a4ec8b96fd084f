/*
 * Taking images away, and what no image needs any more: mark and sweep over the disk itself, no
 * reference counts. And the same walk as a check of the whole store.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/imagefilter.h"
#include "image/imagestore.h"

typedef struct ImageGcResult {
    uint64_t blobs, layers, temporaries; /* removed */
    uint64_t bytes;                      /* freed, as far as it is known */
} ImageGcResult;

/* What running and stopped containers use. */
typedef struct ImageGcUse {
    StrList ids;    /* of images */
    StrList layers; /* names of layer directories */
} ImageGcUse;

typedef struct ImageRemoveRequest {
    const char *image; /* a reference, or the beginning of an id */
    bool force;
    const ImageGcUse *use;
    int lock; /* exclusive, held since before `use` was read: a container that starts waits */
} ImageRemoveRequest;

typedef struct ImageRemoval {
    StrList untagged; /* references whose name was taken away */
    StrList removed;  /* ids of images that are gone */
    ImageGcResult swept;
} ImageRemoval;

/*
 * docker's `rmi IMAGE`: a reference takes only that name away if the image has others; the last
 * name, or an id, takes the image. By id with several names: ERROR_CONFLICT unless `force`.
 * An image that a container uses: ERROR_CONFLICT; with `force` it goes, and the container's
 * layers stay until a later sweep. Then sweeps. Takes the lock's descriptor.
 */
int imagegc_remove(const ImageStore *store, const ImageRemoveRequest *request, Arena *arena,
                   ImageRemoval *ret_removal, Error *error) MUST_CHECK;

typedef struct ImagePruneRequest {
    bool all; /* every image that no container uses, not only those without a name */
    const ImageFilter *filter; /* only those that fit; NULL: any */
    const ImageGcUse *use;
    int lock; /* as above */
} ImagePruneRequest;

/* Removes unused images, then sweeps. Takes the lock's descriptor. */
int imagegc_prune(const ImageStore *store, const ImagePruneRequest *request, Arena *arena,
                  ImageRemoval *ret_removal, Error *error) MUST_CHECK;

/* Blobs, layers and leftovers that nothing refers to. Takes the exclusive lock. */
int imagegc_sweep(const ImageStore *store, const ImageGcUse *use, ImageGcResult *ret_result,
                  Error *error) MUST_CHECK;

/* Disk usage as du(1) counts it: unpacked layers; packed blobs with downloads and the index; and
 * how much of all that nothing refers to. */
typedef struct ImageUsage {
    uint64_t images; /* different ids */
    uint64_t active; /* used by a container */
    uint64_t layer_bytes, blob_bytes;
    uint64_t reclaimable_bytes; /* what imagegc_prune(all) would free */
} ImageUsage;
int imagegc_usage(const ImageStore *store, const ImageGcUse *use, ImageUsage *ret_usage,
                  Error *error) MUST_CHECK;
