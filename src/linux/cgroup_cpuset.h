/*
 * cpusets of cgroup v1, which are empty and useless when they are new.
 */
#pragma once

#include "base/error.h"

/*
 * Gives a new cpuset its parent's cpus and mems, without which no process can enter; `made` of its
 * last components are new (at least this one). New parents are told to do it for their children
 * (cgroup.clone_children), which saves all this for the next container below them.
 */
int cgroup_cpuset_fill(int directory, unsigned made, Error *error) MUST_CHECK;
