/*
 * Commands as a table: a program is a tree of Command rows, each exported by the file that
 * implements it. Finding the command that a command line names, reading its options, --help,
 * completion and man pages are the same code for every program and every command.
 *
 * Nothing here prints or exits: a program's main does (see command_parse).
 */
#pragma once

#include "base/option.h"

typedef struct Command Command;

/* One call of a command: what its run function gets. */
typedef struct CommandCall {
    const Command *command;
    const char *path;    /* as typed, aliases resolved: "ambit image import" */
    void *values;        /* the command's own struct, filled by its options; NULL without options */
    const void *globals; /* the same of the root command */
    char *const *arguments; /* with a NULL after the last */
    size_t argument_count;
    Arena *arena;    /* released by main after the command returned */
    int exit_status; /* set by the command; 0 unless it says otherwise (a container's status) */
} CommandCall;

/* Returns 0 (the program exits with call->exit_status), COMMAND_HELP, or a negative errno. */
typedef int CommandRun(CommandCall *call, Error *error);

enum { COMMAND_HELP = 1 };

struct Command {
    const char *name;
    const char *const *aliases; /* NULL-terminated, or NULL */
    const char *summary;        /* "Run a program in a new container": no full stop */
    const char *arguments;      /* for the synopsis: "IMAGE [COMMAND [ARG...]]"; NULL: none */
    size_t arguments_min;
    size_t arguments_max;    /* COMMAND_ANY_NUMBER */
    const char *completes;   /* what the arguments are: an Option's `completes` */
    const char *description; /* paragraphs, separated by an empty line */
    const char *examples;    /* lines: "# why" before "command" */
    OptionMode mode;
    const Option *options;          /* ends with OPTION_END, or NULL */
    size_t values_size;             /* of the command's struct */
    const void *defaults;           /* its first content; NULL: zeroes */
    const Command *const *children; /* NULL-terminated, or NULL */
    CommandRun *run;                /* NULL: the command only groups its children. With children
                                       and arguments both: what names no child is an argument */
    const char *heading;            /* in the parent's list: starts a new group with this title */
    bool hidden;
    const char *refusal; /* a word people know from elsewhere: calling it is an error with this
                            text (COMMAND_REFUSE) */
    bool go_spelling;    /* of a root: option.h */
};
#define COMMAND_ANY_NUMBER SIZE_MAX

/* The child `word` that is not there yet: nothing shows or completes it, and who calls it reads
 * why instead of "unknown command". As OPTION_REFUSE. */
#define COMMAND_REFUSE(word, reason) \
    (&(const Command){ .name = (word), .hidden = true, .refusal = (reason) })

/* The child with this name or alias, or NULL. */
const Command *command_child(const Command *parent, const char *name);

/* Down the tree by `words` ("image", "import"), without options: fills command and path. */
int command_find(const Command *root, char *const *words, size_t count, Arena *arena,
                 CommandCall *ret_call, Error *error) MUST_CHECK;

/*
 * Reads a whole command line (words[0] is the program's own name and is not used). Returns
 *   0             run it: ret_call->command->run(ret_call, error)
 *   COMMAND_HELP  --help was given, or a word is missing after a group: show ret_call->command
 *   negative      the line is wrong; the error is of kind ERROR_USAGE. ret_call->path names the
 *                 command as far as it was understood.
 */
int command_parse(const Command *root, char *const *words, size_t count, Arena *arena,
                  CommandCall *ret_call, Error *error) MUST_CHECK;
