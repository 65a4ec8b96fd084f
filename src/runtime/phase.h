/*
 * Executing the steps of one phase, in order.
 */
#pragma once

#include "runtime/runner.h"

/* Ends with the first step that fails; its origin stands before the error. */
int phase_run(Runner *runner, StepPhase phase, Error *error) MUST_CHECK;
