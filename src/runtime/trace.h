/*
 * The clock behind `--trace`: one time per step, written by whichever process executes it into
 * memory that both share.
 */
#pragma once

#include "runtime/plan.h"

StepTime *trace_new(const Plan *plan, Error *error) MUST_CHECK; /* NULL on failure */
void trace_free(StepTime *times, const Plan *plan);

/* Each executed step in the order in which it began, with its start and length in microseconds,
 * counted from `origin_ns`. */
void trace_print(const Plan *plan, const StepTime *times, uint64_t origin_ns, StrBuf *ret_text);
