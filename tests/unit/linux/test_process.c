/*
 * Readers of /proc/PID, on forged texts and on ourselves.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "linux/process.h"

static void test_stat_text(void **state)
{
    (void)state;
    Error error = { 0 };
    ProcessStat stat;
    /* A process that calls itself "a) R 1 (b" must not be able to choose its numbers. */
    char text[] = "123 (a) R 1 (b) S 45 123 120 34816 123 4194304 90 0 0 0 11 22 0 0 20 -5 3 0 "
                  "987654 8192000 200 18446744073709551615 1 1 0\n";
    assert_int_equal(process_stat_parse(text, &stat, &error), 0);
    assert_string_equal(stat.name, "a) R 1 (b");
    assert_int_equal(stat.pid, 123);
    assert_int_equal(stat.state, 'S');
    assert_int_equal(stat.parent, 45);
    assert_int_equal(stat.group, 123);
    assert_int_equal(stat.session, 120);
    assert_int_equal(stat.terminal, 34816);
    assert_int_equal(stat.user_ticks, 11);
    assert_int_equal(stat.system_ticks, 22);
    assert_int_equal(stat.nice, -5);
    assert_int_equal(stat.threads, 3);
    assert_int_equal(stat.start_ticks, 987654);
    assert_int_equal(stat.virtual_bytes, 8192000);

    static const char *const bad[] = { "",
                                       "1",
                                       "1 (x",
                                       "1 (x)",
                                       "1 (x) ",
                                       "1 (x) S",
                                       "1 (x) S 1 2",
                                       "1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19",
                                       "1 (x) S 1 2 3 4 5 x 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
                                       ")(" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char copy[128];
        (void)snprintf(copy, sizeof(copy), "%s", bad[i]);
        assert_int_equal(process_stat_parse(copy, &stat, &error), -EBADMSG);
    }
}

static void test_status_text(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    ProcessStatus s;
    char text[] =
        "Name:\tx: \\n y\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7\nPid:\t7\nPPid:\t3\n"
        "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967295\nGroups:\t4 24 65534 \n"
        "NStgid:\t7\t1\nNSpid:\t7\t3\t1\nVmRSS:\t    1234 kB\nThreads:\t9\n"
        "SigPnd:\t0000000000000100\nShdPnd:\t8000000000004000\n"
        "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\n"
        "CapEff:\t00000000a80425fb\nCapBnd:\tffffffffffffffff\nCapAmb:\t1\n"
        "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\nno colon here\n:\n";
    assert_int_equal(process_status_parse(text, &arena, &s, &error), 0);
    assert_string_equal(s.name, "x: \\n y");
    assert_int_equal(s.umask, 022);
    assert_int_equal(s.state, 'S');
    assert_int_equal(s.pid, 7);
    assert_int_equal(s.parent, 3);
    assert_int_equal(s.uid[1], 2);
    assert_int_equal(s.gid[3], 4294967295);
    assert_int_equal(s.group_count, 3);
    assert_int_equal(s.groups[2], 65534);
    assert_int_equal(s.ns_pid_count, 3);
    assert_int_equal(s.ns_pids[2], 1);
    assert_int_equal(s.rss_bytes, 1234 * 1024);
    assert_int_equal(s.threads, 9);
    assert_true(s.signals_pending[0] == 1u << (SIGKILL - 1));
    assert_true(s.signals_pending[1] == (1ULL << 63 | 1u << (SIGTERM - 1)));
    assert_true(s.cap_permitted == 0x1ffffffffffULL);
    assert_int_equal(s.cap_effective, 0xa80425fb);
    assert_true(s.cap_bounding == UINT64_MAX);
    assert_int_equal(s.cap_ambient, 1);
    assert_true(s.no_new_privs);
    assert_int_equal(s.seccomp_mode, 2);
    assert_int_equal(s.seccomp_filters, 3);

    char none[] = "Name:\tx\nGroups:\t\n";
    assert_int_equal(process_status_parse(none, &arena, &s, &error), -EBADMSG);
    char empty[] = "";
    assert_int_equal(process_status_parse(empty, &arena, &s, &error), -EBADMSG);
}

static void test_self(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    ProcessStatus status;
    ProcessStat stat;
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    assert_true(proc >= 0);
    assert_int_equal(process_status(proc, &arena, &status, &error), 0);
    assert_int_equal(process_stat(proc, &stat, &error), 0);
    assert_int_equal(status.pid, getpid());
    assert_int_equal(stat.pid, getpid());
    assert_int_equal(status.parent, getppid());
    assert_int_equal(status.uid[0], getuid());
    assert_int_equal(status.gid[1], getegid());
    assert_true(status.ns_pid_count >= 1 && status.ns_pids[0] == getpid());
    assert_true(stat.start_ticks > 0);

    StrList words;
    char *text = NULL;
    assert_int_equal(process_cmdline(proc, &arena, &words, &error), 0);
    assert_true(words.count >= 1);
    assert_int_equal(process_environ(proc, &arena, &words, &error), 0);
    assert_int_equal(process_link(proc, "exe", &arena, &text, &error), 0);
    assert_non_null(strstr(text, "test_process"));
    assert_int_equal(process_text(proc, "comm", &arena, &text, &error), 0);
    assert_null(strchr(text, '\n'));
    assert_true(process_text(proc, "no-such-file", &arena, &text, &error) == -ENOENT);

    struct rlimit limits[RLIM_NLIMITS], real;
    assert_int_equal(process_limits(proc, limits, &error), 0);
    for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
        assert_int_equal(getrlimit(i, &real), 0);
        assert_true(limits[i].rlim_cur == real.rlim_cur && limits[i].rlim_max == real.rlim_max);
    }
}

static void test_list(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    pid_t *pids = NULL;
    size_t count = 0;
    bool found = false;
    assert_int_equal(process_list(-1, &arena, &pids, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || pids[i - 1] < pids[i]);
        found = found || pids[i] == getpid();
    }
    assert_true(found);
}

/* The descriptor of a process that has ended never tells of another. */
static void test_gone(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    ProcessStatus status;
    ProcessStat stat;
    char *text;
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(10);
        (void)pause();
        _exit(0);
    }
    int proc CLEANUP(fd_closep) = process_open(-1, pid, &error);
    assert_int_equal(process_stat(proc, &stat, &error), 0);
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(process_stat(proc, &stat, &error), -ESRCH);
    assert_int_equal(process_status(proc, &arena, &status, &error), -ESRCH);
    assert_int_equal(process_text(proc, "comm", &arena, &text, &error), -ESRCH);
    assert_int_equal(process_open(-1, 0, &error), -EINVAL);
    assert_int_equal(process_open(-1, -5, &error), -EINVAL);
    assert_int_equal(process_open(-1, INT_MAX, &error), -ESRCH);
}

/* A name made to look like the end of the field. */
static void test_hostile_name(void **state)
{
    (void)state;
    Error error = { 0 };
    ProcessStat stat;
    char before[16];
    assert_int_equal(prctl(PR_GET_NAME, before), 0);
    assert_int_equal(prctl(PR_SET_NAME, "x) Z 1 2\n3"), 0);
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    assert_int_equal(process_stat(proc, &stat, &error), 0);
    assert_string_equal(stat.name, "x) Z 1 2\n3");
    assert_int_equal(stat.parent, getppid());
    (void)prctl(PR_SET_NAME, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat_text), cmocka_unit_test(test_status_text),
        cmocka_unit_test(test_self),      cmocka_unit_test(test_list),
        cmocka_unit_test(test_gone),      cmocka_unit_test(test_hostile_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
