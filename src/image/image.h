/*
 * Stored images: from what a person types to what a container needs.
 *
 * An image's id is the digest of its config. Everything returned lives in the arena.
 */
#pragma once

#include "base/error.h"
#include "image/imagestore.h"
#include "image/reference.h"

typedef struct Image {
    const char *name;            /* "docker.io/library/base:latest"; NULL if it has none */
    const char *id;              /* "sha256:..." */
    const char *manifest_digest; /* "sha256:..." */
    const char *origin;          /* of the index that it was chosen from; NULL: none */
    bool whole;                  /* everything that index leads to is stored */
    OciDescriptor descriptor;    /* of the manifest, as in index.json */
    OciManifest manifest;
    OciImage config;
    StrList layers; /* names of directories below layers/, topmost first */
} Image;

typedef struct ImageList {
    Image *items;
    size_t count;
} ImageList;

/*
 * Finds a stored image by reference ("base", "quay.io/x/y:1@sha256:..."), or by the beginning of
 * its id or of its manifest's digest (4 digits or more). Names come first. ERROR_NOT_FOUND if there
 * is none, ERROR_CONFLICT if an id's beginning fits several, ERROR_CORRUPT (-EBADMSG) if parts of
 * it are missing.
 */
int image_resolve(const ImageStore *store, const char *text, Arena *arena, Image *ret_image,
                  Error *error) MUST_CHECK;

/* The first step of it: the descriptor in an index that was read. */
int image_find(const ImageStore *store, const OciIndex *index, const char *text, Arena *arena,
               const OciDescriptor **ret_descriptor, Error *error) MUST_CHECK;

/* All images, one entry per name, the newest first. Images with missing parts are left out and
 * counted in *ret_broken (may be NULL); imagecheck_run names them. */
int image_list(const ImageStore *store, Arena *arena, ImageList *ret_list, size_t *ret_broken,
               Error *error) MUST_CHECK;

/* What `index` says about a manifest, with its documents but without a look at the layers: `layers`
 * stays empty. */
int image_read(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
               Image *ret_image, Error *error) MUST_CHECK;
/* Fills in `layers`. ERROR_CORRUPT names a layer that is missing. */
int image_find_layers(const ImageStore *store, Image *image, Arena *arena, Error *error) MUST_CHECK;

/* Was the image found by `text` because that is the beginning of its id? Then it is meant alone:
 * without its names, and without its siblings for other machines. */
bool image_is_said_by_id(const Image *image, const char *text);

/*
 * The sibling for another machine of what `text` names, in an index that is stored as a whole:
 * without its layers. -ENOENT without an error if there is none.
 */
int image_variant(const ImageStore *store, const char *text, const OciPlatform *platform,
                  Arena *arena, Image *ret_image, Error *error) MUST_CHECK;
/* All of them, this one too, as far as they can be read and are images. */
int image_variants(const ImageStore *store, const Image *image, Arena *arena, ImageList *ret_list,
                   Error *error) MUST_CHECK;

/* Gives the image another name (a reference without a digest). */
int image_tag(const ImageStore *store, const char *image, const char *name, Error *error)
    MUST_CHECK;

/* Seconds since 1970 of a time like "2024-05-01T10:00:00.123Z"; 0 if it is none. */
int64_t image_time(const char *rfc3339);

/* The sum of its layers' files. */
int image_bytes(const ImageStore *store, const Image *image, uint64_t *ret_bytes, Error *error)
    MUST_CHECK;
