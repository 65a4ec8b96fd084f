/*
 * linux.seccomp of a spec to a program: what the words mean, and an error for each that means
 * nothing, with its path.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/filter.h"

static const char head[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":"
                           "[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_MIPS\"],";

typedef struct Compiled {
    Arena arena;
    SpecSeccomp spec;
    SeccompProgram program;
    uint32_t flags;
} Compiled;

static int compile(const char *first, const char *second, Compiled *c, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    c->arena = (Arena){ 0 };
    strbuf_add(&text, first);
    strbuf_add(&text, second);
    int r = field_parse(&spec_seccomp_table, text.data, text.length, &c->arena, &c->spec, error);
    if (r < 0)
        fail_msg("%s", error->message);
    return filter_compile(&c->spec, &c->arena, &c->program, &c->flags, error);
}

static void compile_good(const char *first, const char *second, Compiled *c)
{
    Error error = { 0 };
    if (compile(first, second, c, &error) < 0)
        fail_msg("%s", error.message);
}

static uint32_t verdict(const Compiled *c, const char *name, uint64_t first, uint64_t second)
{
    const uint64_t arguments[6] = { first, second };
    uint32_t native = seccomp_native_architecture();
    return seccomp_evaluate(&c->program, native, (uint32_t)seccomp_syscall_number(native, name),
                            arguments);
}

static void test_actions(void **state UNUSED)
{
    Compiled c;
    compile_good(head,
                 "\"syscalls\":["
                 "{\"names\":[\"read\",\"nonesuch\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                 "{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13},"
                 "{\"names\":[\"close\"],\"action\":\"SCMP_ACT_TRACE\"},"
                 "{\"names\":[\"fstat\"],\"action\":\"SCMP_ACT_KILL\"},"
                 "{\"names\":[\"statx\"],\"action\":\"SCMP_ACT_LOG\"}]}",
                 &c);
    assert_int_equal(verdict(&c, "read", 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "write", 0, 0), SECCOMP_RET_ERRNO | EACCES);
    assert_int_equal(verdict(&c, "close", 0, 0), SECCOMP_RET_TRACE | EPERM);
    assert_int_equal(verdict(&c, "fstat", 0, 0), SECCOMP_RET_KILL_THREAD);
    assert_int_equal(verdict(&c, "mount", 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(verdict(&c, "statx", 0, 0), SECCOMP_RET_LOG);
    /* newer than statx, the newest named */
    assert_int_equal(verdict(&c, "futex_waitv", 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    StrBuf names CLEANUP(strbuf_done) = { 0 };
    filter_unknown_names(&c.spec, &names);
    assert_string_equal(strbuf_text(&names), "nonesuch ");
    arena_done(&c.arena);

    compile_good("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[",
                 "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}", &c);
    assert_int_equal(verdict(&c, "futex_waitv", 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "read", 0, 0), SECCOMP_RET_KILL_PROCESS);
    arena_done(&c.arena);
}

static void test_conditions(void **state UNUSED)
{
    Compiled c;
    compile_good(head,
                 "\"syscalls\":["
                 /* one argument each: both must hold */
                 "{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
                 "{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_GE\"},"
                 "{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_NE\"}]},"
                 /* twice the same argument: alternatives */
                 "{\"names\":[\"personality\",\"prctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
                 "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
                 "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
                 "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
                 "{\"index\":1,\"value\":65280,\"valueTwo\":21504,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}"
                 "]}",
                 &c);
    uint32_t denied = SECCOMP_RET_ERRNO | EPERM;
    assert_int_equal(verdict(&c, "kill", 5, 1), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "kill", 4, 1), denied);
    assert_int_equal(verdict(&c, "kill", 5, 9), denied);
    assert_int_equal(verdict(&c, "personality", 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "prctl", 8, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "prctl", 9, 0), denied);
    assert_int_equal(verdict(&c, "ioctl", 0, 0x5401), SECCOMP_RET_ALLOW);
    assert_int_equal(verdict(&c, "ioctl", 0, 0x5501), denied);
    arena_done(&c.arena);
}

static void test_flags(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint32_t flags;
    } rows[] = {
        { "\"syscalls\":[]}", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
        { "\"flags\":[]}", 0 },
        { "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"]}",
          SECCOMP_FILTER_FLAG_LOG },
        { "\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}", 0 },
        { "\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"listenerPath\":\"/l\","
          "\"syscalls\":[{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
          1 << 5 | SECCOMP_FILTER_FLAG_NEW_LISTENER },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Compiled c;
        compile_good(head, rows[i].text, &c);
        assert_int_equal(c.flags, rows[i].flags);
        arena_done(&c.arena);
    }
}

/* The field tables refuse unknown words in JSON; a program can still put them into a spec. */
static void test_errors(void **state UNUSED)
{
    Compiled c;
    Error error = { 0 };
    compile_good(head,
                 "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":["
                 "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                 "{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_LOG\",\"args\":["
                 "{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_GE\"}]}]}",
                 &c);
    static char vax[] = "V", arm[] = "SCMP_ARCH_ARM", fine[] = "F";
    SpecSyscall *call = &c.spec.syscalls.items[1];
#define REFUSED(change, undo, text)                                                       \
    do {                                                                                  \
        change;                                                                           \
        assert_int_equal(filter_compile(&c.spec, &c.arena, &c.program, &c.flags, &error), \
                         -EINVAL);                                                        \
        assert_string_equal(error.message, "linux.seccomp." text);                        \
        undo;                                                                             \
    } while (0)
    REFUSED(c.spec.default_action = "X", c.spec.default_action = "SCMP_ACT_ERRNO",
            "defaultAction: unknown action \"X\"");
    REFUSED(c.spec.default_action = "SCMP_ACT_NOTIFY", c.spec.default_action = "SCMP_ACT_ALLOW",
            "defaultAction: cannot be SCMP_ACT_NOTIFY");
    OptU32 one = { true, 1 }, many = { true, 5000 }, none = { false, 0 };
    REFUSED(c.spec.default_errno_ret = one, c.spec.default_errno_ret = none,
            "defaultErrnoRet: not for action \"SCMP_ACT_ALLOW\"");
    c.spec.default_action = "SCMP_ACT_ERRNO";
    REFUSED(c.spec.default_errno_ret = many, c.spec.default_errno_ret = none,
            "defaultErrnoRet: too large for action \"SCMP_ACT_ERRNO\"");
    REFUSED(call->errno_ret = one, call->errno_ret = none,
            "syscalls[1].errnoRet: not for action \"SCMP_ACT_LOG\"");
    REFUSED(call->action = "Y", call->action = "SCMP_ACT_NOTIFY",
            "syscalls[1].action: unknown action \"Y\"");
    REFUSED((void)0, call->action = "SCMP_ACT_LOG", "listenerPath: required by SCMP_ACT_NOTIFY");
    REFUSED(call->args.items[0].op = "Z", call->args.items[0].op = "SCMP_CMP_EQ",
            "syscalls[1].args[0].op: unknown operator \"Z\"");
    REFUSED(call->args.items[0].index = 6, call->args.items[0].index = 0,
            "syscalls[1].args[0].index: 6 is not 0 to 5");
    REFUSED(c.spec.architectures.items[2] = vax, c.spec.architectures.items[2] = arm,
            "architectures[2]: unknown architecture \"V\"");
    REFUSED(c.spec.flags.items[0] = fine, (void)0, "flags[0]: unknown flag \"F\"");
#undef REFUSED
    arena_done(&c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
