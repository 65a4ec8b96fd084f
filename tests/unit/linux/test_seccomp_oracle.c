/*
 * Random policies: our generator against libseccomp and against the rules read literally.
 *
 * Two kinds: conditional rules of one call all with the same action (order cannot matter), and
 * with different, overlapping ones (the order from the special to the general matters; there
 * libseccomp follows its tree of words, which for a few mixtures of masks, bounds and high words is
 * another order). SECCOMP_ORACLE_POLICIES=1000 in the environment tries more of them.
 */
#include "seccomp_oracle.h"

enum { RULES_MAX = 60 };

static const uint32_t actions[] = {
    SECCOMP_RET_ALLOW,        SECCOMP_RET_ERRNO | 1,   SECCOMP_RET_ERRNO | 38,
    SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
    SECCOMP_RET_TRACE | 7,    SECCOMP_RET_LOG,
};

static const uint64_t values[] = {
    0,
    1,
    2,
    5,
    38,
    0x5412,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x100000005,
    0x1234567800000002,
    0x8000000000000000,
    0xffffffffffffffff,
};
static const uint64_t masks[] = {
    0, 1, 0xff, 0x7e020000, 0xffffffff, 0x80000000, 0xffffffff00000000, 0x100000001, UINT64_MAX
};

typedef struct Sample {
    uint32_t state;
    SeccompRule rules[RULES_MAX];
    SeccompCondition conditions[RULES_MAX][6];
    SeccompPolicy policy;
} Sample;

static uint32_t pick(Sample *s, size_t count)
{
    return oracle_random(&s->state) % (uint32_t)count;
}

static void make_condition(Sample *s, SeccompCondition *c, uint32_t argument)
{
    *c = (SeccompCondition){ argument, pick(s, SECCOMP_OP_INVALID), 0, 0 };
    c->value = values[pick(s, ARRAY_LEN(values))];
    if (c->op == SECCOMP_OP_MASKED_EQ) {
        c->value_two = c->value;
        c->value = masks[pick(s, ARRAY_LEN(masks))];
    }
}

static const char *random_name(Sample *s, bool conditional)
{
    static const char *const few[] = { "personality", "ioctl", "prctl", "clone", "mount" };
    if (conditional && pick(s, 3))
        return few[pick(s, ARRAY_LEN(few))];
    for (;;) {
        int row = (int)pick(s, 508);
        uint32_t call;
        if (conditional && seccomp_table_multiplexer(row, &call) >= 0)
            continue;
        return seccomp_table_name(row);
    }
}

/* one_action: all conditional rules have the same action. */
static void make_sample(Sample *s, uint32_t seed, bool one_action)
{
    static const uint32_t architectures[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                              SECCOMP_ARCHITECTURE_X32, AUDIT_ARCH_AARCH64,
                                              AUDIT_ARCH_ARM };
    s->state = seed * 2654435761U + 1;
    s->policy = (SeccompPolicy){
        .default_action = actions[pick(s, 5)],
        .architectures = architectures,
        .architecture_count = pick(s, ARRAY_LEN(architectures) + 1),
        .rules = s->rules,
        .rule_count = 1 + pick(s, RULES_MAX),
    };
    uint32_t conditional_action = actions[pick(s, ARRAY_LEN(actions))];
    for (size_t i = 0; i < s->policy.rule_count; i++) {
        bool conditional = pick(s, 3) == 0;
        size_t count = conditional ? 1 + pick(s, pick(s, 3) ? 1 : 3) : 0;
        uint32_t first = pick(s, 4);
        for (size_t c = 0; c < count; c++)
            make_condition(s, &s->conditions[i][c], first + (uint32_t)c);
        s->rules[i] =
            (SeccompRule){ random_name(s, conditional),
                           conditional && one_action ? conditional_action
                                                     : actions[pick(s, ARRAY_LEN(actions))],
                           s->conditions[i], count };
    }
}

typedef struct Outcome {
    size_t compared, refused;
    OracleCount calls; /* policies for which there was any such call */
} Outcome;

static Outcome compare_samples(bool one_action, uint32_t count)
{
    Outcome o = { 0 };
    for (uint32_t seed = 1; seed <= count; seed++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Error error = { 0 };
        SeccompProgram theirs, ours;
        Sample s;
        make_sample(&s, seed, one_action);
        if (!oracle_compile(&s.policy, &arena, &theirs)) {
            o.refused++;
            continue;
        }
        assert_int_equal(seccomp_compile(&s.policy, &arena, &ours, &error), 0);
        OracleCount c = oracle_compare(&s.policy, &theirs, &ours);
        o.compared++;
        o.calls.wrong += c.wrong != 0;
        o.calls.other_order += c.other_order != 0;
        o.calls.defects += c.defects != 0;
    }
    print_message("%zu policies, %zu wrong, %zu other order, %zu defects of libseccomp, "
                  "%zu refused by it\n",
                  o.compared, o.calls.wrong, o.calls.other_order, o.calls.defects, o.refused);
    return o;
}

static uint32_t sample_count(void)
{
    const char *text = getenv("SECCOMP_ORACLE_POLICIES");
    return text ? (uint32_t)atoi(text) : 20;
}

static void test_one_action(void **state UNUSED)
{
    Outcome o = compare_samples(true, sample_count());
    assert_int_equal(o.calls.wrong, 0);
    assert_int_equal(o.calls.other_order, 0);
    assert_true(o.calls.defects * 5 < o.compared);
}

static void test_many_actions(void **state UNUSED)
{
    Outcome o = compare_samples(false, sample_count());
    assert_int_equal(o.calls.wrong, 0);
    assert_true(o.calls.other_order * 8 < o.compared);
    assert_true(o.calls.defects * 5 < o.compared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_action),
        cmocka_unit_test(test_many_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
