/*
 * The filter of a helper process: a list of system calls that it may make, no others.
 */
#pragma once

#include "linux/seccomp.h"

typedef struct SeccompAllow {
    const char *const *names; /* those this architecture has not are passed over */
    size_t name_count;
    const SeccompRule *rules; /* in addition, with conditions or other actions; may be NULL */
    size_t rule_count;
} SeccompAllow;

/* Everything else fails with EPERM, unknown architectures end the process. For good. */
int seccomp_allow_only(const SeccompAllow *allow, Error *error) MUST_CHECK;
