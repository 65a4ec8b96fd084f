/*
 * `commit`: what a container changed becomes the topmost layer of a new image. The packer's tar
 * goes through the same door as a stranger's: whiteouts, owners and attributes come out as they
 * would from a registry.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/image/pack.h"
#include "cmd/image/request.h"
#include "cmd/image/stream.h"
#include "cmd/image/treedir.h"
#include "image/image.h"

static int commit_config(const RequestContext *context, const Image *base, const char *diff_id,
                         OciImage *ret_image, Error *error)
{
    const Request *request = context->request;
    OciImage image = base->config;
    image.created = request->created;
    image.author = request->author;
    if (request->config) {
        image.config = (OciImageConfig){ 0 };
        int r = field_parse(&oci_image_config_table, request->config, strlen(request->config),
                            context->arena, &image.config, error);
        if (r < 0)
            return error_wrap(error, "--config");
    }
    OciHistory *history =
        arena_append(context->arena, &image.history.items, &image.history.count, sizeof(*history));
    *history = (OciHistory){
        .created = request->created,
        .created_by = request->created_by,
        .author = request->author,
        .comment = request->message,
    };
    strlist_append(context->arena, &image.rootfs.diff_ids, diff_id);
    *ret_image = image;
    return 0;
}

static int commit_open_changes(const RequestContext *context, Error *error)
{
    char path[TREEDIR_PATH_MAX];
    int r = treedir_normalise(context->request->layers.items[0], path);
    int dir CLEANUP(fd_closep) = r < 0 ? r : treedir_open_exact(context->store->root_fd, path);
    int fd = dir < 0 ? dir : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, dir < 0 ? dir : errno, "the container's changes");
    return fd;
}

/* Everything that differs from the layers below, as a layer. */
static int commit_layer(const RequestContext *context, Intake *intake, StreamLayer *ret_layer,
                        Error *error)
{
    Pack pack CLEANUP(pack_done) = PACK_NONE;
    PackOpaque opaque CLEANUP(pack_opaque_done) = { 0 };
    int ends[2];
    int upper CLEANUP(fd_closep) = commit_open_changes(context, error);
    if (upper < 0)
        return upper;
    int r = pack_find_opaque(upper, &opaque, error);
    if (r < 0)
        return r;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    int read_end CLEANUP(fd_closep) = ends[0];
    PackJob job = { .root_fd = upper, .changes = true, .opaque = opaque, .target_fd = ends[1] };
    r = pack_start(&job, &pack, error);
    fd_close(ends[1]);
    if (r < 0)
        return r;
    Error inner = { 0 };
    r = stream_take(intake, read_end, ret_layer, &inner);
    fd_closep(&read_end); /* a packer still writing has nobody to write to */
    /* A packer that failed has cut the archive: it has the reason. */
    int packed = pack_finish(&pack, error);
    if (packed < 0 && packed != -EPIPE)
        return packed;
    if (r < 0 && error)
        *error = inner;
    return r;
}

int commit_run(const RequestContext *context, Error *error)
{
    const Request *request = context->request;
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    StreamLayer layer;
    Image base;
    OciImage image;
    if (!request->image || request->layers.count != 1)
        return error_set(error, ERROR_USAGE, EINVAL, "commit needs --image and one --layer");
    int r = intake_open(context->store, &request->limits, context->arena, &intake, error);
    if (r == 0)
        r = image_resolve(context->store, request->image, context->arena, &base, error);
    if (r == 0)
        r = intake_keep_image(&intake, &base, error);
    if (r == 0)
        r = commit_layer(context, &intake, &layer, error);
    if (r == 0)
        r = commit_config(context, &base, layer.result.diff_id, &image, error);
    if (r == 0)
        r = stream_add_image(&intake, &image, &base.manifest.layers, &layer, &request->names,
                             error);
    if (r == 0)
        r = intake_commit(&intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
