/*
 * `ambit run`: from a request to an exit status, in the foreground.
 */
#pragma once

#include "engine/engine.h"
#include "engine/request.h"

typedef struct RunOutcome {
    int exit_status;
    const char *text; /* what --plan or --trace has to say; NULL: nothing. In the arena */
} RunOutcome;

/*
 * Everything the container took is given back before this returns, also on failure. With
 * request->plan nothing is done, and the plan is in ret_outcome->text.
 */
int run_container(const Engine *engine, RunRequest *request, Arena *arena, RunOutcome *ret_outcome,
                  Error *error) MUST_CHECK;
