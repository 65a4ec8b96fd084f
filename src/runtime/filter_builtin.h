/*
 * The program of the built-in profile for the usual capabilities, compiled when ambit was built.
 */
#pragma once

#include <stdbool.h>

#include "linux/seccomp.h"
#include "spec/spec.h"

/* True, and the program (constant data), if `seccomp` is that profile, unchanged. */
bool filter_builtin(const SpecSeccomp *seccomp, SeccompProgram *ret_program);
