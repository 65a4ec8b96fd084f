/*
 * Times are printed by the parent when all is done. The steps of SUPPLY and ENTER overlap in time:
 * sorting by start shows it.
 */
#include "runtime/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/steps.h"

static size_t trace_size(const Plan *plan)
{
    return (plan->step_count ? plan->step_count : 1) * sizeof(StepTime);
}

StepTime *trace_new(const Plan *plan, Error *error)
{
    void *times =
        mmap(NULL, trace_size(plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (times == MAP_FAILED) {
        (void)error_errno(error, errno, "trace: mmap");
        return NULL;
    }
    return times;
}

void trace_free(StepTime *times, const Plan *plan)
{
    if (times)
        (void)munmap(times, trace_size(plan));
}

static int trace_compare(const void *a, const void *b)
{
    const StepTime *const *x = a, *const *y = b;
    return (*x)->start_ns < (*y)->start_ns ? -1 : (*x)->start_ns > (*y)->start_ns;
}

void trace_print(const Plan *plan, const StepTime *times, uint64_t origin_ns, StrBuf *text)
{
    const StepTime **order CLEANUP(mem_freep) = mem_alloc((plan->step_count + 1) * sizeof(*order));
    size_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        if (times[i].start_ns)
            order[count++] = &times[i];
    qsort(order, count, sizeof(*order), trace_compare);

    strbuf_add(text, "   at us   took us  phase   step\n");
    for (size_t i = 0; i < count; i++) {
        const Step *step = &plan->steps[order[i] - times];
        StrBuf line CLEANUP(strbuf_done) = { 0 };
        steps_describe(step, &line);
        strbuf_printf(text, "%8.0f  %8.1f  %-6s  %-16s %s\n",
                      (double)(order[i]->start_ns - origin_ns) / 1000.0,
                      (double)(order[i]->end_ns - order[i]->start_ns) / 1000.0,
                      plan_phase_name(step->phase), step_ops[step->kind].name, strbuf_text(&line));
    }
}
