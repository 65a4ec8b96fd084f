/*
 * `ambit-oci completion SHELL`, and the containers' ids that completion offers.
 */
#include "cmd/program/program.h"
#include "commands.h"
#include "record.h"

static void completion_offer_ids(Completion *completion, char *const *words, size_t count,
                                 Arena *arena)
{
    if (!str_eq(completion->completes, "container"))
        return;
    OciGlobals globals = { 0 };
    StrList rest, ids = { 0 };
    const OptionLine line = {
        .options = oci_command.options,
        .mode = OPTION_STOP_AT_ARGUMENT,
        .words = words + 1,
        .count = count > 2 ? count - 2 : 0, /* the last word is not finished */
        .go_spelling = true,
    };
    (void)!option_parse(&line, &globals, arena, &rest, NULL);
    (void)!record_list(commands_root(&globals, arena), arena, &ids, NULL);
    for (size_t i = 0; i < ids.count; i++)
        completion_offer(completion, arena, ids.items[i], "");
}

const Program completion_program = {
    .root = &oci_command,
    .man_section = 8,
    .offer = completion_offer_ids,
};

const Command completion_command = {
    .name = "completion",
    .summary = "Print a shell's completion script",
    .examples = "# for all users\nambit-oci completion bash > /etc/bash_completion.d/ambit-oci\n",
    .children = program_completion_children,
};
