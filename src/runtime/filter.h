/*
 * linux.seccomp of a spec, translated for the generator of the kernel layer and compiled.
 */
#pragma once

#include "linux/seccomp.h"
#include "spec/spec.h"

/* Program and flags for seccomp_load. Unknown syscall names are left out, as the field does;
 * everything else that is not understood is an error that begins with the JSON path. */
int filter_compile(const SpecSeccomp *seccomp, Arena *arena, SeccompProgram *ret_program,
                   uint32_t *ret_flags, Error *error) MUST_CHECK;
