/*
 * `export`: layers and what a container changed, merged as it sees them, as one tar archive on
 * descriptor 4.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/image/pack.h"
#include "cmd/image/request.h"

int export_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    Pack pack CLEANUP(pack_done) = PACK_NONE;
    if (context->request->layers.count == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "export needs --layer");
    /* Nothing is taken in: a place for mounts. */
    int r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r < 0)
        return r;
    int view CLEANUP(fd_closep) = intake_view(&intake, &context->request->layers, error);
    if (view < 0)
        return view;
    PackJob job = { .root_fd = view, .root_detached = true, .target_fd = context->data_fd };
    r = pack_start(&job, &pack, error);
    if (r == 0)
        r = pack_finish(&pack, error);
    if (r == 0) {
        json_write_object(context->answer);
        json_write_end_object(context->answer);
    }
    return r;
}
