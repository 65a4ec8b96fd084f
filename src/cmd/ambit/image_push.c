/*
 * `push`: a stored image to its registry.
 */
#include "image/imagepush.h"

#include <string.h>
#include <unistd.h>

#include "access.h"
#include "cmd/program/output.h"
#include "image_session.h"
#include "progress.h"

typedef struct PushOptions {
    bool quiet;
    Access access;
} PushOptions;

static const Option push_options[] = {
    { 'q', "quiet", OPTION_FLAG(PushOptions, quiet), NULL, "Print the reference only" },
    ACCESS_OPTIONS(PushOptions),
    OPTION_REFUSE('a', "all-tags", "not supported yet: name each tag"),
    OPTION_REFUSE(0, "platform", "not supported yet: what is stored is sent"),
    OPTION_REFUSE(0, "compress", "layers are sent as they are stored, so that their digests stay"),
    OPTION_REFUSE(0, "compression-format",
                  "layers are sent as they are stored, so that their digests stay"),
    OPTION_REFUSE('f', "format", "the manifest is sent as it is stored, so that its digest stays"),
    OPTION_REFUSE(0, "digestfile",
                  "not supported yet: `ambit image inspect -f '{{.ManifestDigest}}' IMAGE`"),
    OPTION_REFUSE(0, "sign-by", "not supported yet: sign with a tool of its own"),
    OPTION_END,
};

static void push_on_layer(void *context, const OciDescriptor *layer, ImagePushState state,
                          int64_t sent)
{
    static const char *const words[] = { "exists", "mounted", "uploading", "pushed" };
    ProgressItem item = {
        .digest = layer->digest, .state = words[state], .current = sent, .total = layer->size
    };
    progress_show(context, &item);
}

static int push_run(CommandCall *call, Error *error)
{
    const PushOptions *options = call->values;
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    Progress progress CLEANUP(progress_done) = { 0 };
    ImagePush push = {
        .image = call->arguments[0],
        .destination = call->argument_count > 1 ? call->arguments[1] : NULL,
        .on_layer = options->quiet ? NULL : push_on_layer,
        .context = &progress,
    };
    ImagePushed pushed;
    progress_init(&progress, false);
    int r = access_open(&options->access, call->arena, &push.access, error);
    if (r == 0)
        r = image_session_open(call, ENGINE_LOOK, &session, error);
    if (r == 0)
        r = imagepush_run(&session.store, &push, call->arena, &pushed, error);
    progress_done(&progress);
    if (r < 0)
        return r;
    return output_write(options->quiet
                            ? arena_printf(call->arena, "%s\n", pushed.reference)
                            : arena_printf(call->arena, "%s: digest: %s size: %lld\n",
                                           pushed.reference, pushed.digest, (long long)pushed.size),
                        error);
}

#define PUSH_DESCRIPTION                                                                      \
    "Sends an image to the registry that its name says, or under another name. What the "     \
    "registry has already is not sent again; the manifest goes as it is stored, so that its " \
    "digest is the same there."

#define PUSH_EXAMPLES                          \
    "# under its own name\n"                   \
    "ambit push registry.example/team/web:1\n" \
    "# under another one\n"                    \
    "ambit push web:1 registry.example/team/web:1\n"

#define PUSH_COMMAND                                                                      \
    {                                                                                     \
        .name = "push", .summary = "Send an image to a registry",                         \
        .arguments = "IMAGE [DESTINATION]", .arguments_min = 1, .arguments_max = 2,       \
        .completes = "image", .description = PUSH_DESCRIPTION, .examples = PUSH_EXAMPLES, \
        .options = push_options, .values_size = sizeof(PushOptions), .run = push_run,     \
    }

const Command push_command = PUSH_COMMAND;
const Command image_push_command = PUSH_COMMAND;
