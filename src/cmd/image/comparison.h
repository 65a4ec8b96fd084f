/*
 * Two directory trees, file by file: names, types, contents, owners, modes, times, attributes.
 */
#pragma once

#include "base/error.h"

typedef struct Comparison {
    char prefix[32]; /* of each difference */
    void (*on_difference)(void *context, const char *text);
    void *context;
} Comparison;

/* Opens a tree; -1 and errno. */
int comparison_open(int dir_fd, const char *name);
/* Tells every difference; an error is only what cannot be read. Both descriptors stay open. */
int comparison_run(const Comparison *comparison, int there_fd, int fresh_fd, Error *error)
    MUST_CHECK;
