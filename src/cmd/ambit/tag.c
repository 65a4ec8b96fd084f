/*
 * `tag`: another name for an image.
 */
#include "image/image.h"
#include "image_session.h"

static int tag_run(CommandCall *call, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    int r = image_session_open(call, ENGINE_CHANGE, &session, error);
    return r < 0 ? r : image_tag(&session.store, call->arguments[0], call->arguments[1], error);
}

#define TAG_COMMAND                                                                          \
    .name = "tag", .summary = "Give an image another name", .arguments = "IMAGE NAME[:TAG]", \
    .arguments_min = 2, .arguments_max = 2, .completes = "image", .run = tag_run,            \
    .description = "IMAGE is, here and everywhere, a name or at least four digits of an id " \
                   "(the first ones); names come first."

const Command tag_command = { TAG_COMMAND };
const Command image_tag_command = { TAG_COMMAND };
