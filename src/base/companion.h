/*
 * Files that belong to the running program: where a build and `make install` put them, also when
 * the whole installation was moved.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/mem.h"

enum { COMPANION_RELATIVE_MAX = 3 };

typedef struct CompanionPlaces {
    const char *variable; /* an environment variable that names a directory: looked at first */
    const char *relative[COMPANION_RELATIVE_MAX]; /* from the directory of the running program */
    const char *installed;                        /* the path as it was configured */
    int access;                                   /* R_OK, X_OK */
} CompanionPlaces;

/* The first place where it is; else `installed`, for the error message. */
const char *companion_find(const char *name, const CompanionPlaces *places, Arena *arena);

/* All of them in that order, "A, B, C": for an error message that says where it was looked for. */
const char *companion_places(const char *name, const CompanionPlaces *places, Arena *arena);

/* A program: in $AMBIT_LIBEXEC (tests), beside the running one, in ../libexec/ambit from there, or
 * where it was installed. */
const char *companion_program(const char *name, Arena *arena);

/* How to start one: with the standard signals, and of our descriptors only those said here. */
typedef struct CompanionStart {
    const char *path;
    char *const *arguments;   /* argv, with the name first; NULL-terminated */
    char *const *environment; /* NULL-terminated */
    const int *fds;           /* fds[i] becomes descriptor i; -1: closed */
    size_t fd_count;
} CompanionStart;

/* 0, or a negative errno. */
int companion_start(const CompanionStart *start, pid_t *ret_pid) MUST_CHECK;
