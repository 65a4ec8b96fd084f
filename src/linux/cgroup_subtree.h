/*
 * Controllers of cgroup v2: a cgroup has those which all its ancestors pass on.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/*
 * Makes `controllers` (those that cgroup.controllers can name) available in the cgroup `path`,
 * whose directory is open: writes cgroup.subtree_control of its ancestors where they are missing.
 * One read if nothing is missing. The error says which ancestor refused, and why: most often it
 * has processes of its own, which v2 forbids beside children with controllers.
 */
int cgroup_subtree_enable(const char *mount, const char *path, int directory, uint32_t controllers,
                          Error *error) MUST_CHECK;
