/*
 * The plan as text. A step is printed by its kind's row in step_ops[], so what `--plan` says and
 * what is done cannot drift apart.
 */
#include "runtime/plan_print.h"

#include "runtime/steps.h"

static const char *plan_phase_title(StepPhase phase)
{
    static const char *const titles[PHASE_MAX] = {
        [PHASE_HOST] = "on the host, before the child exists",
        [PHASE_PLACE] = "on the host: the child's cgroup",
        [PHASE_MAP] = "on the host: who the child's users are",
        [PHASE_SUPPLY] = "on the host, for the child: what needs the host's powers",
        [PHASE_ENTER] = "the child enters its namespaces",
        [PHASE_MAKE] = "the child makes filesystems of its own",
        [PHASE_ROOT] = "the child builds its tree of mounts",
        [PHASE_FINISH] = "the child becomes the program",
    };
    return titles[phase];
}

static void plan_print_namespaces(const Plan *plan, StrBuf *text)
{
    strbuf_add(text, "  namespaces made with the child:");
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++)
        if (plan->clone_flags & namespace_table[type].flag)
            strbuf_printf(text, " %s", namespace_table[type].name);
    if (plan->clone_flags == 0)
        strbuf_add(text, " none");
    strbuf_add_char(text, '\n');
    for (size_t i = 0; i < plan->join_count; i++)
        strbuf_printf(text, "  joined: %s, %s\n", namespace_table[plan->joins[i].type].name,
                      plan->joins[i].path);
}

void plan_print(const Plan *plan, StrBuf *text)
{
    size_t number = 1;
    for (size_t i = 0; i < plan->warnings.count; i++)
        strbuf_printf(text, "warning: %s\n", plan->warnings.items[i]);
    for (StepPhase phase = 0; phase < PHASE_MAX; phase++) {
        if (phase == PHASE_PLACE && !plan->scope)
            continue;
        strbuf_printf(text, "%s: %s\n", plan_phase_name(phase), plan_phase_title(phase));
        for (size_t i = 0; i < plan->step_count; i++) {
            const Step *step = &plan->steps[i];
            if (step->phase != phase)
                continue;
            StrBuf line CLEANUP(strbuf_done) = { 0 };
            steps_describe(step, &line);
            strbuf_printf(text, "  %3zu  %-16s %-52s %s\n", number++, step_ops[step->kind].name,
                          strbuf_text(&line), step->origin);
        }
        if (phase == PHASE_HOST)
            plan_print_namespaces(plan, text);
    }
}
