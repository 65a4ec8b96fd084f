/*
 * What a command is about to add to the image store. Everything is made, verified and synced in a
 * temporary directory of the store; intake_commit then renames it into place and changes index.json
 * under the exclusive lock. A crash at any point leaves a directory ".tmp-*" and nothing else.
 *
 * What the store has already is not brought again, but a removal could take it away meanwhile: its
 * names are written, under the shared lock, to the file "keep" of the temporary directory, which
 * marking reads (imagemark.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/image/layer.h"
#include "image/image.h"
#include "image/imagestore.h"

typedef struct IntakeLimits {
    uint64_t layer_bytes;   /* unpacked, per layer */
    uint64_t layer_entries; /* per layer */
} IntakeLimits;

/* An image that is complete in the intake or the store. */
typedef struct IntakeImage {
    OciDescriptor manifest;
    StrList names; /* references; may be empty */
    const char *id;
    const char *origin; /* digest of the index it was chosen from; NULL: none */
    bool whole;         /* everything that index leads to is complete, too */
} IntakeImage;

typedef struct Intake {
    const ImageStore *store;
    IntakeLimits limits;
    Arena *arena;
    char name[IMAGESTORE_TEMP_NAME_SIZE];
    int fd, blobs_fd, layers_fd; /* the temporary directory; "blobs" and "layers" in it */
    int keep_fd;                 /* "keep" */
    unsigned serial;             /* for names of work directories */
    IntakeImage *images;
    size_t image_count;
    StrList partials; /* digests of blobs that lie, whole, in "partial" of the store */
    int *partial_fds; /* with their locks, as many */
    size_t partial_fd_count;
} Intake;

#define INTAKE_EMPTY ((Intake){ .fd = -1, .blobs_fd = -1, .layers_fd = -1, .keep_fd = -1 })

/* The store and the arena must outlive it. */
int intake_open(const ImageStore *store, const IntakeLimits *limits, Arena *arena,
                Intake *ret_intake, Error *error) MUST_CHECK;
/* Removes what was not committed. */
void intake_done(Intake *intake);

/* A new empty directory, or file, for work: a descriptor, and its name in the intake's own. */
enum { INTAKE_NAME_SIZE = 24 };
int intake_make_dir(Intake *intake, char ret_name[INTAKE_NAME_SIZE], Error *error) MUST_CHECK;
int intake_make_file(Intake *intake, char ret_name[INTAKE_NAME_SIZE], Error *error) MUST_CHECK;

/* The intake or the store has the blob; if it is the store's, it stays while the intake lives. */
bool intake_has_blob(Intake *intake, const char *digest);
/* imagestore_read_blob and imagestore_open_blob for a blob that one of the two has. */
int intake_read_blob(Intake *intake, const OciDescriptor *at, Arena *arena, char **ret_text,
                     size_t *ret_size, Error *error) MUST_CHECK;
int intake_open_blob(Intake *intake, const char *digest, Error *error) MUST_CHECK;
/* A document; its digest goes to ret_digest (may be NULL). */
int intake_add_bytes(Intake *intake, const void *data, size_t size, char ret_digest[DIGEST_SIZE],
                     Error *error) MUST_CHECK;
/* A file becomes the blob `digest`. `take`: it is verified and of this filesystem, and is renamed;
 * else it is copied, and the copy verified. */
typedef struct IntakeFile {
    int dirfd;
    const char *name;
    bool take;
} IntakeFile;
int intake_add_file(Intake *intake, const IntakeFile *file, const char *digest, Error *error)
    MUST_CHECK;
/* A download is whole and verified (imagepartial.h): the commit moves it. `fd` has its lock and is
 * taken. Whatever happens before the commit, the download is not lost. */
void intake_add_partial(Intake *intake, const char *digest, int fd);

/*
 * Unpacks layer number `index` (0 is the lowest) of an image unless the store or the intake has it.
 * `diff_ids` are the image's, `id` is its digest. The blob is read from source_fd and verified
 * against job->digest and job->size even if nothing needs to be unpacked.
 */
typedef struct IntakeLayer {
    const StrList *diff_ids;
    size_t index;
    const char *id;
    int source_fd;      /* seekable */
    int follow_fd;      /* LayerJob.follow_fd */
    bool alone;         /* the layers below may not be there yet: TREEDIR_NEEDS_LOWER if it cannot
                           be done without them */
    bool narrow;        /* LayerJob.narrow */
    bool needs_lower;   /* that has been the answer: do not try without */
    const char *digest; /* of the packed layer; NULL: unknown */
    uint64_t size;      /* UINT64_MAX: unknown */
} IntakeLayer;
int intake_add_layer(Intake *intake, const IntakeLayer *layer, LayerResult *ret_result,
                     Error *error) MUST_CHECK;
/* The intake or the store has it unpacked; if it is the store's, it stays while the intake lives.
 */
bool intake_has_layer(Intake *intake, const IntakeLayer *layer);
/* The same into an empty directory of the caller's, whatever the store has. */
int intake_unpack_into(Intake *intake, const IntakeLayer *layer, int target_fd,
                       LayerResult *ret_result, Error *error) MUST_CHECK;
/* All layers of a stored image stay while the intake lives. ERROR_CORRUPT if one is missing. */
int intake_keep_image(Intake *intake, const Image *image, Error *error) MUST_CHECK;
/* A directory of intake_make_dir, unpacked already, becomes a lowest layer. */
int intake_adopt_layer(Intake *intake, const char *name, const LayerResult *result, Error *error)
    MUST_CHECK;

/* A read-only overlay of directories of the store ("layers/...", topmost first) with the ids of
 * sandboxed children, detached. */
int intake_view(Intake *intake, const StrList *paths, Error *error) MUST_CHECK;

/* Returns it, to be completed. */
IntakeImage *intake_add_image(Intake *intake, const OciDescriptor *manifest, const StrList *names,
                              const char *id);

int intake_commit(Intake *intake, Error *error) MUST_CHECK;
