/*
 * libseccomp as the oracle for linux/seccomp.h: the same policy given to both, and the verdicts of
 * the two programs compared call by call.
 *
 * One deliberate difference is left out of the comparison: conditions on a call that i386 also
 * makes through socketcall or ipc (see SeccompPolicy).
 */
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#define seccomp_load libseccomp_load /* ours has the same name */
#include <seccomp.h>
#undef seccomp_load
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/seccomp.h"
#include "linux/seccomp_table.h"

enum { ORACLE_NUMBERS = 1024, ORACLE_VALUES_MAX = 96, ORACLE_RULES_MAX = 64 };

static const uint32_t oracle_architectures[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                                 AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
                                                 AUDIT_ARCH_S390X };

/* The words of our constants and libseccomp's are the same numbers, except for the comparisons. */
static enum scmp_compare oracle_op(uint32_t op)
{
    static const enum scmp_compare ops[] = {
        [SECCOMP_OP_NE] = SCMP_CMP_NE,
        [SECCOMP_OP_LT] = SCMP_CMP_LT,
        [SECCOMP_OP_LE] = SCMP_CMP_LE,
        [SECCOMP_OP_EQ] = SCMP_CMP_EQ,
        [SECCOMP_OP_GE] = SCMP_CMP_GE,
        [SECCOMP_OP_GT] = SCMP_CMP_GT,
        [SECCOMP_OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
    };
    return ops[op];
}

/* Debian's libseccomp is of Linux 5.17, with some newer calls on some architectures. */
static bool oracle_knows(const char *name)
{
    for (int i = 0; i < SECCOMP_COLUMN_MAX; i++) {
        uint32_t architecture = seccomp_table_abis[i].architecture;
        int theirs = seccomp_syscall_resolve_name_arch(architecture, name);
        int ours = seccomp_syscall_number(architecture, name);
        if ((theirs < 0 ? -1 : theirs) != ours)
            return false;
    }
    return true;
}

static int oracle_add_rule(scmp_filter_ctx context, const SeccompRule *rule)
{
    int number = seccomp_syscall_resolve_name(rule->syscall);
    if (number == __NR_SCMP_ERROR || !oracle_knows(rule->syscall))
        return -ENOENT;
    struct scmp_arg_cmp arguments[6];
    for (size_t i = 0; i < rule->condition_count; i++) {
        const SeccompCondition *c = &rule->conditions[i];
        arguments[i] =
            (struct scmp_arg_cmp){ c->argument, oracle_op(c->op), c->value, c->value_two };
    }
    return seccomp_rule_add_array(context, rule->action, number, (unsigned)rule->condition_count,
                                  arguments);
}

static void oracle_export(scmp_filter_ctx context, Arena *arena, SeccompProgram *ret_program)
{
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(seccomp_export_bpf(context, fd), 0);
    off_t size = lseek(fd, 0, SEEK_END);
    ret_program->instructions = arena_alloc(arena, (size_t)size);
    ret_program->count = (uint16_t)((size_t)size / sizeof(struct sock_filter));
    assert_int_equal(pread(fd, ret_program->instructions, (size_t)size, 0), size);
    close(fd);
}

/*
 * Compiles with libseccomp. False: it refuses the combination of rules (-EEXIST and the like).
 * Rules it does not know or need are taken out of the policy, for a fair comparison.
 */
static bool oracle_compile(SeccompPolicy *policy, Arena *arena, SeccompProgram *ret_program)
{
    scmp_filter_ctx context = seccomp_init(policy->default_action);
    assert_non_null(context);
    for (size_t i = 0; i < policy->architecture_count; i++) {
        int r = seccomp_arch_add(context, policy->architectures[i]);
        assert_true(r == 0 || r == -EEXIST);
    }
    SeccompRule *kept = arena_alloc(arena, policy->rule_count * sizeof(*kept));
    size_t count = 0;
    bool fine = true;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const SeccompRule *rule = &policy->rules[i];
        int r = rule->action == policy->default_action ? -EACCES : oracle_add_rule(context, rule);
        if (r == 0)
            kept[count++] = *rule;
        else if (r != -ENOENT && r != -EACCES)
            fine = false;
    }
    policy->rules = kept;
    policy->rule_count = count;
    if (fine)
        oracle_export(context, arena, ret_program);
    seccomp_release(context);
    return fine;
}

/* One call: the rules for it and the values worth trying for its arguments. */
typedef struct OracleValues {
    const SeccompRule *rules[ORACLE_RULES_MAX];
    size_t rule_count;
    uint64_t values[6][ORACLE_VALUES_MAX];
    size_t counts[6];
    bool conditional;
    bool multiplexer; /* the call is socketcall or ipc, and rules for others reach it */
    bool multiplexed; /* with conditions */
} OracleValues;

/* The rules' numbers on one architecture, looked up once. */
typedef struct OracleNumbers {
    const SeccompPolicy *policy;
    int *numbers;
    int *multiplexers; /* the number of the multiplexer that also makes the call, or -1 */
    uint32_t *calls;
} OracleNumbers;

static OracleNumbers oracle_numbers(const SeccompPolicy *policy, uint32_t architecture,
                                    Arena *arena)
{
    OracleNumbers n = { .policy = policy };
    n.numbers = arena_alloc(arena, policy->rule_count * sizeof(int));
    n.multiplexers = arena_alloc(arena, policy->rule_count * sizeof(int));
    n.calls = arena_alloc(arena, policy->rule_count * sizeof(uint32_t));
    for (size_t i = 0; i < policy->rule_count; i++) {
        const char *name = policy->rules[i].syscall;
        int row = seccomp_table_row(name);
        int multiplexer = row < 0 ? -1 : seccomp_table_multiplexer(row, &n.calls[i]);
        n.numbers[i] = seccomp_syscall_number(architecture, name);
        n.multiplexers[i] = -1;
        if (multiplexer >= 0 && architecture == AUDIT_ARCH_I386)
            n.multiplexers[i] = seccomp_table_number(multiplexer, SECCOMP_COLUMN_I386);
    }
    return n;
}

static void oracle_add_value(OracleValues *v, uint32_t argument, uint64_t value)
{
    if (v->counts[argument] < ORACLE_VALUES_MAX)
        v->values[argument][v->counts[argument]++] = value;
}

static void oracle_add_condition(OracleValues *v, const SeccompCondition *c)
{
    uint64_t value = c->op == SECCOMP_OP_MASKED_EQ ? c->value_two : c->value;
    uint64_t around[] = { value,
                          value - 1,
                          value + 1,
                          value ^ (1ULL << 32),
                          value + (1ULL << 32),
                          value - (1ULL << 32),
                          value & UINT32_MAX,
                          value ^ ~c->value };
    for (size_t i = 0; i < ARRAY_LEN(around); i++)
        oracle_add_value(v, c->argument, around[i]);
}

/* Gathers what any rule says about this number. */
static void oracle_gather(const OracleNumbers *numbers, uint32_t number, OracleValues *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (uint32_t a = 0; a < 6; a++) {
        oracle_add_value(ret, a, 0);
        oracle_add_value(ret, a, UINT64_MAX);
    }
    for (size_t i = 0; i < numbers->policy->rule_count; i++) {
        const SeccompRule *rule = &numbers->policy->rules[i];
        if (numbers->multiplexers[i] == (int)number) {
            ret->multiplexer = true;
            ret->multiplexed |= rule->condition_count > 0;
            oracle_add_value(ret, 0, numbers->calls[i]);
            ret->conditional = true;
        }
        if (numbers->numbers[i] != (int)number)
            continue;
        assert_true(ret->rule_count < ORACLE_RULES_MAX);
        ret->rules[ret->rule_count++] = rule;
        for (size_t c = 0; c < rule->condition_count; c++)
            oracle_add_condition(ret, &rule->conditions[c]);
        ret->conditional |= rule->condition_count > 0;
    }
}

static uint32_t oracle_random(uint32_t *state) /* xorshift: the same on every run */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/*
 * The rules of SeccompPolicy once more, in the plainest form: nothing is compiled, every rule is
 * looked at, the best match so far is kept. It is the judge where libseccomp and we differ, because
 * libseccomp 2.5.4 has defects: the high words of "<" and ">" on one argument get mixed up, the
 * argument in the accumulator after a partly matching rule is taken for the next rule's, and with
 * x32 the number is sometimes not loaded at all.
 */
static bool reference_holds(const SeccompCondition *c, uint64_t argument, bool wide)
{
    uint64_t all = wide ? UINT64_MAX : UINT32_MAX;
    uint64_t a = argument & all, v = c->value & all;
    switch ((SeccompOp)c->op) {
    case SECCOMP_OP_NE: return a != v;
    case SECCOMP_OP_LT: return a < v;
    case SECCOMP_OP_LE: return a <= v;
    case SECCOMP_OP_EQ: return a == v;
    case SECCOMP_OP_GE: return a >= v;
    case SECCOMP_OP_GT: return a > v;
    case SECCOMP_OP_MASKED_EQ: return (a & v) == (c->value_two & v);
    case SECCOMP_OP_INVALID: break;
    }
    return false;
}

/* The conditions that count, by argument; op SECCOMP_OP_INVALID where there is none. */
typedef struct Reference {
    SeccompCondition by_argument[6];
    size_t count;
    bool matches;
} Reference;

static Reference reference_rule(const SeccompRule *rule, const uint64_t *arguments, bool wide)
{
    Reference r = { .count = 0, .matches = true };
    for (size_t a = 0; a < 6; a++)
        r.by_argument[a].op = SECCOMP_OP_INVALID;
    for (size_t i = 0; i < rule->condition_count; i++) {
        SeccompCondition c = rule->conditions[i];
        c.value &= wide ? UINT64_MAX : UINT32_MAX;
        if (c.op == SECCOMP_OP_MASKED_EQ && c.value == 0)
            continue;
        r.matches &= reference_holds(&c, arguments[c.argument], wide);
        if (c.op == SECCOMP_OP_MASKED_EQ) /* compared by their expected values from here on */
            c.value &= c.value_two;
        r.by_argument[c.argument] = c;
        r.count++;
    }
    return r;
}

static int reference_rank(uint32_t op)
{
    return op == SECCOMP_OP_GE || op == SECCOMP_OP_GT   ? 1
           : op == SECCOMP_OP_LE || op == SECCOMP_OP_LT ? 2
                                                        : 3;
}

/* Is `a` asked before `b`? Both have conditions. */
static bool reference_before(const Reference *a, const Reference *b)
{
    size_t x = 0, y = 0;
    for (;; x++, y++) {
        while (x < 6 && a->by_argument[x].op == SECCOMP_OP_INVALID)
            x++;
        while (y < 6 && b->by_argument[y].op == SECCOMP_OP_INVALID)
            y++;
        if (x >= 6 || y >= 6)
            return x < 6; /* the longer one */
        if (x != y)
            return x > y;
        const SeccompCondition *p = &a->by_argument[x], *q = &b->by_argument[y];
        if (reference_rank(p->op) != reference_rank(q->op))
            return reference_rank(p->op) > reference_rank(q->op);
        if (p->value != q->value)
            return reference_rank(p->op) == 2 ? p->value < q->value : p->value > q->value;
    }
}

/* The verdict; *ret_any_of tells whether `other` is the action of some rule that matches. */
static uint32_t reference_verdict(const OracleValues *v, uint32_t default_action, bool wide,
                                  const uint64_t *arguments, uint32_t other, bool *ret_any_of)
{
    uint32_t verdict = default_action;
    Reference best = { .matches = false };
    *ret_any_of = false;
    for (size_t i = 0; i < v->rule_count; i++) {
        const SeccompRule *rule = v->rules[i];
        Reference r = reference_rule(rule, arguments, wide);
        if (!r.matches)
            continue;
        if (r.count == 0) {
            *ret_any_of = rule->action == other;
            return rule->action;
        }
        *ret_any_of |= rule->action == other;
        if (!best.matches || reference_before(&r, &best)) {
            best = r;
            verdict = rule->action;
        }
    }
    return verdict;
}

/* What comparing found, in calls. */
typedef struct OracleCount {
    size_t wrong;       /* we are wrong: the rules say otherwise */
    size_t other_order; /* libseccomp lets another matching rule decide */
    size_t defects;     /* libseccomp's verdict is that of no matching rule */
} OracleCount;

typedef struct OracleCall {
    const SeccompPolicy *policy;
    const SeccompProgram *theirs, *ours;
    uint32_t architecture, number;
    bool known; /* the architecture is in the policy, so that the reference can judge */
} OracleCall;

static void oracle_print_call(const OracleCall *call, const OracleValues *v,
                              const uint64_t *arguments)
{
    static const char *const ops[] = { "!=", "<", "<=", "==", ">=", ">", "&" };
    print_error("architecture %x number %u arguments", call->architecture, call->number);
    for (size_t a = 0; a < 6; a++)
        print_error(" %llx", (unsigned long long)arguments[a]);
    print_error(", default %x\n", call->policy->default_action);
    for (size_t i = 0; i < v->rule_count; i++) {
        const SeccompRule *rule = v->rules[i];
        print_error("  %s: %x if", rule->syscall, rule->action);
        for (size_t c = 0; c < rule->condition_count; c++)
            print_error(" arg%u %s %llx,%llx", rule->conditions[c].argument,
                        ops[rule->conditions[c].op], (unsigned long long)rule->conditions[c].value,
                        (unsigned long long)rule->conditions[c].value_two);
        print_error("\n");
    }
}

static void oracle_compare_call(const OracleCall *call, const OracleValues *v, OracleCount *count)
{
    uint32_t architecture = call->architecture, number = call->number;
    uint32_t audit = architecture == SECCOMP_ARCHITECTURE_X32 ? AUDIT_ARCH_X86_64 : architecture;
    bool wide = architecture == AUDIT_ARCH_X86_64 || architecture == AUDIT_ARCH_AARCH64;
    uint32_t state = 2463534242U + number;
    for (size_t tries = v->conditional ? 300 : 2; tries > 0; tries--) {
        uint64_t arguments[6];
        for (uint32_t a = 0; a < 6; a++)
            arguments[a] = v->values[a][oracle_random(&state) % v->counts[a]];
        uint32_t expected = seccomp_evaluate(call->theirs, audit, number, arguments);
        uint32_t got = seccomp_evaluate(call->ours, audit, number, arguments);
        uint32_t reference = expected;
        bool any_of = false;
        if (call->known && !v->multiplexer)
            reference = reference_verdict(v, call->policy->default_action, wide, arguments,
                                          expected, &any_of);
        if (got == expected && got == reference)
            continue;
        size_t *counter = got != reference ? &count->wrong
                          : any_of         ? &count->other_order
                                           : &count->defects;
        if ((*counter)++ == 0 && counter == &count->wrong) {
            print_error("libseccomp %x, we %x, rules %x: ", expected, got, reference);
            oracle_print_call(call, v, arguments);
        }
    }
}

static bool oracle_listed(const SeccompPolicy *policy, uint32_t architecture)
{
    if (architecture == seccomp_native_architecture())
        return true;
    for (size_t i = 0; i < policy->architecture_count; i++) {
        if (policy->architectures[i] == architecture)
            return true;
    }
    return false;
}

static OracleCount oracle_compare(const SeccompPolicy *policy, const SeccompProgram *theirs,
                                  const SeccompProgram *ours)
{
    static const uint32_t bases[] = { 0,          0x0f0000,   0x3ffffe00, 0x40000000,
                                      0x7ffffe00, 0x80000000, 0xfffffc00 };
    Arena arena CLEANUP(arena_done) = { 0 };
    OracleCount count = { 0, 0, 0 };
    for (size_t a = 0; a < ARRAY_LEN(oracle_architectures); a++) {
        for (size_t b = 0; b < ARRAY_LEN(bases); b++) {
            uint32_t architecture = oracle_architectures[a];
            if (architecture == AUDIT_ARCH_X86_64 && bases[b] == 0x40000000)
                architecture = SECCOMP_ARCHITECTURE_X32;
            OracleNumbers numbers = oracle_numbers(policy, architecture, &arena);
            bool ordinary = architecture == SECCOMP_ARCHITECTURE_X32 || bases[b] <= 0x0f0000;
            bool known = ordinary && oracle_listed(policy, architecture);
            for (uint32_t n = 0; n < ORACLE_NUMBERS; n++) {
                OracleValues v = { .counts = { 1, 1, 1, 1, 1, 1 } };
                if (ordinary)
                    oracle_gather(&numbers, bases[b] + n, &v);
                OracleCall call = { policy, theirs, ours, architecture, bases[b] + n, known };
                if (!v.multiplexed)
                    oracle_compare_call(&call, &v, &count);
            }
        }
    }
    return count;
}
