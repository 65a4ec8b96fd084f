/* What a command of the test program is: a row with its name, the arguments it takes and at least
 * needs, and a function that prints its answer and returns the exit status. */
#pragma once

typedef struct Command {
    const char *name;
    const char *arguments;
    int least; /* arguments */
    int (*run)(int count, char **words);
} Command;

/* Tables, each ended by a row without a name. */
extern const Command file_commands[];
extern const Command self_commands[];
extern const Command life_commands[];
extern const Command boundary_commands[];

/* Prints "COMMAND WHAT: errno's text" on standard error; returns 1. */
int command_failed(const char *command, const char *what);

/* Decimal, 0x... or 0...; tests give only numbers. */
long command_number(const char *word);
