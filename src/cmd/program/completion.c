/*
 * `PROGRAM completion bash|zsh|fish` prints the shell's script; the script calls the hidden
 * `words`. The hidden `man` prints a command's man page as source for scdoc(1): the build calls it.
 */
#include "base/completion.h"

#include "base/manpage.h"
#include "cmd/program/output.h"
#include "cmd/program/program.h"

static int completion_run_script(CommandCall *call, Error *error)
{
    return output_write(
        completion_script(call->command->name, completion_program.root->name, call->arena), error);
}

static int completion_run_words(CommandCall *call, Error *error)
{
    Completion completion;
    completion_find(completion_program.root, call->arguments, call->argument_count, call->arena,
                    &completion);
    completion_program.offer(&completion, call->arguments, call->argument_count, call->arena);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    completion_print(&completion, &text);
    return output_write(strbuf_text(&text), error);
}

static int completion_run_man(CommandCall *call, Error *error)
{
    CommandCall found;
    int r = command_find(completion_program.root, call->arguments, call->argument_count,
                         call->arena, &found, error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    manpage_render(found.command, found.path, completion_program.man_section, &text);
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

const Command *const program_completion_children[] = {
    &completion_bash_command,  &completion_zsh_command, &completion_fish_command,
    &completion_words_command, &completion_man_command, NULL,
};
