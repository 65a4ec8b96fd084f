/*
 * From a spec to a plan: pure. The same input gives the same plan, nothing on the host is read or
 * changed, so a plan can be shown, compared with a golden file and explained without root.
 */
#pragma once

#include "runtime/plan_input.h"

int plan_build(const PlanInput *input, Arena *arena, Plan *ret_plan, Error *error) MUST_CHECK;

/* A process in a container that exists (`exec`): joins its namespaces and cgroup, then the same
 * last steps. */
int plan_build_exec(const PlanExecInput *input, Arena *arena, Plan *ret_plan, Error *error)
    MUST_CHECK;
