/*
 * Where a new process starts: told by the process itself, while its parent keeps its own CPU busy.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/cpu.h"

enum { TRIES = 20, SPINS = 50000000 };

typedef struct Report {
    atomic_bool asked;
    atomic_int cpu;
} Report;

static Report *report_new(void)
{
    Report *report =
        mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(report, MAP_FAILED);
    return report;
}

static bool allowed_everywhere(cpu_set_t *ret_all)
{
    assert_int_equal(sched_getaffinity(0, sizeof(*ret_all), ret_all), 0);
    if (CPU_COUNT(ret_all) > 1)
        return true;
    print_message("SKIP: one CPU only\n");
    return false;
}

/* Whether a child that was spread reports another CPU than ours. */
static bool start_elsewhere(Report *report, const CpuSpread *spread)
{
    report->asked = false;
    report->cpu = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int i = 0; i < SPINS && !report->asked; i++)
            ;
        report->cpu = sched_getcpu();
        _exit(0);
    }
    int own = sched_getcpu();
    cpu_spread(spread, child);
    report->asked = true;
    for (int i = 0; i < SPINS && report->cpu < 0; i++)
        ;
    cpu_set_t free_to_go;
    assert_int_equal(sched_getaffinity(child, sizeof(free_to_go), &free_to_go), 0);
    assert_true(CPU_EQUAL(&free_to_go, &spread->all));
    assert_int_equal(waitpid(child, NULL, 0), child);
    return report->cpu >= 0 && report->cpu != own;
}

static void test_a_child_starts_on_another_cpu(void **state)
{
    (void)state;
    CpuSpread spread = { .useful = true };
    if (!allowed_everywhere(&spread.all))
        skip();
    Report *report = report_new();
    int elsewhere = 0;
    for (int i = 0; i < TRIES; i++)
        elsewhere += start_elsewhere(report, &spread);
    assert_in_range(elsewhere, TRIES * 3 / 4, TRIES); /* we are moved too, now and then */
    (void)munmap(report, sizeof(*report));
}

static void test_nobody_is_spread_from_some_cpus(void **state)
{
    (void)state;
    cpu_set_t all, one;
    CpuSpread spread;
    if (!allowed_everywhere(&all))
        skip();
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    cpu_spread_prepare(&spread);
    assert_false(spread.useful);
    if (CPU_COUNT(&all) > 2) {
        one = all;
        CPU_CLR(sched_getcpu(), &one);
        assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
        cpu_spread_prepare(&spread);
        assert_false(spread.useful);
    }
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void test_nobody_is_spread_on_a_busy_machine(void **state)
{
    (void)state;
    cpu_set_t all;
    CpuSpread spread;
    if (!allowed_everywhere(&all))
        skip();
    int count = CPU_COUNT(&all);
    pid_t busy[CPU_SETSIZE];
    for (int i = 0; i < count; i++) {
        busy[i] = fork();
        assert_true(busy[i] >= 0);
        if (busy[i] == 0) {
            (void)alarm(5);
            for (;;)
                ;
        }
    }
    (void)usleep(20000);
    cpu_spread_prepare(&spread);
    for (int i = 0; i < count; i++) {
        (void)kill(busy[i], SIGKILL);
        assert_int_equal(waitpid(busy[i], NULL, 0), busy[i]);
    }
    assert_false(spread.useful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_starts_on_another_cpu),
        cmocka_unit_test(test_nobody_is_spread_from_some_cpus),
        cmocka_unit_test(test_nobody_is_spread_on_a_busy_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
