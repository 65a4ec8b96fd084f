/*
 * `verify`: documents and blobs are hashed, layers unpacked once more and compared with those that
 * containers use.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/image/comparison.h"
#include "cmd/image/digest.h"
#include "cmd/image/request.h"
#include "image/image.h"
#include "image/imageparts.h"

enum { VERIFY_PROBLEMS_MAX = 100 };

typedef struct Verify {
    const RequestContext *context;
    Intake *intake;
    const Image *image;
    StrList problems;
} Verify;

static void verify_tell(Verify *verify, const char *text)
{
    if (verify->problems.count < VERIFY_PROBLEMS_MAX)
        strlist_append(verify->context->arena, &verify->problems, text);
}

static void verify_on_difference(void *context, const char *text)
{
    verify_tell(context, text);
}

static int verify_blob(Verify *verify, const char *digest, Error *error)
{
    char actual[DIGEST_SIZE];
    int fd CLEANUP(fd_closep) = imagestore_open_blob(verify->context->store, digest, error);
    if (fd < 0)
        return fd;
    int r = digest_of_file(fd, actual, NULL, error);
    if (r == 0 && !str_eq(actual, digest))
        verify_tell(verify, arena_printf(verify->context->arena, "blob %s is damaged", digest));
    return r;
}

/* The same layer, from its blob. */
static int verify_unpack(Verify *verify, size_t index, int *ret_fd, Error *error)
{
    const Image *image = verify->image;
    char work[INTAKE_NAME_SIZE];
    int blob CLEANUP(fd_closep) = imagestore_open_blob(
        verify->context->store, image->manifest.layers.items[index].digest, error);
    int target CLEANUP(fd_closep) = blob < 0 ? -1 : intake_make_dir(verify->intake, work, error);
    if (target < 0)
        return blob < 0 ? blob : target;
    LayerResult result;
    IntakeLayer layer = {
        .diff_ids = &image->config.rootfs.diff_ids,
        .index = index,
        .id = image->id,
        .source_fd = blob,
        .digest = image->manifest.layers.items[index].digest,
        .size = (uint64_t)image->manifest.layers.items[index].size,
    };
    int r = intake_unpack_into(verify->intake, &layer, target, &result, error);
    if (r == 0)
        *ret_fd = TAKE_FD(target);
    return r;
}

static int verify_layer(Verify *verify, size_t index, Error *error)
{
    const ImageStore *store = verify->context->store;
    const char *diff_id = verify->image->config.rootfs.diff_ids.items[index];
    char name[IMAGESTORE_LAYER_NAME_SIZE];
    Error inner = { 0 };
    int fresh CLEANUP(fd_closep) = -1;
    int r = verify_unpack(verify, index, &fresh, &inner);
    if (r < 0 && inner.kind == ERROR_CORRUPT) {
        verify_tell(verify, arena_printf(verify->context->arena, "layer %zu: %s", index + 1,
                                         inner.message));
        return 0;
    }
    if (r < 0) {
        if (error)
            *error = inner;
        return r;
    }
    r = imagestore_find_layer(store, diff_id, verify->image->id, name);
    int there CLEANUP(fd_closep) = r < 0 ? -1 : comparison_open(store->layers_fd, name);
    if (there < 0) {
        verify_tell(verify,
                    arena_printf(verify->context->arena, "unpacked layer %s is missing", diff_id));
        return 0;
    }
    Comparison comparison = { .on_difference = verify_on_difference, .context = verify };
    (void)snprintf(comparison.prefix, sizeof(comparison.prefix), "layer %zu: ", index + 1);
    return comparison_run(&comparison, there, fresh, error);
}

/*** An index that is stored as a whole: its other blobs. ***/

static int verify_part_blob(void *context, const OciDescriptor *blob, Error *error)
{
    Verify *verify = context;
    Error inner = { 0 };
    for (size_t i = 0; i < verify->image->manifest.layers.count; i++)
        if (str_eq(verify->image->manifest.layers.items[i].digest, blob->digest))
            return 0;
    int r = verify_blob(verify, blob->digest, &inner);
    if (r == -ENOENT) {
        verify_tell(verify,
                    arena_printf(verify->context->arena, "blob %s is missing", blob->digest));
        return 0;
    }
    if (r < 0 && error)
        *error = inner;
    return r;
}

static int verify_part_failed(void *context, const OciDescriptor *at, Error *error)
{
    Verify *verify = context;
    verify_tell(verify, arena_printf(verify->context->arena, "%s: %s", at->digest, error->message));
    return imageparts_pass_over(error);
}

static int verify_whole(Verify *verify, Error *error)
{
    ImageParts parts = {
        .store = verify->context->store,
        .each = verify_part_blob,
        .failed = verify_part_failed,
        .context = verify,
    };
    return verify->image->whole ? imageparts_stored(&parts, verify->image->origin, error) : 0;
}

static void verify_answer(const Verify *verify)
{
    JsonWriter *w = verify->context->answer;
    json_write_object(w);
    json_write_key(w, "problems");
    json_write_strings(w, &verify->problems);
    json_write_end_object(w);
}

int verify_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    Image image;
    if (!context->request->image)
        return error_set(error, ERROR_USAGE, EINVAL, "verify needs --image");
    int r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r == 0)
        r = image_resolve(context->store, context->request->image, context->arena, &image, error);
    if (r < 0)
        return r;
    Verify verify = { .context = context, .intake = &intake, .image = &image };
    r = verify_blob(&verify, image.manifest_digest, error);
    if (r == 0)
        r = verify_blob(&verify, image.id, error);
    for (size_t i = 0; r == 0 && i < image.manifest.layers.count; i++)
        r = verify_layer(&verify, i, error);
    if (r == 0)
        r = verify_whole(&verify, error);
    if (r == 0)
        verify_answer(&verify);
    return r;
}
