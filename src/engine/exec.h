/*
 * `ambit exec`: one more process behind the boundary of a container that runs.
 */
#pragma once

#include "engine/engine.h"

typedef struct ExecRequest {
    const char *container; /* name, id or prefix */
    StrList command;
    bool interactive, terminal, detach, privileged;
    StrList env_files;             /* read by the caller */
    StrList env;                   /* "NAME=VALUE", after the container's own */
    const char *working_directory; /* NULL: the container's */
    const char *user;              /* NULL: the container's */
    const char *detach_keys;
} ExecRequest;

/* Whether the container has the host's user namespace: the caller must then be sealed (sealed.h)
 * before it enters. 1, 0, or a negative errno. */
int exec_needs_seal(const Engine *engine, const char *container, Error *error) MUST_CHECK;

/* ret_status: the command's exit status, 0 with detach. */
int exec_run(const Engine *engine, const ExecRequest *request, Arena *arena, int *ret_status,
             Error *error) MUST_CHECK;
