/*
 * The filter generator: words, verdicts of small policies, limits, far jumps, determinism.
 * Larger policies are compared with libseccomp in test_seccomp_oracle.c.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/seccomp.h"
#include "linux/seccomp_code.h"

enum { EPERM_ACTION = SECCOMP_RET_ERRNO | 1, ENOSYS_ACTION = SECCOMP_RET_ERRNO | 38 };

static const uint64_t no_arguments[6];

typedef struct Compiled {
    Arena arena;
    SeccompProgram program;
} Compiled;

static void compile(const SeccompPolicy *policy, Compiled *c)
{
    Error error = { 0 };
    c->arena = (Arena){ 0 };
    if (seccomp_compile(policy, &c->arena, &c->program, &error) < 0)
        fail_msg("%s", error.message);
}

static uint32_t verdict(const Compiled *c, uint32_t architecture, const char *name,
                        uint64_t argument)
{
    uint64_t arguments[6] = { argument, argument, argument, argument, argument, argument };
    int number = seccomp_syscall_number(architecture, name);
    assert_true(number >= 0);
    if (architecture == SECCOMP_ARCHITECTURE_X32)
        architecture = AUDIT_ARCH_X86_64;
    return seccomp_evaluate(&c->program, architecture, (uint32_t)number, arguments);
}

static void test_words(void **state UNUSED)
{
    uint32_t value;
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_ERRNO", 13, &value), 0);
    assert_int_equal(value, SECCOMP_RET_ERRNO | 13);
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_ERRNO", 4095, &value), 0);
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_ERRNO", 4096, &value), -ERANGE);
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_TRACE", 0x10000, &value), -ERANGE);
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_KILL", 99999, &value), 0);
    assert_int_equal(value, SECCOMP_RET_KILL_THREAD);
    assert_int_equal(seccomp_action_from_name("SCMP_ACT_KILL_PROCESS", 0, &value), 0);
    assert_int_equal(value, SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(seccomp_action_from_name("scmp_act_allow", 0, &value), -EINVAL);
    assert_int_equal(seccomp_action_from_name("", 0, &value), -EINVAL);

    assert_int_equal(seccomp_architecture_from_name("SCMP_ARCH_X86", &value), 0);
    assert_int_equal(value, AUDIT_ARCH_I386);
    assert_int_equal(seccomp_architecture_from_name("SCMP_ARCH_S390X", &value), 0);
    assert_int_equal(value, AUDIT_ARCH_S390X);
    assert_int_equal(seccomp_architecture_from_name("SCMP_ARCH_VAX", &value), -EINVAL);

    assert_int_equal(seccomp_op_from_name("SCMP_CMP_MASKED_EQ"), SECCOMP_OP_MASKED_EQ);
    assert_int_equal(seccomp_op_from_name("=="), SECCOMP_OP_INVALID);
    assert_int_equal(seccomp_flag_from_name("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", &value), 0);
    assert_int_equal(value, 32);
    assert_int_equal(seccomp_flag_from_name("SECCOMP_FILTER_FLAG_NEW_LISTENER", &value), -EINVAL);
}

static void test_empty_policy(void **state UNUSED)
{
    Compiled c;
    compile(&(SeccompPolicy){ .default_action = SECCOMP_RET_ALLOW }, &c);
    assert_int_equal(verdict(&c, seccomp_native_architecture(), "read", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(seccomp_evaluate(&c.program, AUDIT_ARCH_S390X, 1, no_arguments),
                     SECCOMP_RET_KILL_THREAD);
    arena_done(&c.arena);
}

/* The number -1 is a tracer's "skip this call": never the action for a bad architecture. */
static void test_x32(void **state UNUSED)
{
#ifdef __x86_64__
    static const SeccompRule rules[] = { { "read", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "readv", SECCOMP_RET_ALLOW, NULL, 0 } };
    static const uint32_t x32[] = { SECCOMP_ARCHITECTURE_X32 };
    SeccompPolicy policy = { .default_action = EPERM_ACTION,
                             .bad_architecture_action = SECCOMP_RET_KILL_PROCESS,
                             .rules = rules,
                             .rule_count = 2 };
    Compiled c;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, AUDIT_ARCH_X86_64, "read", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, SECCOMP_ARCHITECTURE_X32, "read", 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(seccomp_evaluate(&c.program, AUDIT_ARCH_X86_64, UINT32_MAX, no_arguments),
                     EPERM_ACTION);
    assert_int_equal(seccomp_evaluate(&c.program, AUDIT_ARCH_X86_64, UINT32_MAX - 1, no_arguments),
                     SECCOMP_RET_KILL_PROCESS);
    arena_done(&c.arena);

    policy.architectures = x32;
    policy.architecture_count = 1;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, SECCOMP_ARCHITECTURE_X32, "read", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, SECCOMP_ARCHITECTURE_X32, "readv", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(seccomp_syscall_number(SECCOMP_ARCHITECTURE_X32, "readv"), 0x40000000 + 515);
    assert_int_equal(verdict(&c, SECCOMP_ARCHITECTURE_X32, "write", 0), EPERM_ACTION);
    assert_int_equal(verdict(&c, AUDIT_ARCH_X86_64, "readv", 0), SECCOMP_RET_ALLOW);
    arena_done(&c.arena);
#else
    skip();
#endif
}

static void test_unknown_numbers(void **state UNUSED)
{
    static const SeccompRule rules[] = { { "read", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "openat2", EPERM_ACTION, NULL, 0 },
                                         { "openat", SECCOMP_RET_ALLOW, NULL, 0 } };
    SeccompPolicy policy = { .default_action = EPERM_ACTION,
                             .unknown_action = ENOSYS_ACTION,
                             .rules = rules,
                             .rule_count = 3 };
    uint32_t native = seccomp_native_architecture();
    Compiled c;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, native, "read", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, native, "write", 0), EPERM_ACTION);
    assert_int_equal(verdict(&c, native, "openat2", 0), EPERM_ACTION);
    assert_int_equal(verdict(&c, native, "pidfd_getfd", 0), ENOSYS_ACTION);
    assert_int_equal(seccomp_evaluate(&c.program, native, 100000, no_arguments), ENOSYS_ACTION);
    assert_int_equal(seccomp_evaluate(&c.program, native, UINT32_MAX, no_arguments), EPERM_ACTION);
    arena_done(&c.arena);
}

static void test_unknown_names(void **state UNUSED)
{
    static const SeccompRule rules[] = { { "read", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "frobnicate", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "spu_run", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "write_twice", SECCOMP_RET_ALLOW, NULL, 0 } };
    StrBuf unknown CLEANUP(strbuf_done) = { 0 };
    SeccompPolicy policy = { .default_action = EPERM_ACTION,
                             .rules = rules,
                             .rule_count = ARRAY_LEN(rules),
                             .ret_unknown = &unknown };
    Compiled c;
    compile(&policy, &c);
    assert_string_equal(strbuf_text(&unknown), "frobnicate write_twice ");
    arena_done(&c.arena);
}

/* The first unconditional rule decides; one with the default action says nothing. */
static void test_unconditional(void **state UNUSED)
{
    static const SeccompCondition zero = { 0, SECCOMP_OP_EQ, 0, 0 };
    static const SeccompCondition always = { 0, SECCOMP_OP_MASKED_EQ, 0, 7 };
    static const SeccompRule rules[] = {
        { "read", SECCOMP_RET_TRAP, &zero, 1 },  { "read", SECCOMP_RET_ALLOW, NULL, 0 },
        { "read", SECCOMP_RET_LOG, NULL, 0 },    { "write", EPERM_ACTION, NULL, 0 },
        { "write", SECCOMP_RET_ALLOW, NULL, 0 }, { "close", SECCOMP_RET_LOG, &always, 1 },
        { "close", SECCOMP_RET_ALLOW, NULL, 0 },
    };
    SeccompPolicy policy = { .default_action = EPERM_ACTION,
                             .rules = rules,
                             .rule_count = ARRAY_LEN(rules) };
    uint32_t native = seccomp_native_architecture();
    Compiled c;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, native, "read", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, native, "write", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, native, "close", 1), SECCOMP_RET_LOG);
    arena_done(&c.arena);
}

enum { TIOCSTI_NUMBER = 0x5412 };

static void check_order(const SeccompPolicy *policy)
{
    uint32_t native = seccomp_native_architecture();
    Compiled c;
    compile(policy, &c);
    assert_int_equal(verdict(&c, native, "ioctl", TIOCSTI_NUMBER), EPERM_ACTION);
    assert_int_equal(verdict(&c, native, "ioctl", (7ULL << 32) | TIOCSTI_NUMBER), EPERM_ACTION);
    assert_int_equal(verdict(&c, native, "ioctl", TIOCSTI_NUMBER + 1), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, native, "ioctl", 99), SECCOMP_RET_LOG);
    assert_int_equal(verdict(&c, native, "ioctl", UINT64_MAX), SECCOMP_RET_ALLOW);
    arena_done(&c.arena);
}

/* From the special to the general, in whatever order the rules come. */
static void test_order(void **state UNUSED)
{
    static const SeccompCondition any = { 1, SECCOMP_OP_GE, 0, 0 };
    static const SeccompCondition sti = { 1, SECCOMP_OP_MASKED_EQ, UINT32_MAX, TIOCSTI_NUMBER };
    static const SeccompCondition small = { 1, SECCOMP_OP_LT, 100, 0 };
    static const SeccompRule rules[] = {
        { "ioctl", SECCOMP_RET_ALLOW, &any, 1 }, { "ioctl", SECCOMP_RET_LOG, &small, 1 },
        { "ioctl", EPERM_ACTION, &sti, 1 },      { "ioctl", SECCOMP_RET_ALLOW, &any, 1 },
        { "ioctl", SECCOMP_RET_LOG, &small, 1 },
    };
    for (size_t first = 0; first < 3; first++) {
        SeccompPolicy policy = { .default_action = ENOSYS_ACTION,
                                 .rules = rules + first,
                                 .rule_count = 3 };
        check_order(&policy);
    }
}
/* One condition per operator on both sides of its bound, with high words. */
static void test_operators(void **state UNUSED)
{
    static const uint64_t values[] = { 0, 1, 0xffffffff, 0x100000000, 0x1200000034, UINT64_MAX };
    for (uint32_t op = 0; op < SECCOMP_OP_MASKED_EQ; op++) {
        for (size_t v = 0; v < ARRAY_LEN(values); v++) {
            SeccompCondition condition = { 3, op, values[v], 0 };
            SeccompRule rule = { "mount", SECCOMP_RET_TRAP, &condition, 1 };
            SeccompPolicy policy = { .default_action = SECCOMP_RET_ALLOW,
                                     .rules = &rule,
                                     .rule_count = 1 };
            Compiled c;
            compile(&policy, &c);
            for (size_t i = 0; i < 3 * ARRAY_LEN(values); i++) {
                uint64_t a = values[i / 3] + i % 3 - 1, b = values[v];
                bool holds[] = { a != b, a<b, a <= b, a == b, a >= b, a> b };
                assert_int_equal(verdict(&c, seccomp_native_architecture(), "mount", a),
                                 holds[op] ? SECCOMP_RET_TRAP : SECCOMP_RET_ALLOW);
            }
            arena_done(&c.arena);
        }
    }
}

/* What i386 can also do through socketcall. */
static void test_multiplexer(void **state UNUSED)
{
    static const SeccompCondition unix_only = { 0, SECCOMP_OP_EQ, 1, 0 };
    static const uint32_t i386[] = { AUDIT_ARCH_I386 };
    SeccompRule rules[] = { { "socket", SECCOMP_RET_ALLOW, &unix_only, 1 },
                            { "bind", SECCOMP_RET_ALLOW, NULL, 0 } };
    SeccompPolicy policy = { .default_action = EPERM_ACTION,
                             .architectures = i386,
                             .architecture_count = 1,
                             .rules = rules,
                             .rule_count = 2 };
    Compiled c;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socket", 1), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socket", 38), EPERM_ACTION);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socketcall", 1), EPERM_ACTION); /* SYS_SOCKET */
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socketcall", 2), SECCOMP_RET_ALLOW);
    arena_done(&c.arena);

    /* Named itself, socketcall is not what the others imply. */
    SeccompRule sealed[] = { rules[0], rules[1], { "socketcall", EPERM_ACTION, NULL, 0 } };
    policy.rules = sealed;
    policy.rule_count = 3;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "bind", 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socketcall", 2), EPERM_ACTION);
    arena_done(&c.arena);

    /* The other way round: what a condition forbids, socketcall must not allow. */
    rules[0].action = EPERM_ACTION;
    policy.rules = rules;
    policy.rule_count = 2;
    policy.default_action = SECCOMP_RET_ALLOW;
    compile(&policy, &c);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socketcall", 1), EPERM_ACTION);
    assert_int_equal(verdict(&c, AUDIT_ARCH_I386, "socketcall", 2), SECCOMP_RET_ALLOW);
    arena_done(&c.arena);
}

static void test_invalid_conditions(void **state UNUSED)
{
    static const SeccompCondition conditions[SECCOMP_CONDITIONS_MAX + 1] = { { 6, 0, 0, 0 } };
    static const SeccompCondition bad_op = { 0, SECCOMP_OP_INVALID, 0, 0 };
    const SeccompRule rules[] = { { "read", SECCOMP_RET_LOG, conditions, 1 },
                                  { "read", SECCOMP_RET_LOG, &bad_op, 1 },
                                  { "read", SECCOMP_RET_LOG, conditions, ARRAY_LEN(conditions) } };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        SeccompPolicy policy = { .default_action = EPERM_ACTION,
                                 .rules = &rules[i],
                                 .rule_count = 1 };
        Arena arena CLEANUP(arena_done) = { 0 };
        SeccompProgram program;
        Error error = { 0 };
        assert_int_equal(seccomp_compile(&policy, &arena, &program, &error), -EINVAL);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

/* Many conditional rules: code longer than a conditional jump reaches, and longer than allowed. */
static void test_length(void **state UNUSED)
{
    enum { MANY = 5000 };
    static SeccompCondition conditions[MANY];
    static SeccompRule rules[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        conditions[i] = (SeccompCondition){ i % 6, SECCOMP_OP_EQ, 2 * i, 0 };
        rules[i] = (SeccompRule){ i % 2 ? "ioctl" : "read", SECCOMP_RET_ERRNO | (i % 100 + 1),
                                  &conditions[i], 1 };
    }
    SeccompPolicy policy = { .default_action = SECCOMP_RET_ALLOW,
                             .rules = rules,
                             .rule_count = 600 };
    uint32_t native = seccomp_native_architecture();
    Compiled c;
    compile(&policy, &c);
    assert_true(c.program.count > 600 && c.program.count <= 4096);
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        uint64_t arguments[6] = { 1, 1, 1, 1, 1, 1 };
        arguments[i % 6] = 2 * i;
        int number = seccomp_syscall_number(native, rules[i].syscall);
        assert_int_equal(seccomp_evaluate(&c.program, native, (uint32_t)number, arguments),
                         rules[i].action);
    }
    assert_int_equal(verdict(&c, native, "ioctl", 1), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, native, "write", 1), SECCOMP_RET_ALLOW);
    arena_done(&c.arena);

    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    policy.rule_count = MANY;
    assert_int_equal(seccomp_compile(&policy, &arena, &c.program, &error), -E2BIG);
    assert_int_equal(error.kind, ERROR_LIMIT);
}

static void test_same_program_twice(void **state UNUSED)
{
    static const SeccompRule rules[] = { { "read", SECCOMP_RET_ALLOW, NULL, 0 },
                                         { "ioctl", SECCOMP_RET_ALLOW, NULL, 0 } };
    SeccompPolicy policy = { .default_action = EPERM_ACTION, .rules = rules, .rule_count = 2 };
    Compiled a, b;
    compile(&policy, &a);
    compile(&policy, &b);
    assert_int_equal(a.program.count, b.program.count);
    assert_memory_equal(a.program.instructions, b.program.instructions,
                        a.program.count * sizeof(struct sock_filter));
    arena_done(&a.arena);
    arena_done(&b.arena);
}

/* The writer itself: a jump whose targets are both just out of reach. */
static void test_far_jumps(void **state UNUSED)
{
    static SeccompCode code;
    for (uint32_t padding = 250; padding < 262; padding++) {
        seccomp_code_start(&code);
        SeccompLabel no = seccomp_code_return(&code, 1);
        (void)seccomp_code_return(&code, 2);
        SeccompLabel yes = seccomp_code_add(&code, BPF_LD | BPF_W | BPF_ABS, 0); /* then 2 */
        for (uint32_t i = 0; i < padding; i++)
            (void)seccomp_code_return(&code, 1000 + i);
        (void)seccomp_code_jump(&code, BPF_JEQ, 7, yes, no);
        (void)seccomp_code_add(&code, BPF_LD | BPF_W | BPF_ABS, 0);
        SeccompProgram program = { (struct sock_filter *)seccomp_code_first(&code),
                                   (uint16_t)code.count };
        assert_int_equal(seccomp_evaluate(&program, 0, 7, no_arguments), 2);
        assert_int_equal(seccomp_evaluate(&program, 0, 8, no_arguments), 1);
    }
}

static void test_evaluate_refuses(void **state UNUSED)
{
    static struct sock_filter programs[][2] = {
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 1) },
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, 1) },
        { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 1) },
        { BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 1) },
        { BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 1) },
    };
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        SeccompProgram program = { programs[i], 2 };
        assert_int_equal(seccomp_evaluate(&program, 0, 0, no_arguments), SECCOMP_RET_KILL_PROCESS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),         cmocka_unit_test(test_empty_policy),
        cmocka_unit_test(test_x32),           cmocka_unit_test(test_unknown_numbers),
        cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_unconditional),
        cmocka_unit_test(test_order),         cmocka_unit_test(test_operators),
        cmocka_unit_test(test_multiplexer),   cmocka_unit_test(test_invalid_conditions),
        cmocka_unit_test(test_length),        cmocka_unit_test(test_same_program_twice),
        cmocka_unit_test(test_far_jumps),     cmocka_unit_test(test_evaluate_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
