/*
 * `rmi` and `image rm`: taking images away.
 */
#include "rmi.h"

#include <errno.h>

#include "cmd/program/output.h"
#include "image/image.h"
#include "image/imagegc.h"
#include "image/reference.h"
#include "image_session.h"

typedef struct RmiOptions {
    bool all, force, ignore, no_prune;
} RmiOptions;

static const Option rmi_options[] = {
    { 'f', "force", OPTION_FLAG(RmiOptions, force), NULL,
      "Also an image with several names or with containers; a missing one is no error" },
    { 'a', "all", OPTION_FLAG(RmiOptions, all), NULL, "All images" },
    { 'i', "ignore", OPTION_FLAG(RmiOptions, ignore), NULL, "One that is not there is no error" },
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
    if (r == -ENOENT && (options->force || options->ignore || options->all)) {
        error_clear(error);
        return 0;
    }
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    rmi_print(&removal, arena, &text);
    return output_write(strbuf_text(&text), error);
}

/* By their names, so that one with several is no conflict; by the id where there is none. */
static int rmi_all(const ImageSession *session, Arena *arena, StrList *words, Error *error)
{
    ImageList list;
    int r = image_list(&session->store, arena, &list, NULL, error);
    for (size_t i = 0; r == 0 && i < list.count; i++)
        strlist_append_new(arena, words,
                           list.items[i].name ? list.items[i].name : list.items[i].id);
    return r;
}

static int rmi_words(const CommandCall *call, const ImageSession *session, StrList *words,
                     Error *error)
{
    const RmiOptions *options = call->values;
    for (size_t i = 0; i < call->argument_count; i++)
        strlist_append(call->arena, words, call->arguments[i]);
    if (options->all && words->count)
        return error_set(error, ERROR_USAGE, EINVAL, "--all: there are names besides (%s)",
                         words->items[0]);
    if (!options->all && !words->count)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "an argument is missing (usage: %s [OPTIONS] IMAGE..., or --all)",
                         call->path);
    return options->all ? rmi_all(session, call->arena, words, error) : 0;
}

/* All are tried; the first error is returned, further ones are printed. */
static int rmi_run(CommandCall *call, Error *error)
{
    ImageSession session CLEANUP(image_session_done) = IMAGE_SESSION_EMPTY;
    StrList words = { 0 };
    int first = image_session_open(call, ENGINE_CHANGE, &session, error);
    if (first == 0)
        first = rmi_words(call, &session, &words, error);
    if (first < 0)
        return first;
    for (size_t i = 0; i < words.count; i++) {
        Error failure = { 0 };
        int r = rmi_one(&session, call->values, words.items[i], call->arena, &failure);
        if (r < 0)
            output_failure(call->path, r, &failure, &first, error);
    }
    return first;
}

#define RMI_COMMAND                                                                              \
    .summary = "Remove images", .arguments = "IMAGE...", .arguments_max = COMMAND_ANY_NUMBER,    \
    .completes = "image",                                                                        \
    .description = "A name is taken away from its image; with its last name, or by its id, the " \
                   "image goes, and with it every layer that no other image and no container "   \
                   "needs.",                                                                     \
    .options = rmi_options, .values_size = sizeof(RmiOptions), .run = rmi_run

static const char *const image_rm_aliases[] = { "remove", NULL };

const Command rmi_command = { .name = "rmi", RMI_COMMAND };
const Command image_rm_command = { .name = "rm", .aliases = image_rm_aliases, RMI_COMMAND };
