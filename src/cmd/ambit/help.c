/*
 * `ambit help run`: the same as `ambit run --help`, for people who try the words the other way.
 */
#include "cmd/program/program.h"
#include "commands.h"

static int help_run(CommandCall *call, Error *error)
{
    CommandCall found;
    int r = command_find(&ambit_command, call->arguments, call->argument_count, call->arena, &found,
                         error);
    return r < 0 ? r : program_help(&found, error);
}

const Command help_command = {
    .name = "help",
    .summary = "Show what a command does",
    .arguments = "[COMMAND...]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "command",
    .run = help_run,
};
