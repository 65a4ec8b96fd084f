/*
 * Executing the steps of one phase, in order.
 */
#pragma once

#include <stdbool.h>

#include "runtime/runner.h"

bool phase_exists(const Plan *plan, StepPhase phase); /* whether it has a step */
/* Ends with the first step that fails; its origin stands before the error. */
int phase_run(Runner *runner, StepPhase phase, Error *error) MUST_CHECK;
/* Whether it can succeed, as far as that can be told without doing it. */
int phase_check(Runner *runner, StepPhase phase, Error *error) MUST_CHECK;
