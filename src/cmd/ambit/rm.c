/*
 * `ambit rm`: containers that have ended, or with --force any.
 */
#include <errno.h>

#include "engine/stop.h"
#include "session.h"

typedef struct RmOptions {
    bool force, volumes;
    SessionChoice choice;
} RmOptions;

static const Option rm_options[] = {
    { 'f', "force", OPTION_FLAG(RmOptions, force), NULL,
      "Kill a container that runs; a missing one is no error" },
    { 'v', "volumes", OPTION_FLAG(RmOptions, volumes), NULL,
      "Remove anonymous volumes too (they always are)" },
    SESSION_CHOICE(RmOptions, "All containers; with --force also those that run"),
    OPTION_REFUSE('l', "link", "not supported yet: there are no bridge networks for now"),
    OPTION_END,
};

static int rm_one(const Engine *engine, CommandCall *call, const char *word, Error *error)
{
    const RmOptions *options = call->values;
    ListingItem item;
    int r = listing_find(engine, word, call->arena, &item, error);
    if (r == -ENOENT && options->force) {
        error_clear(error);
        return SESSION_NOTHING;
    }
    return r < 0 ? r : stop_remove(engine, &item, options->force, error);
}

static int rm_run(CommandCall *call, Error *error)
{
    const RmOptions *options = call->values;
    return session_chosen(call, &options->choice, false, rm_one, error);
}

const Command rm_command = {
    .name = "rm",
    .summary = "Remove containers",
    .arguments = "CONTAINER...",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .options = rm_options,
    .values_size = sizeof(RmOptions),
    .run = rm_run,
};
