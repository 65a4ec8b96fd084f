/*
 * `restore`: an image of an index that is stored as a whole, for another machine than this, gets
 * its layers when somebody first runs it (docs/design/0012).
 */
#include "cmd/image/restore.h"

#include <errno.h>

#include "base/fd.h"
#include "image/image.h"

int restore_image(const RequestContext *context, Intake *intake, const Image *image, Error *error)
{
    int restored = 0;
    const StrList *diff_ids = &image->config.rootfs.diff_ids;
    for (size_t i = 0; i < diff_ids->count; i++) {
        char name[IMAGESTORE_LAYER_NAME_SIZE];
        if (imagestore_find_layer(context->store, diff_ids->items[i], image->id, name) == 0)
            continue;
        const OciDescriptor *at = &image->manifest.layers.items[i];
        int fd CLEANUP(fd_closep) = imagestore_open_blob(context->store, at->digest, error);
        if (fd < 0)
            return fd;
        LayerResult result;
        IntakeLayer layer = {
            .diff_ids = diff_ids,
            .index = i,
            .id = image->id,
            .source_fd = fd,
            .digest = at->digest,
            .size = (uint64_t)at->size,
        };
        int r = intake_add_layer(intake, &layer, &result, error);
        if (r < 0)
            return error_wrap(error, "layer %zu", i + 1);
        restored++;
    }
    return restored;
}

int restore_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    const Request *request = context->request;
    const OciPlatform platform = { .architecture = request->architecture,
                                   .variant = request->variant };
    Image sibling;
    if (!request->image)
        return error_set(error, ERROR_USAGE, EINVAL, "restore needs --image");
    int r =
        image_variant(context->store, request->image, &platform, context->arena, &sibling, error);
    if (r == 0)
        r = intake_open(context->store, &request->limits, context->arena, &intake, error);
    if (r == 0)
        r = restore_image(context, &intake, &sibling, error);
    if (r > 0)
        r = intake_commit(&intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
