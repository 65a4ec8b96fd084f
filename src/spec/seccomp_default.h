/*
 * The built-in profile of system calls (docs/design/0004): what containers get that say nothing.
 */
#pragma once

#include "spec/seccomp_profile.h"

/* All of it, as data in docker's format; not to be changed through its lists. */
const SeccompProfile *seccomp_default_profile(void);

/*
 * What of it applies to the target. With the usual capabilities this is constant data, always at
 * the same address, for which runtime/filter.h has the finished program; otherwise it is resolved
 * into the arena. Not to be changed: to add something, resolve the profile yourself.
 */
const SpecSeccomp *seccomp_default_resolve(const SeccompProfileTarget *target, Arena *arena);

/* The constant one; and is `seccomp` it, or a copy of the struct that shares its lists? */
const SpecSeccomp *seccomp_default_usual(void);
bool seccomp_default_is_usual(const SpecSeccomp *seccomp);
