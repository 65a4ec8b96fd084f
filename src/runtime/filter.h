/*
 * A container's system call filter: runtime-spec config-linux.md#seccomp as a program for
 * linux/seccomp.h. This is the only place that knows both.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "linux/seccomp.h"
#include "spec/spec.h"

/*
 * Compiles the filter into the arena. *ret_flags are those for seccomp_load: what the spec says,
 * SPEC_ALLOW if it says nothing (as runc and crun), and NEW_LISTENER if a rule notifies, in which
 * case seccomp_load answers the descriptor for linux.seccomp.listenerPath. TSYNC is left out: there
 * is one thread.
 *
 * Where the default action denies, calls newer than the newest one the profile names fail with
 * ENOSYS (docs/design/0004). Names that no architecture has are skipped, see filter_unknown_names.
 *
 * Errors name the JSON path: "linux.seccomp.syscalls[3].args[0].op: unknown operator "X"".
 */
int filter_compile(const SpecSeccomp *seccomp, Arena *arena, SeccompProgram *ret_program,
                   uint32_t *ret_flags, Error *error) MUST_CHECK;

/* The names in it that this version does not know, each followed by a blank: for a warning. */
void filter_unknown_names(const SpecSeccomp *seccomp, StrBuf *ret_names);
