/*
 * linux.intelRdt as a group of resctrl: runtime-spec config-linux.md#intelrdt.
 */
#include "runtime/plan_parts.h"

void plan_resctrl(Plan *plan, const SpecIntelRdt *rdt, bool joins)
{
    if (!rdt)
        return;
    ResctrlGroup *group = arena_alloc(plan->arena, sizeof(*group));
    *group = (ResctrlGroup){
        .name = str_empty(rdt->clos_id) ? plan->id : rdt->clos_id,
        .own = str_empty(rdt->clos_id),
        .checked = str_empty(rdt->l3_cache_schema) ? NULL : rdt->l3_cache_schema,
        .checked_too = str_empty(rdt->mem_bw_schema) ? NULL : rdt->mem_bw_schema,
        .lines = rdt->schemata,
        .monitor = rdt->enable_monitoring ? plan->id : NULL,
    };
    Step *step = plan_add(plan, STEP_RESCTRL, PHASE_MAP, "linux.intelRdt");
    step->target = group->name;
    step->flags = joins;
    step->with.resctrl = group;
}
