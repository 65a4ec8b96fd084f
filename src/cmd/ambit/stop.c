/*
 * `ambit stop`: the stop signal, patience, then SIGKILL.
 */
#include "engine/stop.h"

#include <errno.h>

#include "linux/signalname.h"
#include "session.h"

typedef struct StopOptions {
    int64_t timeout_s;
    const char *signal;
    SessionChoice choice;
} StopOptions;

enum { STOP_TIMEOUT_UNSET = -2 };
static const StopOptions stop_defaults = { .timeout_s = STOP_TIMEOUT_UNSET };

static const Option stop_options[] = {
    { 't', "timeout", OPTION_I64(StopOptions, timeout_s), "SECONDS",
      "Kill after SECONDS; -1 waits for ever (default: the container's own, or 10)",
      .alias = "time", .min = -1, .max = 1000000 },
    { 's', "signal", OPTION_STRING(StopOptions, signal), "SIGNAL",
      "Send SIGNAL instead of the container's stop signal" },
    SESSION_CHOICE(StopOptions, "All containers that run"),
    OPTION_END,
};

static int stop_one(const Engine *engine, CommandCall *call, const char *word, Error *error)
{
    const StopOptions *options = call->values;
    int signal = options->signal ? signalname_parse(options->signal) : 0;
    if (signal < 0)
        return error_set(error, ERROR_USAGE, EINVAL, "--signal: '%s' is not a signal",
                         options->signal);
    ListingItem item;
    int r = listing_find(engine, word, call->arena, &item, error);
    if (r < 0)
        return r;
    int64_t timeout_s = options->timeout_s;
    if (timeout_s == STOP_TIMEOUT_UNSET)
        timeout_s = item.container && item.container->settings.config.stop_timeout.set
                        ? item.container->settings.config.stop_timeout.value
                        : STOP_TIMEOUT_DEFAULT_S;
    return stop_container(engine, &item, timeout_s, signal, error);
}

static int stop_run(CommandCall *call, Error *error)
{
    const StopOptions *options = call->values;
    return session_chosen(call, &options->choice, true, stop_one, error);
}

const Command stop_command = {
    .name = "stop",
    .summary = "End containers: their stop signal, then, after a while, KILL",
    .arguments = "CONTAINER...",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .examples = "# give a database a minute to write its files\n"
                "ambit stop --timeout 60 db\n",
    .options = stop_options,
    .values_size = sizeof(StopOptions),
    .defaults = &stop_defaults,
    .run = stop_run,
};
