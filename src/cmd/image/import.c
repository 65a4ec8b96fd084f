/*
 * `import`: the tar of a root filesystem becomes an image with one layer.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cmd/image/request.h"
#include "cmd/image/stream.h"

/* The config document: what the person asked for, and what history is to say. */
static int import_config(const RequestContext *context, const char *diff_id, OciHistory *history,
                         OciImage *ret_image, Error *error)
{
    const Request *request = context->request;
    OciImage image = {
        .created = request->created,
        .architecture = request->architecture,
        .variant = request->variant,
        .os = "linux",
        .rootfs.type = "layers",
    };
    if (request->config) {
        int r = field_parse(&oci_image_config_table, request->config, strlen(request->config),
                            context->arena, &image.config, error);
        if (r < 0)
            return error_wrap(error, "--config");
    }
    *history = (OciHistory){
        .created = request->created,
        .created_by = "ambit image import",
        .comment = request->message,
    };
    image.history.items = history;
    image.history.count = 1;
    strlist_append(context->arena, &image.rootfs.diff_ids, diff_id);
    *ret_image = image;
    return 0;
}

int import_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    StreamLayer layer;
    OciHistory history;
    OciImage image;
    if (context->data_is_dir)
        return error_set(error, ERROR_USAGE, EISDIR, "import takes a tar archive, not a directory");
    int r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r == 0)
        r = stream_take(&intake, context->data_fd, &layer, error);
    if (r == 0 && layer.result.counts.entries == 0)
        r = error_set(error, ERROR_CORRUPT, ENODATA, "the archive is empty");
    if (r == 0)
        r = import_config(context, layer.result.diff_id, &history, &image, error);
    if (r == 0)
        r = stream_add_image(&intake, &image, NULL, &layer, &context->request->names, error);
    if (r == 0)
        r = intake_commit(&intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
