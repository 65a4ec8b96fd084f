/*
 * Where images are kept: an OCI image layout (image-spec image-layout.md) and beside it the layers,
 * unpacked in the form in which overlayfs reads them.
 *
 *     <root>/                     0700
 *       oci-layout, index.json    the names and manifests that are stored
 *       blobs/sha256/<hex>        manifests, configs, packed layers
 *       layers/<name>/            a layer's tree; owners are the image's own (0 to 65535)
 *       partial/<hex>             blobs that are being downloaded (imagepartial.h)
 *       lock                      flock(2): exclusive to change index.json, blobs/ and layers/
 *       .tmp-*                    work in progress; its owner holds a lock on it
 *
 * A layer's <name> is the digest of its tar (its diff id). A layer that was unpacked with a look at
 * the ones below it (it has files in directories that it does not describe) may differ from image
 * to image: its name is then "<diff id>.<first 32 digits of the image id>".
 *
 * Whoever starts to use layers (a container) does so under a shared lock, from resolving the image
 * until the use is recorded, so that a concurrent removal sees either no use or the record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "spec/oci_image.h"

typedef struct ImageStore {
    int root_fd;
    int blobs_fd;  /* blobs/sha256 */
    int layers_fd; /* layers */
} ImageStore;

#define IMAGESTORE_EMPTY ((ImageStore){ -1, -1, -1 })

enum { IMAGESTORE_LAYER_NAME_SIZE = 64 + 1 + 32 + 1 };

/* Opens the store in the directory `path` below dirfd (AT_FDCWD), making it on first use. */
int imagestore_open(int dirfd, const char *path, ImageStore *ret_store, Error *error) MUST_CHECK;
void imagestore_done(ImageStore *store);

/* Takes the lock (waits for it): a descriptor, closing it releases the lock. */
int imagestore_lock(const ImageStore *store, bool exclusive, Error *error) MUST_CHECK;

/* A small blob (at most OCI_MAX_DOCUMENT_BYTES); its size must be the descriptor's. Its digest was
 * verified when it came in and is not computed again. */
int imagestore_read_blob(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
                         char **ret_data, size_t *ret_size, Error *error) MUST_CHECK;
/* Opens a blob for reading. */
int imagestore_open_blob(const ImageStore *store, const char *digest, Error *error) MUST_CHECK;

/*
 * The name of the directory that holds the layer `diff_id` for the image `id` (digests), if there
 * is one: 0, or -ENOENT.
 */
int imagestore_find_layer(const ImageStore *store, const char *diff_id, const char *id,
                          char ret_name[IMAGESTORE_LAYER_NAME_SIZE]) MUST_CHECK;
/* The name for a layer that depends on the ones below it (own), or for one that does not. */
void imagestore_layer_name(const char *diff_id, const char *id, bool own,
                           char ret_name[IMAGESTORE_LAYER_NAME_SIZE]);

/* Bytes of a layer's files, as counted when it was unpacked; else by walking through it. */
int imagestore_layer_bytes(const ImageStore *store, const char *name, uint64_t *ret_bytes,
                           Error *error) MUST_CHECK;
/* Where that count is kept: an extended attribute of the layer's directory, in decimal. */
#define IMAGESTORE_BYTES_XATTR "trusted.ambit.bytes"

/*
 * A directory for work in progress, named ".tmp-...": its name in ret_name, and a descriptor that
 * holds a lock on it. A directory whose lock can be had is a leftover.
 */
enum { IMAGESTORE_TEMP_NAME_SIZE = 32 };
int imagestore_make_temp(const ImageStore *store, char ret_name[IMAGESTORE_TEMP_NAME_SIZE],
                         Error *error) MUST_CHECK;
