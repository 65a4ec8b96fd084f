/*
 * Durations as Go and docker write them: numbers with units, one behind the other ("1h30m", "1.5s",
 * "200ms"). Units: d, h, m, s, ms, us, ns.
 */
#pragma once

#include <stdint.h>

#include "base/mem.h"

/* Milliseconds, rounded up: what is not nothing stays so. -EINVAL: no duration; -ERANGE: more than
 * some 500 years. */
int duration_parse(const char *text, uint64_t *ret_ms) MUST_CHECK;
