/*
 * `ambit system check` for images: is everything there that index.json promises, and nothing else?
 */
#pragma once

#include "base/error.h"
#include "image/imagegc.h"

typedef enum ImageProblemKind {
    IMAGE_PROBLEM_INDEX,     /* index.json cannot be read */
    IMAGE_PROBLEM_MANIFEST,  /* a manifest or config is missing or wrong: the image is lost */
    IMAGE_PROBLEM_BLOB,      /* a packed layer is missing or wrong: it runs, but cannot be pushed */
    IMAGE_PROBLEM_LAYER,     /* an unpacked layer is missing: it can be unpacked from its blob */
    IMAGE_PROBLEM_UNUSED,    /* a blob or layer that nothing refers to */
    IMAGE_PROBLEM_TEMPORARY, /* a leftover of an interrupted command */
} ImageProblemKind;

typedef struct ImageProblem {
    ImageProblemKind kind;
    const char *subject; /* an image's name or id, a blob's digest, a file's name */
    const char *text;    /* for people */
    const char *digest; /* MANIFEST: of the manifest; BLOB, LAYER: of the packed layer; else NULL */
    bool repaired;
} ImageProblem;

typedef struct ImageProblems {
    ImageProblem *items;
    size_t count;
} ImageProblems;

typedef struct ImageCheck {
    bool repair; /* removes leftovers, unused things and lost images (their names are told) */
    const ImageGcUse *use;
    /* Computes the digest of an open blob, for a deep check; NULL: sizes only. */
    int (*digest_of)(int fd, char ret_digest[OCI_DIGEST_SIZE], Error *error);
} ImageCheck;

/* What a problem of this image has as its subject. */
const char *imagecheck_subject(const OciDescriptor *descriptor);

int imagecheck_run(const ImageStore *store, const ImageCheck *check, Arena *arena,
                   ImageProblems *ret_problems, Error *error) MUST_CHECK;
