/*
 * The stage: a short-lived process between the engine's and the container's first one, for what
 * clone3 alone cannot do: joining namespaces that exist (`--net container:C`, exec, the spec's
 * namespaces[].path) and setting the clocks of a new time namespace before anyone is in it.
 */
#pragma once

#include "runtime/runner.h"

/*
 * Opens the plan's joins, forks the stage, which joins them and clones the child as a child of the
 * caller (CLONE_PARENT). Returns twice like fork: the child's pid in the caller, 0 in the child.
 */
pid_t stage_make_child(Runner *runner, int *ret_pidfd, Error *error) MUST_CHECK;
