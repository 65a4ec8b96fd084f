/*
 * The last phase: from a process that built a container to the program in it. The same steps end
 * `run` and `exec`.
 *
 * The order is what makes it safe:
 *   limits and the oom score while there is privilege; the user is looked up inside the root; the
 *   bounding set is dropped before the ids change; the capabilities after. The seccomp filter comes
 *   last of all, unless it must be loaded with privilege because no_new_privs is not asked for:
 * then just before the capabilities go, for each call after it is one that the filter must allow.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#include "linux/rlimit.h"
#include "runtime/filter.h"
#include "runtime/hook.h"
#include "runtime/plan_parts.h"

static char *plan_index(Arena *arena, const char *field, size_t index)
{
    return arena_printf(arena, "process.%s[%zu]", field, index);
}

static int plan_rlimits(const PlanProcess *input, Error *error)
{
    const SpecRlimits *rlimits = &input->process->rlimits;
    Arena *arena = input->plan->arena;
    for (size_t i = 0; i < rlimits->count; i++) {
        const SpecRlimit *wanted = &rlimits->items[i];
        int resource = rlimit_from_name(wanted->type);
        if (resource < 0)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "process.rlimits[%zu].type: unknown limit '%s'", i, wanted->type);
        if (wanted->soft > wanted->hard)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "process.rlimits[%zu]: soft limit above the hard one", i);
        const uint64_t values[] = { wanted->soft, wanted->hard };
        Step *step =
            plan_add(input->plan, STEP_RLIMIT, PHASE_FINISH, plan_index(arena, "rlimits", i));
        step->flags = (uint64_t)resource;
        step->with.rlimit = arena_copy(arena, values, sizeof(values));
    }
    return 0;
}

static int plan_capability_set(const StrList *names, const char *set, uint64_t *ret_mask,
                               Error *error)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < names->count; i++) {
        int capability = capability_from_name(names->items[i]);
        if (capability == CAPABILITY_INVALID)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "process.capabilities.%s[%zu]: unknown capability '%s'", set, i,
                             names->items[i]);
        mask |= 1ULL << capability;
    }
    *ret_mask = mask;
    return 0;
}

static int plan_capabilities(const PlanProcess *input, CapabilitySets **ret_sets, Error *error)
{
    CapabilitySets *sets = arena_alloc(input->plan->arena, sizeof(*sets));
    *ret_sets = sets;
    static const SpecCapabilities none;
    const SpecCapabilities *wanted =
        input->process->capabilities ? input->process->capabilities : &none;
    const struct {
        const StrList *names;
        const char *set;
        uint64_t *mask;
    } rows[] = {
        { &wanted->bounding, "bounding", &sets->bounding },
        { &wanted->effective, "effective", &sets->effective },
        { &wanted->permitted, "permitted", &sets->permitted },
        { &wanted->inheritable, "inheritable", &sets->inheritable },
        { &wanted->ambient, "ambient", &sets->ambient },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = plan_capability_set(rows[i].names, rows[i].set, rows[i].mask, error);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool plan_has_home(const StrList *env)
{
    for (size_t i = 0; i < env->count; i++)
        if (str_starts(env->items[i], "HOME=") && env->items[i][strlen("HOME=")])
            return true;
    return false;
}

static void plan_user(const PlanProcess *input)
{
    const SpecUser *user = &input->process->user;
    Arena *arena = input->plan->arena;
    StepUser *wanted = arena_alloc(arena, sizeof(*wanted));
    *wanted = (StepUser){
        .name = input->user,
        .uid = user->uid,
        .gid = user->gid,
        .groups = user->additional_gids.items,
        .group_count = user->additional_gids.count,
        .extra_groups = input->extra_groups,
        .umask = user->umask.set ? (int)user->umask.value : -1,
        .find_home = !plan_has_home(&input->process->env),
        .keep_groups = input->plan->keep_groups,
    };
    Step *step = plan_add(input->plan, STEP_USER_LOOKUP, PHASE_FINISH, "process.user");
    step->with.user = wanted;
}

/* The agent that the filter asks; the engine connects to it. */
static int plan_listener(const PlanProcess *input, Step *load, Error *error)
{
    Plan *plan = input->plan;
    if (!plan->state)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "linux.seccomp: SCMP_ACT_NOTIFY is not supported here");
    plan->agent_metadata = input->seccomp->listener_metadata;
    Slot slot = plan_slot(plan, SLOT_FILE, PHASE_SUPPLY);
    plan_use(plan, load, slot);
    Step *step = plan_add(plan, STEP_LISTENER, PHASE_SUPPLY, "linux.seccomp.listenerPath");
    step->source = input->seccomp->listener_path;
    step->out = slot;
    return 0;
}

static int plan_seccomp(const PlanProcess *input, Error *error)
{
    if (!input->seccomp)
        return 0;
    SeccompProgram *program = arena_alloc(input->plan->arena, sizeof(*program));
    uint32_t flags = 0;
    int r = filter_compile(input->seccomp, input->plan->arena, program, &flags, error);
    if (r < 0)
        return r;
    static const uint64_t anything[6];
    uint32_t verdict =
        seccomp_evaluate(program, seccomp_native_architecture(), __NR_write, anything);
    input->plan->mute = verdict != SECCOMP_RET_ALLOW && verdict != SECCOMP_RET_LOG;
    Step *step = plan_add(input->plan, STEP_SECCOMP, PHASE_FINISH, "linux.seccomp");
    step->flags = flags;
    step->with.seccomp = program;
    return flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? plan_listener(input, step, error) : 0;
}

static void plan_labels(const PlanProcess *input)
{
    const struct {
        const char *value, *attribute, *field;
    } rows[] = {
        { input->process->apparmor_profile, "apparmor", "process.apparmorProfile" },
        { input->process->selinux_label, "selinux", "process.selinuxLabel" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_empty(rows[i].value))
            continue;
        Step *step = plan_add(input->plan, STEP_LABEL, PHASE_FINISH, rows[i].field);
        step->target = rows[i].attribute;
        step->source = rows[i].value;
    }
}

static void plan_early(const PlanProcess *input)
{
    Plan *plan = input->plan;
    if (!input->keep_keyring)
        plan_add(plan, STEP_KEYRING, PHASE_FINISH, "default")->source =
            input->process->selinux_label;
    if (input->process->oom_score_adj.set) {
        int64_t value = input->process->oom_score_adj.value;
        Step *step = plan_add(plan, STEP_OOM_SCORE, PHASE_MAP, "process.oomScoreAdj");
        step->with.number = arena_copy(plan->arena, &value, sizeof(value));
    }
}

static void plan_exec(const PlanProcess *input)
{
    const SpecProcess *process = input->process;
    StepExec *exec = arena_alloc(input->plan->arena, sizeof(*exec));
    *exec = (StepExec){
        .args = &process->args,
        .env = &process->env,
        .preserve_fds = input->preserve_fds,
        .set_home = true,
    };
    Step *step = plan_add(input->plan, STEP_EXEC, PHASE_FINISH, "process.args");
    step->with.exec = exec;
    if (input->init)
        plan_use(input->plan, step, input->init);
}

/* A hook of the container's own files (config.md#startcontainer-hooks): the image's, who may be
 * anybody. So it is what the program is, and comes after all that makes it so. */
static void plan_start_hooks(Plan *plan)
{
    if (hook_list(plan->hooks, HOOK_START_CONTAINER)->count)
        plan_add(plan, STEP_HOOKS, PHASE_FINISH, "hooks")->flags = HOOK_START_CONTAINER;
}

int plan_process(const PlanProcess *input, Error *error)
{
    Plan *plan = input->plan;
    if (input->process->args.count == 0)
        return error_set(error, ERROR_USAGE, EINVAL, "process.args: missing: what should run?");
    CapabilitySets *sets;
    int r = plan_capabilities(input, &sets, error);
    if (r < 0)
        return r;
    plan_early(input);
    r = plan_rlimits(input, error);
    if (r < 0)
        return r;
    r = plan_schedule(input, error);
    if (r < 0)
        return r;
    plan_user(input);
    (void)plan_add(plan, STEP_STDIO, PHASE_FINISH, "process.terminal");
    plan_labels(input);
    plan_add(plan, STEP_BOUNDING, PHASE_FINISH, "process.capabilities")->with.capabilities = sets;
    (void)plan_add(plan, STEP_IDENTITY, PHASE_FINISH, "process.user");
    plan_add(plan, STEP_CHDIR, PHASE_FINISH, "process.cwd")->target =
        str_empty(input->process->cwd) ? "/" : input->process->cwd;
    bool privileged_filter = input->seccomp && !input->process->no_new_privileges;
    if (privileged_filter) {
        (void)plan_add(plan, STEP_RAISE, PHASE_FINISH, "linux.seccomp");
        r = plan_seccomp(input, error);
        if (r < 0)
            return r;
    }
    plan_add(plan, STEP_CAPABILITIES, PHASE_FINISH, "process.capabilities")->with.capabilities =
        sets;
    if (input->parent_death_signal) /* a change of ids clears it, so it comes after */
        plan_add(plan, STEP_PARENT_DEATH, PHASE_FINISH, "default")->flags =
            (uint64_t)input->parent_death_signal;
    if (input->process->no_new_privileges) {
        (void)plan_add(plan, STEP_NO_NEW_PRIVS, PHASE_FINISH, "process.noNewPrivileges");
        r = plan_seccomp(input, error);
        if (r < 0)
            return r;
    }
    plan_start_hooks(plan);
    plan_exec(input);
    return 0;
}
