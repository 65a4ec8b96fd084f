/*
 * What the images of an index need: the sets that a sweep keeps and a check compares the disk with.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/imagestore.h"

/* Names, sorted. */
typedef struct ImageMarkSet {
    const char **items;
    size_t count;
} ImageMarkSet;

typedef struct ImageMarks {
    ImageMarkSet blobs;  /* file names in blobs/sha256 */
    ImageMarkSet layers; /* directory names in layers */
} ImageMarks;

/* In a temporary directory: lines "blobs/<hex>" and "layers/<name>" that its owner relies on. */
#define IMAGEMARK_KEEP "keep"

/*
 * Marks what every manifest of the index refers to, `layers_in_use` (may be NULL), and
 * what work in progress relies on. A manifest
 * or config that is missing or corrupt marks what is known of it; one that cannot be read for
 * another reason (EIO, EMFILE) is an error, for nothing may be removed then.
 */
int imagemark_all(const ImageStore *store, const OciIndex *index, const StrList *layers_in_use,
                  Arena *arena, ImageMarks *ret_marks, Error *error) MUST_CHECK;
/* What one of its manifests needs, alone; the sets are not sorted. */
int imagemark_one(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
                  ImageMarks *ret_marks, Error *error) MUST_CHECK;
bool imagemark_has(const ImageMarkSet *set, const char *name);

/* Calls `visit` for each name in a directory but "." and "..", until one fails. */
int imagemark_each(int dirfd, int (*visit)(void *context, const char *name, Error *error),
                   void *context, Error *error) MUST_CHECK;

/*
 * A ".tmp-*" of the store's root whose owner is gone; of files only who holds the exclusive lock
 * can tell. A descriptor, or -1. Whoever removes a directory keeps it open until then: it has the
 * lock that another one is about to take on what it has just made.
 */
int imagemark_open_leftover(const ImageStore *store, const char *name);

/* Removes the directories among them, which needs no lock; what fails is left to the next sweep. */
void imagemark_clean(const ImageStore *store);
