/*
 * What a command prints: whole texts to standard output, styled only where a person reads them.
 */
#pragma once

#include "base/error.h"
#include "base/usage.h"

int output_write(const char *text, Error *error) MUST_CHECK;
int output_write_to(int fd, const char *text, Error *error) MUST_CHECK;

/* "PATH: MESSAGE" on standard error, one line whatever the message quotes. */
void output_error(const char *path, const Error *error);
/* Of a command that tries all of its arguments the first failure (r < 0) is the command's answer,
 * the others are printed. `*first` is 0 before it; ret_error: the first one's. */
void output_failure(const char *path, int r, const Error *failure, int *first, Error *ret_error);

/* Width and colour for a descriptor: colour only on terminals, never with NO_COLOR or a dumb one.
 */
UsageStyle output_style(int fd);
