/*
 * Bookkeeping of steps and slots. A step may be added at any time; plan_sort puts the phases in
 * order once, and keeps the order within each.
 */
#include "runtime/plan.h"

const char *plan_phase_name(StepPhase phase)
{
    static const char *const names[PHASE_MAX] = {
        [PHASE_HOST] = "host",     [PHASE_PLACE] = "place",   [PHASE_MAP] = "map",
        [PHASE_SUPPLY] = "supply", [PHASE_ENTER] = "enter",   [PHASE_MAKE] = "make",
        [PHASE_ROOT] = "root",     [PHASE_FINISH] = "finish",
    };
    return names[phase];
}

Step *plan_add(Plan *plan, StepKind kind, StepPhase phase, const char *origin)
{
    Step *step = arena_append(plan->arena, &plan->steps, &plan->step_count, sizeof(*step));
    step->kind = kind;
    step->phase = phase;
    step->origin = origin;
    return step;
}

void plan_sort(Plan *plan)
{
    Step *sorted = arena_alloc(plan->arena, plan->step_count * sizeof(*sorted));
    size_t n = 0;
    for (StepPhase phase = 0; phase < PHASE_MAX; phase++)
        for (size_t i = 0; i < plan->step_count; i++)
            if (plan->steps[i].phase == phase)
                sorted[n++] = plan->steps[i];
    plan->steps = sorted;
}

Slot plan_slot(Plan *plan, SlotType type, StepPhase filled_in)
{
    if (plan->slot_count == 0)
        (void)arena_append(plan->arena, &plan->slots, &plan->slot_count, sizeof(PlanSlot));
    PlanSlot *slot = arena_append(plan->arena, &plan->slots, &plan->slot_count, sizeof(*slot));
    *slot = (PlanSlot){ .type = type, .filled_in = filled_in };
    return (Slot)(plan->slot_count - 1);
}

void plan_use(Plan *plan, Step *step, Slot slot)
{
    step->in = slot;
    if (plan->slots[slot].filled_in <= PHASE_SUPPLY && plan->slots[slot].filled_in != PHASE_HOST &&
        step->phase >= PHASE_ENTER)
        plan->slots[slot].handed_over = true;
}
