/*
 * What a spec can ask for and this version does not do: refused, never left out in silence.
 */
#pragma once

#include "base/error.h"
#include "spec/spec.h"

/* ERROR_UNSUPPORTED with the JSON path of the first such member. */
int unsupported_check(const Spec *spec, Error *error) MUST_CHECK;
