/*
 * The built-in profile as a program: what it answers, the same from the build's table as compiled
 * now, and the same as libseccomp makes of it; also in docker's style (EPERM, x32) and podman's own
 * profile where that is installed.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "../linux/seccomp_oracle.h"
#include "base/file.h"
#include "runtime/filter.h"
#include "runtime/filter_builtin.h"
#include "runtime/filter_translate.h"
#include "spec/seccomp_default.h"

enum { TIOCSTI_NUMBER = 0x5412, TIOCLINUX_NUMBER = 0x541c, WINDOW_SIZE = 0x5413 };

static const char usual_caps[] = "CAP_CHOWN,CAP_SYS_CHROOT";
static const char more_caps[] =
    "CAP_SYS_ADMIN,CAP_NET_RAW,CAP_NET_ADMIN,CAP_AUDIT_WRITE,CAP_SYS_TIME";

static const SpecSeccomp *resolve(const char *caps, Arena *arena)
{
    const StrList list = strlist_split(arena, caps, ',');
    const SeccompProfileTarget target = { SECCOMP_PROFILE_NATIVE, 6, 1, &list };
    return seccomp_default_resolve(&target, arena);
}

typedef struct Compiled {
    Arena arena;
    SeccompProgram program;
    uint32_t flags;
} Compiled;

static void compile(Compiled *c, const char *caps)
{
    Error error = { 0 };
    c->arena = (Arena){ 0 };
    if (filter_compile(resolve(caps, &c->arena), &c->arena, &c->program, &c->flags, &error) < 0)
        fail_msg("%s", error.message);
}

static uint32_t ask(const Compiled *c, uint32_t architecture, const char *name, uint64_t first,
                    uint64_t second, uint64_t third)
{
    const uint64_t arguments[6] = { first, second, third };
    int number = seccomp_syscall_number(architecture, name);
    assert_true(number >= 0);
    return seccomp_evaluate(&c->program, architecture, (uint32_t)number, arguments);
}

#define NATIVE         seccomp_native_architecture()
#define ERRNO_IS(code) (SECCOMP_RET_ERRNO | (code))
#define ALLOW          SECCOMP_RET_ALLOW

static void test_same_as_compiled(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProgram ready, compiled;
    uint32_t flags;
    assert_true(filter_builtin(seccomp_default_usual(), &ready));
    assert_int_equal(filter_translate(seccomp_default_usual(), &arena, &compiled, &flags, &error),
                     0);
    assert_int_equal(flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    assert_int_equal(ready.count, compiled.count);
    assert_memory_equal(ready.instructions, compiled.instructions,
                        ready.count * sizeof(struct sock_filter));
    assert_false(filter_builtin(resolve(more_caps, &arena), &ready));
}

static void test_sockets(void **state UNUSED)
{
    static const int allowed[] = { AF_UNIX, AF_INET, AF_INET6 };
    Compiled c;
    compile(&c, usual_caps);
    for (int family = 0; family < 64; family++) {
        bool usual = false;
        for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
            usual |= family == allowed[i];
        uint32_t expected = usual || family == AF_NETLINK ? ALLOW : ERRNO_IS(EAFNOSUPPORT);
        uint64_t high = (1ULL << 32) | (uint64_t)family;
        assert_int_equal(ask(&c, NATIVE, "socket", (uint64_t)family, SOCK_STREAM, 0), expected);
        assert_int_equal(ask(&c, NATIVE, "socket", high, SOCK_STREAM, 0), expected);
        assert_int_equal(ask(&c, NATIVE, "socketpair", (uint64_t)family, SOCK_STREAM, 0),
                         family == AF_UNIX ? ALLOW : ERRNO_IS(EAFNOSUPPORT));
#ifdef __x86_64__
        assert_int_equal(ask(&c, AUDIT_ARCH_I386, "socket", (uint64_t)family, SOCK_STREAM, 0),
                         expected);
#endif
    }
    for (uint64_t protocol = 0; protocol < 40; protocol++) {
        bool open = protocol == 0 || protocol == 4 || protocol == 15 || protocol == 16;
        assert_int_equal(ask(&c, NATIVE, "socket", AF_NETLINK, SOCK_RAW, protocol),
                         open ? ALLOW : ERRNO_IS(EAFNOSUPPORT));
    }
    assert_int_equal(ask(&c, NATIVE, "socket", AF_INET, SOCK_DCCP | SOCK_CLOEXEC, 33),
                     ERRNO_IS(ESOCKTNOSUPPORT));
#ifdef __x86_64__
    for (uint64_t call = 0; call < 22; call++)
        assert_int_equal(ask(&c, AUDIT_ARCH_I386, "socketcall", call, 0, 0), ERRNO_IS(ENOSYS));
#endif
    arena_done(&c.arena);

    compile(&c, more_caps);
    assert_int_equal(ask(&c, NATIVE, "socket", AF_PACKET, SOCK_RAW, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "socket", AF_NETLINK, SOCK_RAW, 9), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "socket", AF_NETLINK, SOCK_RAW, 12), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "socket", AF_ALG, SOCK_SEQPACKET, 0), ERRNO_IS(EAFNOSUPPORT));
    arena_done(&c.arena);
}

static void test_namespaces(void **state UNUSED)
{
    static const uint64_t flags[] = { CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET };
    Compiled c;
    compile(&c, usual_caps);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        assert_int_equal(ask(&c, NATIVE, "clone", flags[i] | SIGCHLD, 0, 0), ERRNO_IS(EPERM));
        assert_int_equal(ask(&c, NATIVE, "unshare", flags[i], 0, 0), ERRNO_IS(EPERM));
    }
    assert_int_equal(ask(&c, NATIVE, "clone", CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0),
                     ALLOW);
    assert_int_equal(ask(&c, NATIVE, "unshare", CLONE_FS | CLONE_FILES, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "unshare", 0x80, 0, 0), ERRNO_IS(EPERM)); /* NEWTIME */
    assert_int_equal(ask(&c, NATIVE, "clone3", 0, 0, 0), ERRNO_IS(ENOSYS));
    assert_int_equal(ask(&c, NATIVE, "setns", 0, 0, 0), ERRNO_IS(EPERM));
    assert_int_equal(ask(&c, NATIVE, "mount", 0, 0, 0), ERRNO_IS(EPERM));
    assert_int_equal(ask(&c, NATIVE, "fsconfig", 0, 0, 0), ERRNO_IS(EPERM));
    arena_done(&c.arena);

    compile(&c, more_caps);
    assert_int_equal(ask(&c, NATIVE, "clone", CLONE_NEWUSER | SIGCHLD, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "clone3", 0, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "unshare", CLONE_NEWNS, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "mount", 0, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "ioctl", 0, TIOCSTI_NUMBER, 0), ALLOW);
    arena_done(&c.arena);
}

static void test_others(void **state UNUSED)
{
    static const char *const absent[] = { "io_uring_setup", "io_uring_enter", "get_mempolicy",
                                          "move_pages",     "nfsservctl",     "lsm_set_self_attr",
                                          "listns" };
    static const char *const denied[] = { "keyctl",
                                          "add_key",
                                          "request_key",
                                          "bpf",
                                          "reboot",
                                          "perf_event_open",
                                          "userfaultfd",
                                          "syslog",
                                          "init_module",
                                          "kexec_load",
                                          "swapon",
                                          "setns",
                                          "open_by_handle_at",
                                          "clock_settime",
                                          "vmsplice" };
    static const char *const allowed[] = { "read",        "execve",       "ptrace",
                                           "futex_waitv", "statx",        "landlock_create_ruleset",
                                           "seccomp",     "chroot",       "rseq",
                                           "io_submit",   "memfd_create", "mseal",
                                           "fchmodat2" };
    Compiled c;
    compile(&c, usual_caps);
    for (size_t i = 0; i < ARRAY_LEN(absent); i++)
        assert_int_equal(ask(&c, NATIVE, absent[i], 0, 0, 0), ERRNO_IS(ENOSYS));
    for (size_t i = 0; i < ARRAY_LEN(denied); i++)
        assert_int_equal(ask(&c, NATIVE, denied[i], 0, 0, 0), ERRNO_IS(EPERM));
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        assert_int_equal(ask(&c, NATIVE, allowed[i], 0, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "personality", UINT32_MAX, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "personality", 0x20008, 0, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "personality", 0x400000, 0, 0), ERRNO_IS(EPERM));
    assert_int_equal(ask(&c, NATIVE, "ioctl", 0, WINDOW_SIZE, 0), ALLOW);
    assert_int_equal(ask(&c, NATIVE, "ioctl", 0, TIOCSTI_NUMBER, 0), ERRNO_IS(EPERM));
    assert_int_equal(ask(&c, NATIVE, "ioctl", 0, 1ULL << 40 | TIOCSTI_NUMBER, 0), ERRNO_IS(EPERM));
    assert_int_equal(ask(&c, NATIVE, "ioctl", 0, TIOCLINUX_NUMBER, 0), ERRNO_IS(EPERM));
    const uint64_t none[6] = { 0 };
    assert_int_equal(seccomp_evaluate(&c.program, NATIVE, 5000, none), ERRNO_IS(ENOSYS));
#ifdef __x86_64__
    assert_int_equal(seccomp_evaluate(&c.program, NATIVE, 0x40000000, none),
                     SECCOMP_RET_KILL_THREAD);
#endif
    arena_done(&c.arena);
}

/* Every name in it is one. */
static void test_names(void **state UNUSED)
{
    StrBuf unknown CLEANUP(strbuf_done) = { 0 };
    Arena arena CLEANUP(arena_done) = { 0 };
    filter_unknown_names(seccomp_default_usual(), &unknown);
    filter_unknown_names(resolve(more_caps, &arena), &unknown);
    assert_string_equal(strbuf_text(&unknown), "");
}

/* The same as a policy, without the line between old and unknown calls that libseccomp lacks. */
static void make_policy(const SpecSeccomp *seccomp, Arena *arena, SeccompPolicy *ret)
{
    SeccompRule *rules = NULL;
    uint32_t *architectures = arena_alloc(arena, seccomp->architectures.count * sizeof(uint32_t));
    *ret = (SeccompPolicy){ .architectures = architectures,
                            .architecture_count = seccomp->architectures.count };
    assert_int_equal(seccomp_action_from_name(seccomp->default_action,
                                              seccomp->default_errno_ret.value,
                                              &ret->default_action),
                     0);
    for (size_t i = 0; i < seccomp->architectures.count; i++)
        assert_int_equal(
            seccomp_architecture_from_name(seccomp->architectures.items[i], &architectures[i]), 0);
    for (size_t i = 0; i < seccomp->syscalls.count; i++) {
        const SpecSyscall *call = &seccomp->syscalls.items[i];
        SeccompCondition *conditions =
            arena_alloc(arena, (call->args.count + 1) * sizeof(*conditions));
        for (size_t a = 0; a < call->args.count; a++)
            conditions[a] =
                (SeccompCondition){ call->args.items[a].index,
                                    seccomp_op_from_name(call->args.items[a].op),
                                    call->args.items[a].value, call->args.items[a].value_two };
        for (size_t n = 0; n < call->names.count; n++) {
            SeccompRule *rule = arena_append(arena, &rules, &ret->rule_count, sizeof(*rule));
            *rule = (SeccompRule){ call->names.items[n], 0, conditions, call->args.count };
            assert_int_equal(seccomp_action_from_name(
                                 call->action, call->errno_ret.set ? call->errno_ret.value : EPERM,
                                 &rule->action),
                             0);
        }
    }
    ret->rules = rules;
}

static void check_oracle(const SpecSeccomp *seccomp)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProgram theirs, ours;
    SeccompPolicy policy;
    make_policy(seccomp, &arena, &policy);
    assert_true(oracle_compile(&policy, &arena, &theirs));
    assert_int_equal(seccomp_compile(&policy, &arena, &ours, &error), 0);
    OracleCount count = oracle_compare(&policy, &theirs, &ours);
    print_message("%zu rules, %u instructions (libseccomp %u)\n", policy.rule_count, ours.count,
                  theirs.count);
    assert_int_equal(count.wrong, 0);
    assert_int_equal(count.other_order, 0);
    assert_int_equal(count.defects, 0);
}

static void test_oracle(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    check_oracle(seccomp_default_usual());
    check_oracle(resolve(more_caps, &arena));
}

static void test_oracle_docker_style(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    SpecSeccomp seccomp = *seccomp_default_usual();
    seccomp.default_errno_ret.value = EPERM;
    seccomp.architectures =
        strlist_split(&arena, "SCMP_ARCH_X86_64,SCMP_ARCH_X86,SCMP_ARCH_X32", ',');
    check_oracle(&seccomp);
    seccomp.default_action = "SCMP_ACT_ALLOW";
    check_oracle(&seccomp);
}

static void check_profile(const char *path)
{
    static const char *const capabilities[] = { NULL, usual_caps, more_caps };
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProfile *profile;
    char *text;
    size_t size;
    if (file_read_at(AT_FDCWD, path, 1 << 20, &arena, &text, &size) < 0) {
        print_message("%s is not there: not compared\n", path);
        return;
    }
    if (seccomp_profile_parse(&arena, text, size, &profile, &error) < 0)
        fail_msg("%s: %s", path, error.message);
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        StrList list =
            capabilities[i] ? strlist_split(&arena, capabilities[i], ',') : (StrList){ 0 };
        const SeccompProfileTarget target = { SECCOMP_PROFILE_NATIVE, 6, 1, &list };
        check_oracle(seccomp_profile_resolve(profile, &target, &arena));
    }
}

/* As the packages podman and golang-github-docker-docker-dev install them, and files that are named
 * in SECCOMP_PROFILES, separated by colons. */
static void test_oracle_profiles(void **state UNUSED)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    check_profile("/usr/share/containers/seccomp.json");
    check_profile("/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json");
    const char *more = getenv("SECCOMP_PROFILES");
    StrList paths = more ? strlist_split(&arena, more, ':') : (StrList){ 0 };
    for (size_t i = 0; i < paths.count; i++)
        check_profile(paths.items[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_compiled),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_oracle_docker_style),
        cmocka_unit_test(test_oracle_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
