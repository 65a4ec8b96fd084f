/*
 * What `ambit run` understands. `create` will share it.
 */
#pragma once

#include "base/option.h"
#include "engine/request.h"

/* Rows over a RunRequest that begins as request_defaults. */
extern const Option run_options[];

/* The arguments behind the options: IMAGE [COMMAND [ARG...]], with --rootfs only the latter. Also
 * reads --env-file and --label-file. */
int run_options_finish(RunRequest *request, char *const *arguments, size_t count, Arena *arena,
                       Error *error) MUST_CHECK;
