/*
 * On which memory nodes a process's pages are put: set_mempolicy(2), numa(7).
 */
#pragma once

#include <sched.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Mempolicy {
    uint32_t mode;   /* MPOL_..., with its MPOL_F_... flags */
    cpu_set_t nodes; /* bit n for node n */
} Mempolicy;

/* "MPOL_BIND", "MPOL_F_STATIC_NODES": words of runtime-spec config-linux.md#memory-policy as bits
 * of Mempolicy.mode. -EINVAL for another word. */
int mempolicy_mode_from_name(const char *name, uint32_t *ret_mode);
int mempolicy_flag_from_name(const char *name, uint32_t *ret_flag);
/* All modes and flags, for `features`: number `index`, NULL after the last. */
const char *mempolicy_mode_name(size_t index);
const char *mempolicy_flag_name(size_t index);

/* For the calling thread; children and what it executes have it too. A kernel without NUMA answers
 * -ENOSYS. */
int mempolicy_set(const Mempolicy *policy, Error *error) MUST_CHECK;
