/*
 * What the parent makes for the child: the steps of PHASE_SUPPLY, and handing over their results.
 */
#pragma once

#include "runtime/runner.h"

/* The steps, and SUPPLIED with all that they filled. `end` is the parent's end of the channel. */
int supply_run(Runner *runner, int end, Error *error) MUST_CHECK;
/* The same in a short-lived process that has joined the child's user namespace, for a caller who
 * has no power to mount in his own. */
int supply_inside(Runner *runner, int end, Error *error) MUST_CHECK;
