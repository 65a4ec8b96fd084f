/*
 * filter_compile (runtime/filter.h) for any profile: private to it and to the build's filter_tool.
 */
#pragma once

#include "linux/seccomp.h"
#include "spec/spec.h"

int filter_translate(const SpecSeccomp *seccomp, Arena *arena, SeccompProgram *ret_program,
                     uint32_t *ret_flags, Error *error) MUST_CHECK;
