/*
 * Running a program on this side of a boundary or the other: for `enter` and `unshare`, which have
 * no container to look after.
 *
 * program_exec() replaces the caller. program_run() is for what a process cannot do to itself, as
 * to be in another pid namespace: it makes a child, waits for it as the foreground of a shell does
 * and gives its exit status. The child is killed when the caller dies.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/* The command, searched in PATH of `environment` (NULL-terminated), with no descriptor but 0, 1
 * and 2; keep_fd, close-on-exec, stays open until then (-1: none). Returns on failure only:
 * ERROR_NO_COMMAND or ERROR_NOT_EXECUTABLE. */
int program_exec(const StrList *command, char *const *environment, int keep_fd, Error *error);

typedef int ProgramStep(void *context, Error *error);

typedef struct Program {
    const StrList *command;
    char *const *environment;
    /* In a process between the caller and the child, for what the child inherits (joining
     * namespaces) and the caller must not be part of; NULL: there is no such process. */
    ProgramStep *stage;
    ProgramStep *prepare; /* in the child, just before exec; may be NULL */
    void *context;        /* of both */
    /* A terminal of its own, relayed to the caller's: the program is not trusted with that. */
    bool terminal;
    bool session; /* without one: a session of its own, so that the caller's terminal, which it may
                     have as standard output, is not one it can type into */
} Program;

/* The exit status as a shell says it: 128 + N after signal N. */
int program_run(const Program *program, int *ret_status, Error *error) MUST_CHECK;

/* The value of a variable in a list of NAME=VALUE, or NULL. */
const char *program_variable(char *const *environment, const char *name);
