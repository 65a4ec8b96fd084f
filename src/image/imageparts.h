/*
 * The parts of a multi-platform image: every manifest that an index leads to, with config and
 * layers. Who fetches, keeps, sends, counts or checks an index as a whole walks through it here
 * (docs/design/0012).
 *
 * An index is hostile input: it may name itself through others, the same manifest ten thousand
 * times, manifests that are none, sizes that are wrong. A walk meets each document once, holds one
 * of each level in memory, and ends at a bound.
 */
#pragma once

#include "base/error.h"
#include "image/imagestore.h"

enum {
    IMAGEPARTS_MAX = 4096, /* documents and blobs */
    IMAGEPARTS_NESTING_MAX = 3,
};

/* A document: lives until the visit ends. */
typedef struct ImagePart {
    const OciDescriptor *at;
    const char *text;
    size_t size;
    const OciManifest *manifest; /* NULL: an index, all parts of which were visited before */
} ImagePart;

typedef int ImagePartVisit(void *context, const ImagePart *part, Error *error);
typedef int ImageBlobVisit(void *context, const OciDescriptor *blob, Error *error);

typedef struct ImageParts {
    const ImageStore *store; /* where documents are read */
    /* Instead of that: gets a document of the promised digest and size. */
    int (*read)(void *context, const OciDescriptor *at, Arena *arena, char **ret_text,
                size_t *ret_size, Error *error);
    ImagePartVisit *visit; /* each document; or */
    ImageBlobVisit *each;  /* each document, and after a manifest its blobs */
    /* A document is missing or wrong: 0 to go on without it. NULL: it ends the walk. */
    int (*failed)(void *context, const OciDescriptor *at, Error *error);
    void *context;
} ImageParts;

int imageparts_walk(const ImageParts *parts, const OciDescriptor *index, Error *error) MUST_CHECK;

/* The config and those layers that registries hold: not what lies at addresses elsewhere. */
int imageparts_blobs(const OciManifest *manifest, ImageBlobVisit *visit, void *context,
                     Error *error) MUST_CHECK;

/* A descriptor of the stored index with this digest. */
int imageparts_index(const ImageStore *store, const char *digest, Arena *arena,
                     OciDescriptor *ret_index, Error *error) MUST_CHECK;
/* imageparts_walk through a stored index. */
int imageparts_stored(const ImageParts *parts, const char *digest, Error *error) MUST_CHECK;
/* The answer of a `failed` that takes what is there: on, unless it is the disk that fails. */
int imageparts_pass_over(const Error *error);
