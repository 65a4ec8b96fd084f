/*
 * `ambit rm`: containers that have ended, or with --force any.
 */
#include <errno.h>

#include "engine/stop.h"
#include "session.h"

typedef struct RmOptions {
    bool force, volumes;
} RmOptions;

static const Option rm_options[] = {
    { 'f', "force", OPTION_FLAG(RmOptions, force), NULL,
      "Kill a container that runs; a missing one is no error" },
    { 'v', "volumes", OPTION_FLAG(RmOptions, volumes), NULL,
      "Remove anonymous volumes too (they always are)" },
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
    return session_each(call, rm_one, error);
}

const Command rm_command = {
    .name = "rm",
    .summary = "Remove containers",
    .arguments = "CONTAINER...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .options = rm_options,
    .values_size = sizeof(RmOptions),
    .run = rm_run,
};
