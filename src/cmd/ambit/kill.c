/*
 * `ambit kill`: a signal to the first process.
 */
#include <errno.h>
#include <signal.h>

#include "engine/stop.h"
#include "linux/signalname.h"
#include "session.h"

typedef struct KillOptions {
    const char *signal;
    SessionChoice choice;
} KillOptions;

static const Option kill_options[] = {
    { 's', "signal", OPTION_STRING(KillOptions, signal), "SIGNAL",
      "Send SIGNAL, a name or number (default KILL)" },
    SESSION_CHOICE(KillOptions, "All containers that run"),
    OPTION_END,
};

static int kill_one(const Engine *engine, CommandCall *call, const char *word, Error *error)
{
    const KillOptions *options = call->values;
    int signal = options->signal ? signalname_parse(options->signal) : SIGKILL;
    if (signal <= 0)
        return error_set(error, ERROR_USAGE, EINVAL, "--signal: '%s' is not a signal",
                         options->signal);
    ListingItem item;
    int r = listing_find(engine, word, call->arena, &item, error);
    return r < 0 ? r : stop_signal(&item, signal, error);
}

static int kill_run(CommandCall *call, Error *error)
{
    const KillOptions *options = call->values;
    return session_chosen(call, &options->choice, true, kill_one, error);
}

const Command kill_command = {
    .name = "kill",
    .summary = "Send a signal to the first process of containers",
    .arguments = "CONTAINER...",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .examples = "# make a server read its configuration again\n"
                "ambit kill --signal HUP web\n",
    .options = kill_options,
    .values_size = sizeof(KillOptions),
    .run = kill_run,
};
