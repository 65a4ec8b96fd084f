/*
 * `rmi` and `image rm`: taking images away.
 */
#include "rmi.h"

#include <errno.h>

#include "cmd/program/output.h"
#include "image/imagegc.h"
#include "image/reference.h"
#include "image_session.h"

typedef struct RmiOptions {
    bool force, no_prune;
} RmiOptions;

static const Option rmi_options[] = {
    { 'f', "force", OPTION_FLAG(RmiOptions, force), NULL,
      "Also an image with several names or with containers; a missing one is no error" },
    { 0, "no-prune", OPTION_FLAG(RmiOptions, no_prune), NULL, "Has no effect", .hidden = true },
    OPTION_END,
};

void rmi_print(const ImageRemoval *removal, Arena *arena, StrBuf *text)
{
    for (size_t i = 0; i < removal->untagged.count; i++) {
        Reference reference;
        if (reference_parse(removal->untagged.items[i], arena, &reference, NULL) == 0)
            strbuf_printf(text, "Untagged: %s\n", reference_familiar(&reference, arena));
    }
    for (size_t i = 0; i < removal->removed.count; i++)
        strbuf_printf(text, "Deleted: %s\n", removal->removed.items[i]);
}

static int rmi_one(const ImageSession *session, const RmiOptions *options, const char *word,
                   Arena *arena, Error *error)
{
    ImageGcUse use;
    ImageRemoval removal;
    int lock = image_session_lock_use(session, arena, &use, error);
    if (lock < 0)
        return lock;
    ImageRemoveRequest request = {
        .image = word, .force = options->force, .use = &use, .lock = lock
    };
    int r = imagegc_remove(&session->store, &request, arena, &removal, error);
    if (r == -ENOENT && options->force) {
        error_clear(error);
        return 0;
    }
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    rmi_print(&removal, arena, &text);
    return output_write(strbuf_text(&text), error);
}

/* All are tried; the first error is returned, further ones are printed. */
static int rmi_run(CommandCall *call, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    int first = image_session_open(call, ENGINE_CHANGE, &session, error);
    if (first < 0)
        return first;
    for (size_t i = 0; i < call->argument_count; i++) {
        Error failure = { 0 };
        int r = rmi_one(&session, call->values, call->arguments[i], call->arena, &failure);
        if (r < 0 && first == 0) {
            first = r;
            *error = failure;
        } else if (r < 0) {
            output_error(call->path, &failure);
        }
    }
    return first;
}

#define RMI_COMMAND                                                                              \
    .summary = "Remove images", .arguments = "IMAGE...", .arguments_min = 1,                     \
    .arguments_max = COMMAND_ANY_NUMBER, .completes = "image",                                   \
    .description = "A name is taken away from its image; with its last name, or by its id, the " \
                   "image goes, and with it every layer that no other image and no container "   \
                   "needs.",                                                                     \
    .options = rmi_options, .values_size = sizeof(RmiOptions), .run = rmi_run

static const char *const image_rm_aliases[] = { "remove", NULL };

const Command rmi_command = { .name = "rmi", RMI_COMMAND };
const Command image_rm_command = { .name = "rm", .aliases = image_rm_aliases, RMI_COMMAND };
