/*
 * The built-in filter in the kernel: what a process that has it sees, called directly and, on
 * x86-64, through int $0x80. Each check runs in a child of its own, as root with all capabilities,
 * so that nothing but the filter refuses anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/syscalls.h"
#include "runtime/filter.h"
#include "spec/seccomp_default.h"

enum { FAMILIES = 48, NUMBER_NOBODY_HAS = 999 };

static void load_default(void)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProgram program;
    uint32_t flags;
    int r = filter_compile(seccomp_default_usual(), &arena, &program, &flags, &error);
    if (r == 0)
        r = seccomp_load(&program, flags, &error);
    if (r < 0) {
        (void)fprintf(stderr, "%s\n", error.message);
        _exit(99);
    }
}

/* Runs check() under the filter; it returns 0 or the line that failed. Gives the wait status. */
static int run(int (*check)(void))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        load_default();
        int line = check();
        if (line)
            (void)fprintf(stderr, "line %d: errno %d\n", line, errno);
        _exit(line != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#define EXPECT(condition)    \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)
#define REFUSED(code, ...) EXPECT(syscall(__VA_ARGS__) == -1 && errno == (code))

static bool family_is_open(int family)
{
    return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

static int check_families(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };
    for (int family = 0; family < FAMILIES; family++) {
        bool made = false;
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
            int fd = socket(family, types[i], 0);
            made |= fd >= 0;
            EXPECT(fd >= 0 || family_is_open(family) || errno == EAFNOSUPPORT);
            EXPECT(fd < 0 || close(fd) == 0);
            /* the kernel looks at 32 bits of it */
            fd = (int)syscall(SYS_socket, (1L << 32) | family, types[i], 0);
            EXPECT(fd >= 0 || family_is_open(family) || errno == EAFNOSUPPORT);
            EXPECT(fd < 0 || close(fd) == 0);
        }
        EXPECT(made == family_is_open(family));
    }
    enum { AUDIT = 9, NETFILTER = 12 };
    REFUSED(EAFNOSUPPORT, SYS_socket, AF_NETLINK, SOCK_RAW, AUDIT);
    REFUSED(EAFNOSUPPORT, SYS_socket, AF_NETLINK, SOCK_RAW, NETFILTER);
    int pair[2];
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    return 0;
}

static int check_namespaces(void)
{
    static const int flags[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
                                 CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        REFUSED(EPERM, SYS_unshare, flags[i]);
        if (flags[i] != CLONE_NEWTIME)
            REFUSED(EPERM, SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);
    }
    EXPECT(unshare(CLONE_FS | CLONE_FILES) == 0);
    SyscallCloneArgs args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    EXPECT(sys_clone3(&args, sizeof(args)) == -1 && errno == ENOSYS);
    REFUSED(EPERM, SYS_setns, 0, 0);
    REFUSED(EPERM, SYS_mount, "none", "/", NULL, 0, NULL);
    REFUSED(EPERM, SYS_fsopen, "tmpfs", 0);
    REFUSED(EPERM, SYS_umount2, "/nonexistent", 0);
    return 0;
}

static int check_others(void)
{
    int fds[2];
    REFUSED(ENOSYS, NUMBER_NOBODY_HAS);
    REFUSED(ENOSYS, SYS_io_uring_setup, 1, NULL);
    REFUSED(EPERM, SYS_keyctl, 0, 0);
    REFUSED(EPERM, SYS_bpf, 0, NULL, 0);
    REFUSED(EPERM, SYS_perf_event_open, NULL, 0, 0, 0, 0);
    REFUSED(EPERM, SYS_userfaultfd, 0);
    REFUSED(EPERM, SYS_reboot, 0, 0, 0, NULL);
    REFUSED(EPERM, SYS_open_by_handle_at, -1, NULL, 0);
    EXPECT(syscall(SYS_personality, 0xffffffffUL) >= 0);
    REFUSED(EPERM, SYS_personality, 0x400000UL);
    EXPECT(pipe(fds) == 0);
    REFUSED(EPERM, SYS_ioctl, fds[0], (unsigned long)TIOCSTI, "x");
    REFUSED(EPERM, SYS_ioctl, fds[0], (1UL << 32) | TIOCSTI, "x");
    REFUSED(ENOTTY, SYS_ioctl, fds[0], (unsigned long)TIOCGWINSZ, NULL);
    return 0;
}

/* A shell with a pipe, a file, a background job and a wait. */
static int check_shell(void)
{
    return system("d=$(mktemp -d) && (sleep 0 & wait) && echo text | cat > $d/f && ls -l $d/f "
                  ">/dev/null && rm -r $d")
               ? __LINE__
               : 0;
}

static void test_families(void **state UNUSED)
{
    assert_int_equal(run(check_families), 0);
}

static void test_namespaces(void **state UNUSED)
{
    assert_int_equal(run(check_namespaces), 0);
}

static void test_others(void **state UNUSED)
{
    assert_int_equal(run(check_others), 0);
}

static void test_shell(void **state UNUSED)
{
    assert_int_equal(run(check_shell), 0);
}

#ifdef __x86_64__
/* The 32-bit entry, from a 64-bit process. Returns what the kernel does: -errno. */
static long call_i386(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

enum {
    I386_GETPID = 20,
    I386_SOCKETCALL = 102,
    I386_CLONE = 120,
    I386_PERSONALITY = 136,
    I386_UNSHARE = 310,
    I386_SOCKET = 359,
    I386_CLONE3 = 435,
};

static int check_i386(void)
{
    for (int family = 0; family < FAMILIES; family++) {
        long fd = call_i386(I386_SOCKET, family, SOCK_DGRAM, 0);
        EXPECT(fd >= 0 ? family_is_open(family) : family_is_open(family) || fd == -EAFNOSUPPORT);
        if (fd >= 0)
            (void)close((int)fd);
    }
    for (int call = 1; call <= 20; call++)
        EXPECT(call_i386(I386_SOCKETCALL, call, 0, 0) == -ENOSYS);
    EXPECT(call_i386(I386_UNSHARE, CLONE_NEWUSER, 0, 0) == -EPERM);
    EXPECT(call_i386(I386_CLONE, CLONE_NEWUSER | SIGCHLD, 0, 0) == -EPERM);
    EXPECT(call_i386(I386_CLONE3, 0, 0, 0) == -ENOSYS);
    EXPECT(call_i386(I386_PERSONALITY, 0x400000, 0, 0) == -EPERM);
    EXPECT(call_i386(NUMBER_NOBODY_HAS, 0, 0, 0) == -ENOSYS);
    return 0;
}

static int probe_i386(void)
{
    return call_i386(I386_GETPID, 0, 0, 0) == getpid() ? 0 : __LINE__;
}

static void test_i386(void **state UNUSED)
{
    if (run(probe_i386) != 0) { /* a signal, or ENOSYS: ia32_emulation=off */
        print_message("SKIP: this kernel has no 32-bit system calls\n");
        skip();
    }
    assert_int_equal(run(check_i386), 0);
}

static int check_x32(void)
{
    (void)syscall(0x40000000 + SYS_getpid);
    return __LINE__;
}

static void test_x32(void **state UNUSED)
{
    int status = run(check_x32);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}
#endif

/* A listener for notifications comes back as a descriptor; another flag it does not know fails. */
static int child_loads_listener(void)
{
    static const SeccompRule rule = { "mkdir", SECCOMP_RET_USER_NOTIF, NULL, 0 };
    static const SeccompRule rule_at = { "mkdirat", SECCOMP_RET_USER_NOTIF, NULL, 0 };
    const SeccompRule rules[] = { rule, rule_at };
    SeccompPolicy policy = { .default_action = SECCOMP_RET_ALLOW, .rules = rules, .rule_count = 2 };
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProgram program;
    EXPECT(seccomp_compile(&policy, &arena, &program, &error) == 0);
    EXPECT(seccomp_load(&program, 1U << 30, &error) == -EINVAL && error.kind == ERROR_SYSTEM);
    int fd = seccomp_load(&program, SECCOMP_FILTER_FLAG_NEW_LISTENER, &error);
    EXPECT(fd > 2 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    EXPECT(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
    return 0;
}

static void test_listener(void **state UNUSED)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child_loads_listener() != 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families), cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_others),   cmocka_unit_test(test_shell),
#ifdef __x86_64__
        cmocka_unit_test(test_i386),     cmocka_unit_test(test_x32),
#endif
        cmocka_unit_test(test_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
