/*
 * `--plan`: what would be done, for people.
 */
#pragma once

#include "runtime/plan.h"

/* One line per step, grouped by phase. */
void plan_print(const Plan *plan, StrBuf *ret_text);
