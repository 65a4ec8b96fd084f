/*
 * From words to numbers, with the JSON path in every error; the compiling is linux/seccomp.h's.
 *
 * Trap: several conditions on one argument in a rule are not all required but each a rule of its
 * own. That is how runc and crun read them (libseccomp takes one condition per argument), and
 * profiles depend on it.
 */
#include "runtime/filter_translate.h"

#include <errno.h>
#include <linux/seccomp.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

typedef struct Filter {
    const SpecSeccomp *seccomp;
    Arena *arena;
    SeccompPolicy policy;
    SeccompRule *rules;
    size_t rule_count;
    bool notifies;
} Filter;

#define FILTER_INVALID(error, ...) \
    error_set(error, ERROR_CORRUPT, EINVAL, "linux.seccomp." __VA_ARGS__)

/* NULL, or what is wrong with the action's name or (*ret_in_errno) with its errno. */
static const char *filter_action(const char *name, const OptU32 *errno_ret, uint32_t *ret_action,
                                 bool *ret_in_errno)
{
    int r = seccomp_action_from_name(name, errno_ret->set ? errno_ret->value : EPERM, ret_action);
    *ret_in_errno = r != -EINVAL;
    if (r == -EINVAL)
        return "unknown action";
    if (r < 0)
        return "too large for action";
    uint32_t kind = *ret_action & SECCOMP_RET_ACTION_FULL;
    bool takes_errno = kind == SECCOMP_RET_ERRNO || kind == SECCOMP_RET_TRACE;
    return errno_ret->set && !takes_errno ? "not for action" : NULL;
}

static int filter_default_action(Filter *filter, Error *error)
{
    const SpecSeccomp *seccomp = filter->seccomp;
    uint32_t action;
    bool in_errno;
    const char *wrong =
        filter_action(seccomp->default_action, &seccomp->default_errno_ret, &action, &in_errno);
    if (wrong)
        return FILTER_INVALID(error, "%s: %s \"%s\"",
                              in_errno ? "defaultErrnoRet" : "defaultAction", wrong,
                              seccomp->default_action);
    if (action == SECCOMP_RET_USER_NOTIF) /* who answers would have to ask itself */
        return FILTER_INVALID(error, "defaultAction: cannot be SCMP_ACT_NOTIFY");
    filter->policy.default_action = action;

    uint32_t kind = action & SECCOMP_RET_ACTION_FULL;
    bool denies = kind == SECCOMP_RET_ERRNO || kind == SECCOMP_RET_TRAP ||
                  kind == SECCOMP_RET_KILL_THREAD || kind == SECCOMP_RET_KILL_PROCESS;
    if (denies)
        filter->policy.unknown_action = SECCOMP_RET_ERRNO | ENOSYS;
    return 0;
}

static int filter_architectures(Filter *filter, Error *error)
{
    const StrList *names = &filter->seccomp->architectures;
    uint32_t *architectures = arena_alloc(filter->arena, names->count * sizeof(*architectures));
    for (size_t i = 0; i < names->count; i++) {
        if (seccomp_architecture_from_name(names->items[i], &architectures[i]) < 0)
            return FILTER_INVALID(error, "architectures[%zu]: unknown architecture \"%s\"", i,
                                  names->items[i]);
    }
    filter->policy.architectures = architectures;
    filter->policy.architecture_count = names->count;
    return 0;
}

/* Two conditions on one argument? */
static bool filter_has_alternatives(const SpecSeccompArgs *args)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < args->count; i++) {
        uint32_t bit = 1U << args->items[i].index;
        if (seen & bit)
            return true;
        seen |= bit;
    }
    return false;
}

static int filter_conditions(Filter *filter, size_t call, SeccompCondition **ret_conditions,
                             Error *error)
{
    const SpecSeccompArgs *args = &filter->seccomp->syscalls.items[call].args;
    *ret_conditions = NULL;
    if (args->count == 0)
        return 0;
    SeccompCondition *conditions = arena_alloc(filter->arena, args->count * sizeof(*conditions));
    for (size_t i = 0; i < args->count; i++) {
        const SpecSeccompArg *arg = &args->items[i];
        if (arg->index > 5)
            return FILTER_INVALID(error, "syscalls[%zu].args[%zu].index: %u is not 0 to 5", call, i,
                                  arg->index);
        SeccompOp op = seccomp_op_from_name(arg->op);
        if (op == SECCOMP_OP_INVALID)
            return FILTER_INVALID(error, "syscalls[%zu].args[%zu].op: unknown operator \"%s\"",
                                  call, i, arg->op);
        conditions[i] = (SeccompCondition){ arg->index, op, arg->value, arg->value_two };
    }
    *ret_conditions = conditions;
    return 0;
}

static int filter_rule(Filter *filter, size_t call, Error *error)
{
    const SpecSyscall *from = &filter->seccomp->syscalls.items[call];
    SeccompRule rule = { .condition_count = from->args.count };
    SeccompCondition *conditions;
    bool in_errno;
    const char *wrong = filter_action(from->action, &from->errno_ret, &rule.action, &in_errno);
    if (wrong)
        return FILTER_INVALID(error, "syscalls[%zu].%s: %s \"%s\"", call,
                              in_errno ? "errnoRet" : "action", wrong, from->action);
    int r = filter_conditions(filter, call, &conditions, error);
    if (r < 0)
        return r;

    filter->notifies |= rule.action == SECCOMP_RET_USER_NOTIF;
    bool alternatives = filter_has_alternatives(&from->args);
    size_t parts = alternatives ? from->args.count : 1;
    if (alternatives)
        rule.condition_count = 1;
    for (size_t i = 0; i < from->names.count; i++) {
        rule.syscall = from->names.items[i];
        for (size_t part = 0; part < parts; part++) {
            rule.conditions = conditions ? conditions + part : NULL;
            filter->rules[filter->rule_count++] = rule;
        }
    }
    return 0;
}

static int filter_rules(Filter *filter, Error *error)
{
    enum { RULES_MAX = 60000 };
    const SpecSyscalls *calls = &filter->seccomp->syscalls;
    size_t count = 0;
    for (size_t i = 0; i < calls->count; i++) {
        const SpecSyscall *call = &calls->items[i];
        size_t parts = call->args.count > 1 ? call->args.count : 1;
        if (call->names.count > RULES_MAX / parts || count > RULES_MAX)
            return error_set(error, ERROR_LIMIT, E2BIG, "linux.seccomp.syscalls: too many");
        count += call->names.count * parts;
    }
    filter->rules = arena_alloc(filter->arena, count * sizeof(*filter->rules));
    for (size_t i = 0; i < calls->count; i++) {
        int r = filter_rule(filter, i, error);
        if (r < 0)
            return r;
    }
    filter->policy.rules = filter->rules;
    filter->policy.rule_count = filter->rule_count;
    return 0;
}

static int filter_flags(const Filter *filter, uint32_t *ret_flags, Error *error)
{
    const StrList *names = &filter->seccomp->flags;
    uint32_t flags = names->items ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    for (size_t i = 0; i < names->count; i++) {
        uint32_t flag;
        if (seccomp_flag_from_name(names->items[i], &flag) < 0)
            return FILTER_INVALID(error, "flags[%zu]: unknown flag \"%s\"", i, names->items[i]);
        flags |= flag;
    }
    flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
    if (filter->notifies)
        flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    else
        flags &=
            ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* the kernel refuses it alone */
    *ret_flags = flags;
    return 0;
}

int filter_translate(const SpecSeccomp *seccomp, Arena *arena, SeccompProgram *ret_program,
                     uint32_t *ret_flags, Error *error)
{
    Filter filter = { .seccomp = seccomp, .arena = arena };
    uint32_t flags = 0;
    int r = filter_default_action(&filter, error);
    if (r == 0)
        r = filter_architectures(&filter, error);
    if (r == 0)
        r = filter_rules(&filter, error);
    if (r == 0)
        r = filter_flags(&filter, &flags, error);
    if (r < 0)
        return r;
    if (filter.notifies && str_empty(seccomp->listener_path))
        return FILTER_INVALID(error, "listenerPath: required by SCMP_ACT_NOTIFY");

    r = seccomp_compile(&filter.policy, arena, ret_program, error);
    if (r < 0) {
        (void)error_wrap(error, "linux.seccomp");
        return r;
    }
    *ret_flags = flags;
    return 0;
}
