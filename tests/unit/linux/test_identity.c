/*
 * Words and lists of identity.h, and what a thread may do to itself without root.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "linux/identity.h"

static void test_words(void **state)
{
    (void)state;
    unsigned long domain;
    uint32_t value;
    uint64_t flag;
    assert_int_equal(identity_personality_from_name("LINUX", &domain), 0);
    assert_int_equal(domain, 0);
    assert_int_equal(identity_personality_from_name("LINUX32", &domain), 0);
    assert_int_equal(domain, 8);
    assert_int_equal(identity_personality_from_name("linux", &domain), -EINVAL);
    assert_int_equal(identity_scheduler_policy_from_name("SCHED_BATCH", &value), 0);
    assert_int_equal(value, SCHED_BATCH);
    assert_int_equal(identity_scheduler_policy_from_name("SCHED_DEADLINE", &value), 0);
    assert_int_equal(value, 6);
    assert_int_equal(identity_scheduler_policy_from_name("BATCH", &value), -EINVAL);
    assert_int_equal(identity_scheduler_flag_from_name("SCHED_FLAG_UTIL_CLAMP_MAX", &flag), 0);
    assert_int_equal(flag, 0x40);
    assert_int_equal(identity_ioprio_class_from_name("IOPRIO_CLASS_IDLE", &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(identity_ioprio_class_from_name("IOPRIO_CLASS_NONE", &value), -EINVAL);
}

static void test_cpu_list(void **state)
{
    (void)state;
    cpu_set_t set;
    assert_int_equal(identity_cpu_list("0-3,7", &set), 0);
    assert_int_equal(CPU_COUNT(&set), 5);
    assert_true(CPU_ISSET(3, &set) && CPU_ISSET(7, &set) && !CPU_ISSET(4, &set));
    assert_int_equal(identity_cpu_list("1023", &set), 0);
    assert_int_equal(identity_cpu_list("2,2,1-2", &set), 0);
    assert_int_equal(CPU_COUNT(&set), 2);
    assert_int_equal(identity_cpu_list(" 2 - 3", &set), 0);
    assert_int_equal(CPU_COUNT(&set), 2);
    assert_int_equal(identity_cpu_list("1024", &set), -ERANGE);
    assert_int_equal(identity_cpu_list("0-99999999999999999999", &set), -ERANGE);
    static const char *const bad[] = { "",   ",", "1,",  ",1",   "3-1",  "1-",
                                       "-1", "a", "1 2", "1--2", "0-1-2" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (identity_cpu_list(bad[i], &set) != -EINVAL)
            fail_msg("accepted: \"%s\"", bad[i]);
}

/* Answers the number of the first check that failed, 0 if none did. */
static int act_alone(void)
{
    Error error = { 0 };
    cpu_set_t set;
    const IdentityScheduler batch = { .policy = SCHED_BATCH, .nice = 3 };
    if (identity_set_no_new_privs(&error) < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 1;
    if (identity_set_dumpable(false, &error) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        return 2;
    if (identity_set_parent_death_signal(SIGKILL, &error) < 0)
        return 3;
    if (identity_set_scheduler(0, &batch, &error) < 0 || sched_getscheduler(0) != SCHED_BATCH)
        return 4;
    if (identity_set_ioprio(0, 2, 7, &error) < 0 || identity_set_ioprio(0, 2, 8, &error) != -EINVAL)
        return 5;
    if (sched_getaffinity(0, sizeof(set), &set) < 0 || identity_set_affinity(&set, &error) < 0)
        return 6;
    CPU_ZERO(&set);
    if (identity_set_affinity(&set, &error) != -EINVAL)
        return 7;
    if (identity_new_session(&error) < 0 || getsid(0) != getpid() ||
        identity_new_session(&error) < 0)
        return 8;
    if (identity_set_uid(getuid(), &error) < 0 || identity_set_gid(getgid(), &error) < 0)
        return 9;
    if (geteuid() != 0 && identity_set_uid(getuid() + 1, &error) != -EPERM)
        return 10;
    if (identity_set_personality(0, &error) < 0)
        return 11;
    return 0;
}

static void test_act(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(act_alone());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_cpu_list),
        cmocka_unit_test(test_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
