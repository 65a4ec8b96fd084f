/*
 * index.json: which images the store has and by which names. One descriptor per name, with the
 * annotation org.opencontainers.image.ref.name; an image without a name has one descriptor without
 * it. The newest is the last.
 */
#pragma once

#include "base/error.h"
#include "image/imagestore.h"
#include "image/reference.h"

#define IMAGEINDEX_REF_NAME  "org.opencontainers.image.ref.name"
/* Of an image that was chosen from an index in a registry: that index's digest, by which people and
 * other engines know it. The index itself is a blob of the store. */
#define IMAGEINDEX_ORIGIN    "ambit.image.origin"
/* "all": the manifests of the origin for other machines are stored too (docs/design/0012). */
#define IMAGEINDEX_PLATFORMS "ambit.image.platforms"

/* A missing file is an empty index. */
int imageindex_read(const ImageStore *store, Arena *arena, OciIndex *ret_index, Error *error)
    MUST_CHECK;
/* Replaces the file; the caller holds the exclusive lock. */
int imageindex_write(const ImageStore *store, const OciIndex *index, Error *error) MUST_CHECK;

/* The whole reference that a descriptor is known by, or NULL. */
const char *imageindex_name(const OciDescriptor *descriptor);
/* The digest of the index that it was chosen from, or NULL. */
const char *imageindex_origin(const OciDescriptor *descriptor);
/* Does the name stand for the whole of that index? */
bool imageindex_is_whole(const OciDescriptor *descriptor);
/* Does `name` stand for the whole of the index `origin` (may be NULL) now? */
bool imageindex_has_whole(const OciIndex *index, const char *name, const char *origin);
/* By a parsed reference; with a digest in it, that must be the manifest's or the origin's, and a
 * tag is ignored. NULL if there is none. */
const OciDescriptor *imageindex_find(const OciIndex *index, const Reference *reference,
                                     Arena *arena);

/*
 * Changing the index in memory; all new memory is in the arena. Giving a name that another manifest
 * has takes it away from that one, which stays without a name unless it has others.
 */
void imageindex_put(OciIndex *index, Arena *arena, const OciDescriptor *manifest, const char *name);
/* Where the image of this name was chosen from; NULL: it was named itself. `whole`: all of that is
 * stored. */
void imageindex_set_origin(OciIndex *index, Arena *arena, const char *name, const char *digest,
                           bool whole);
/* Takes a name away. The last name of an image takes the image along. */
bool imageindex_remove_name(OciIndex *index, const char *name);
/* Removes every descriptor of a manifest. Returns how many there were. */
size_t imageindex_remove_manifest(OciIndex *index, const char *digest);
