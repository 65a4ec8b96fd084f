/*
 * Reading the boundary of a process: of any process; one without a boundary is said to have none.
 */
#pragma once

#include "engine/explanation.h"
#include "engine/residents.h"
#include "engine/target.h"

/*
 * `residents` tells which container the process is in; NULL: not asked. A part that the caller may
 * not read is left out and named in `hidden`; a process that ends meanwhile: ERROR_NOT_FOUND.
 * Everything lives in the arena.
 */
int explain_gather(const Target *target, const Residents *residents, Arena *arena,
                   Explanation *ret_explanation, Error *error) MUST_CHECK;
