/*
 * What the programs made of commands (command.h) share beyond the tables: help, completion and man
 * pages. Each defines `completion_program` and lists `program_completion_children`
 * in its `completion` command.
 */
#pragma once

#include "base/completion.h"

typedef struct Program {
    const Command *root;
    int man_section;
    /* Turns completion->completes ("container", ...) into candidates that only this host knows.
     * `words` are those on the command line. Runs at every TAB: silent about errors. */
    void (*offer)(Completion *completion, char *const *words, size_t count, Arena *arena);
} Program;
extern const Program completion_program;

/* bash, zsh, fish; the scripts call the hidden `words`, the build calls the hidden `man`. */
extern const Command *const program_completion_children[];

/* The text of --help for the command that is called. */
int program_help(const CommandCall *call, Error *error) MUST_CHECK;
