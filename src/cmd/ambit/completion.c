/*
 * `ambit completion bash|zsh|fish` prints the shell's script; the script calls the hidden `words`.
 * The hidden `man` prints a command's man page as source for scdoc(1): the build calls it.
 */
#include "base/completion.h"

#include "base/manpage.h"
#include "candidates.h"
#include "commands.h"
#include "output.h"

static int completion_run_script(CommandCall *call, Error *error)
{
    return output_write(completion_script(call->command->name, ambit_command.name, call->arena),
                        error);
}

static int completion_run_words(CommandCall *call, Error *error)
{
    Completion completion;
    completion_find(&ambit_command, call->arguments, call->argument_count, call->arena,
                    &completion);
    candidates_add(&completion, call->arguments, call->argument_count, call->arena);
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    completion_print(&completion, &text);
    return output_write(strbuf_text(&text), error);
}

static int completion_run_man(CommandCall *call, Error *error)
{
    CommandCall found;
    int r = command_find(&ambit_command, call->arguments, call->argument_count, call->arena, &found,
                         error);
    if (r < 0)
        return r;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    manpage_render(found.command, found.path, 1, &text);
    return output_write(strbuf_text(&text), error);
}

static const Command completion_bash_command = {
    .name = "bash",
    .summary = "Print the script for bash",
    .examples = "# for all users\nambit completion bash > /etc/bash_completion.d/ambit\n"
                "# for this shell only\nsource <(ambit completion bash)\n",
    .run = completion_run_script,
};

static const Command completion_zsh_command = {
    .name = "zsh",
    .summary = "Print the script for zsh",
    .examples = "# into a directory of $fpath\nambit completion zsh > ~/.zfunc/_ambit\n",
    .run = completion_run_script,
};

static const Command completion_fish_command = {
    .name = "fish",
    .summary = "Print the script for fish",
    .examples = "ambit completion fish > ~/.config/fish/completions/ambit.fish\n",
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
