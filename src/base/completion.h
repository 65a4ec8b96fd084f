/*
 * Shell completion: the shell's script hands over the words typed so far and gets candidates back,
 * so that it knows every command, option and word of the tables and never goes stale.
 */
#pragma once

#include "base/command.h"

typedef struct CompletionCandidate {
    const char *word;
    const char *help; /* "" if there is nothing to say */
} CompletionCandidate;

typedef struct Completion {
    CompletionCandidate *candidates; /* all begin with what is typed; in the arena */
    size_t count;
    /* What else fits here: "file", "directory", a word of the program's own ("container"), which
     * its main turns into candidates; NULL: nothing. */
    const char *completes;
    const char *prefix; /* what those have to begin with; put `lead` before each */
    const char *lead;   /* "--network=" when the value is written behind an equals sign, else "" */
} Completion;

/* words[0] is the program, words[count-1] the one being typed (possibly ""). */
void completion_find(const Command *root, char *const *words, size_t count, Arena *arena,
                     Completion *ret_completion);

/* Adds one candidate if it begins with the prefix. */
void completion_offer(Completion *completion, Arena *arena, const char *word, const char *help);

/*
 * The lines a script reads: "word<TAB>help" each, then ":" and "file", "directory" or nothing.
 */
void completion_print(const Completion *completion, StrBuf *ret_text);

/* The script for "bash", "zsh" or "fish", which calls `PROGRAM completion words -- WORD...`;
 * NULL for another shell. In the arena. */
const char *completion_script(const char *shell, const char *program, Arena *arena);
extern const char *const completion_shells[]; /* NULL-terminated */
