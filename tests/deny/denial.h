/*
 * System calls that answer an errno: for running the second rung of everything.
 *
 * A denial is a list "openat2=ENOSYS,clone3=EPERM,fsconfig/1:5=EINVAL": the call, optionally
 * "/ARGUMENT:VALUE" (only when that argument, from 0, has this value), and what it answers.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* From here on, for this process and its children, for ever. */
int denial_install(const char *text, Error *error) MUST_CHECK;

/*
 * Runs check(context) in a child under a denial (NULL: none). check returns 0 or fills a text of
 * DENIAL_TEXT_SIZE bytes; so does this function, with "" for success. Returns 0 or -1.
 */
enum { DENIAL_TEXT_SIZE = 1200 };
typedef int DenialCheck(void *context, char text[DENIAL_TEXT_SIZE]);
int denial_run(const char *denial, DenialCheck *check, void *context, char text[DENIAL_TEXT_SIZE]);

/* In a check that has an `Error error`: the first condition that does not hold ends it. */
#define DENIAL_CHECK(condition)                                                                  \
    do {                                                                                         \
        errno = 0;                                                                               \
        if (!(condition)) {                                                                      \
            (void)snprintf(text, DENIAL_TEXT_SIZE, "line %d: %s: %s (%s)", __LINE__, #condition, \
                           strerror(errno), error.message);                                      \
            return -1;                                                                           \
        }                                                                                        \
    } while (0)
