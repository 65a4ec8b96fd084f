/*
 * `ambit help run`: the same as `ambit run --help`, for people who try the words the other way.
 */
#include <unistd.h>

#include "commands.h"
#include "output.h"

static int help_run(CommandCall *call, Error *error)
{
    CommandCall found;
    int r = command_find(&ambit_command, call->arguments, call->argument_count, call->arena, &found,
                         error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    UsageStyle style = output_style(STDOUT_FILENO);
    usage_render(found.command, found.path, &style, &text);
    return output_write(strbuf_text(&text), error);
}

const Command help_command = {
    .name = "help",
    .summary = "Show what a command does",
    .arguments = "[COMMAND...]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "command",
    .run = help_run,
};
