/*
 * `ambit-oci completion bash|zsh|fish` prints the shell's script, which calls the hidden `words`;
 * the hidden `man` prints a command's man page as source for scdoc(1), for the build. At a TAB
 * errors are silent.
 */
#include "base/completion.h"

#include "base/manpage.h"
#include "cmd/ambit/output.h"
#include "commands.h"
#include "record.h"

static int completion_run_script(CommandCall *call, Error *error)
{
    return output_write(completion_script(call->command->name, oci_command.name, call->arena),
                        error);
}

static int completion_run_words(CommandCall *call, Error *error)
{
    Completion completion;
    StrList ids = { 0 };
    completion_find(&oci_command, call->arguments, call->argument_count, call->arena, &completion);
    if (completion.completes && str_eq(completion.completes, "container")) {
        OciGlobals globals = { 0 };
        StrList rest;
        const OptionLine line = {
            .options = oci_command.options,
            .mode = OPTION_STOP_AT_ARGUMENT,
            .words = call->arguments + 1,
            .count = call->argument_count > 2 ? call->argument_count - 2 : 0,
            .go_spelling = true,
        };
        (void)!option_parse(&line, &globals, call->arena, &rest, NULL);
        (void)!record_list(commands_root(&globals, call->arena), call->arena, &ids, NULL);
        for (size_t i = 0; i < ids.count; i++)
            completion_offer(&completion, call->arena, ids.items[i], "");
    }
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    completion_print(&completion, &text);
    return output_write(strbuf_text(&text), error);
}

static int completion_run_man(CommandCall *call, Error *error)
{
    CommandCall found;
    int r = command_find(&oci_command, call->arguments, call->argument_count, call->arena, &found,
                         error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    manpage_render(found.command, found.path, 8, &text);
    return output_write(strbuf_text(&text), error);
}

static const Command completion_bash_command = {
    .name = "bash",
    .summary = "Print the script for bash",
    .run = completion_run_script,
};

static const Command completion_zsh_command = {
    .name = "zsh",
    .summary = "Print the script for zsh",
    .run = completion_run_script,
};

static const Command completion_fish_command = {
    .name = "fish",
    .summary = "Print the script for fish",
    .run = completion_run_script,
};

static const Command completion_words_command = {
    .name = "words",
    .hidden = true,
    .summary = "Print what may stand for the last word",
    .arguments = "-- WORD...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .mode = OPTION_STOP_AT_ARGUMENT,
    .run = completion_run_words,
};

static const Command completion_man_command = {
    .name = "man",
    .hidden = true,
    .summary = "Print a command's man page as source for scdoc",
    .arguments = "[COMMAND...]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .run = completion_run_man,
};

static const Command *const completion_children[] = {
    &completion_bash_command,  &completion_zsh_command, &completion_fish_command,
    &completion_words_command, &completion_man_command, NULL,
};

const Command completion_command = {
    .name = "completion",
    .summary = "Print a shell's completion script",
    .children = completion_children,
};
