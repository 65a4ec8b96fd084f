/* linux/cgroup_limit and cgroup_usage by what programs experience: memory that ends, forks that
 * fail, time that runs out, processors that are not there. */
#include "base/clock.h"
#include "cgroup_place.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "linux/cgroup_directory.h"
#include "linux/cgroup_limit.h"
#include "linux/cgroup_usage.h"

enum { MIB = 1 << 20 };

static Place *place_with(void **state, uint32_t controllers)
{
    Place *place = place_usable(state, CGROUP_NONE);
    if (controllers & ~place->host.available)
        place_skip("the host has not all of the controllers");
    place_create(place, controllers);
    return place;
}

static void apply(const Place *place, CgroupLimit limit)
{
    assert_done(cgroup_limit_apply(&place->cgroup, &limit, failure));
}

static CgroupUsage usage_of(const Place *place)
{
    CgroupUsage usage;
    assert_done(cgroup_usage(&place->cgroup, &usage, failure));
    return usage;
}

/* Touches `size` bytes; 0 when it has them all. */
static int touch_memory(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}

static void a_memory_hog_is_killed(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_MEMORY));
    apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_MEMORY | CGROUP_LIMIT_MEMORY_SWAP,
                                .memory = 24 * MIB,
                                .memory_swap = 24 * MIB });
    assert_int_equal(usage_of(place).oom_kills, 0);
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0)
        _exit(touch_memory(12 * MIB));
    assert_int_equal(place_wait(pid), 0);

    pid = place_fork(&place->cgroup);
    if (pid == 0)
        _exit(touch_memory(64 * MIB));
    int status = place_wait(pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CgroupUsage usage = usage_of(place);
    assert_int_equal(usage.oom_kills, 1);
    assert_int_equal(usage.memory_limit_bytes, 24 * MIB);
    assert_true(usage.memory_peak_bytes > 20 * MIB && usage.memory_peak_bytes <= 24 * MIB);
    uint64_t kills;
    assert_done(cgroup_usage_oom_kills(&place->cgroup, &kills, failure));
    assert_int_equal(kills, 1);
}

/* Up and down, in whatever order the kernel wants it. */
static void memory_limits_go_up_and_down(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_MEMORY));
    static const int64_t steps[][2] = { { 64, 128 }, { 256, 512 }, { 32, 32 }, { 100, 900 },
                                        { 90, 95 },  { 900, 901 }, { -1, -1 }, { 16, 32 },
                                        { -1, 0 },   { 20, -1 } };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int64_t memory = steps[i][0], swap = steps[i][1];
        apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_MEMORY | CGROUP_LIMIT_MEMORY_SWAP,
                                    .memory = memory < 0 ? -1 : memory * MIB,
                                    .memory_swap = swap < 0 ? -1 : swap * MIB });
        CgroupUsage usage = usage_of(place);
        assert_true(usage.memory_limit_bytes ==
                    (memory < 0 ? CGROUP_USAGE_NONE : (uint64_t)memory * MIB));
        assert_true(usage.swap_limit_bytes ==
                    (swap <= 0 ? CGROUP_USAGE_NONE : (uint64_t)(swap - memory) * MIB));
    }
}

static void a_used_memory_limit_can_be_refused(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_MEMORY));
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0) {
        (void)touch_memory(32 * MIB);
        for (;;)
            (void)pause();
    }
    for (int i = 0; i < 2000 && usage_of(place).memory_bytes < 30 * MIB; i++)
        (void)usleep(1000);
    Error error = { 0 };
    CgroupLimit limit = { .set = CGROUP_LIMIT_MEMORY, .memory_check = true, .memory = 8 * MIB };
    assert_int_equal(cgroup_limit_apply(&place->cgroup, &limit, &error), -EBUSY);
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
}

/* A bomb of 60 forks at most. */
static void forks_fail_at_the_limit(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_PIDS));
    apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_PIDS, .pids = 10 });
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0) {
        int made = 0, refused = 0;
        for (int i = 0; i < 60; i++) {
            pid_t child = fork();
            if (child == 0) {
                (void)alarm(5);
                (void)pause();
                _exit(0);
            }
            if (child > 0)
                made++;
            else if (errno == EAGAIN)
                refused++;
        }
        _exit(made == 9 && refused == 51 ? 0 : 1);
    }
    assert_int_equal(place_wait(pid), 0);
    CgroupUsage usage = usage_of(place);
    assert_int_equal(usage.pids, 9);
    assert_int_equal(usage.pids_limit, 10);
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure));
}

/* Spins for a time and answers with the share of a processor it got, in percent. */
static int spin(unsigned ms)
{
    struct rusage used;
    uint64_t begin = clock_us(), end;
    do
        end = clock_us();
    while (end - begin < ms * 1000ull);
    (void)getrusage(RUSAGE_SELF, &used);
    uint64_t cpu = (uint64_t)used.ru_utime.tv_sec * 1000000 + (uint64_t)used.ru_utime.tv_usec +
                   (uint64_t)used.ru_stime.tv_sec * 1000000 + (uint64_t)used.ru_stime.tv_usec;
    return (int)(cpu * 100 / (end - begin));
}

static void a_spinner_gets_its_share_only(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT));
    apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_CPU_QUOTA | CGROUP_LIMIT_CPU_PERIOD,
                                .cpu_quota_us = 2000,
                                .cpu_period_us = 20000 });
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0)
        _exit(spin(400));
    int status = place_wait(pid);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 1, 25); /* 10 %, and what a slice overruns */
    CgroupUsage usage = usage_of(place);
    assert_int_equal(usage.cpu_quota_us, 2000);
    assert_int_equal(usage.cpu_period_us, 20000);
    assert_true(usage.throttled_periods > 5 && usage.throttled_us > 0);
    assert_true(usage.cpu_us > 5000 && usage.cpu_us < 200000);
}

static void quota_burst_and_period_go_up_and_down(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_CPU));
    static const int64_t steps[][3] = { { 50000, 100000, 50000 },
                                        { 2000, 10000, 1000 },
                                        { 900000, 1000000, 9000 },
                                        { 1000, 1000, 0 },
                                        { -1, 100000, 0 } };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_CPU_QUOTA | CGROUP_LIMIT_CPU_PERIOD |
                                           CGROUP_LIMIT_CPU_BURST,
                                    .cpu_quota_us = steps[i][0],
                                    .cpu_period_us = steps[i][1],
                                    .cpu_burst_us = steps[i][2] });
        CgroupUsage usage = usage_of(place);
        assert_true(usage.cpu_quota_us ==
                    (steps[i][0] < 0 ? CGROUP_USAGE_NONE : (uint64_t)steps[i][0]));
        assert_int_equal(usage.cpu_period_us, steps[i][1]);
    }
    Error error = { 0 };
    CgroupLimit limit = { .set = CGROUP_LIMIT_CPU_QUOTA, .cpu_quota_us = 10 };
    assert_int_equal(cgroup_limit_apply(&place->cgroup, &limit, &error), -EINVAL);
    assert_non_null(strstr(error.message, "'10' to /"));
    assert_non_null(strstr(error.message, "cpu."));
}

/* Two spinners on one processor: the one with twice the shares gets about twice the time. */
static void shares_divide_a_processor(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET));
    static const int64_t shares[] = { 1024, 4096 };
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        Cgroup inner CLEANUP(cgroup_done) = CGROUP_EMPTY;
        assert_done(cgroup_create(&place->host, place_path(place, i ? "c/b" : "c/a"),
                                  place->cgroup.controllers, &place->arena, &inner, failure));
        CgroupLimit limit = { .set = CGROUP_LIMIT_CPU_SHARES | CGROUP_LIMIT_CPUSET_CPUS,
                              .cpu_shares = shares[i],
                              .cpuset_cpus = "0" };
        assert_done(cgroup_limit_apply(&inner, &limit, failure));
        pids[i] = place_fork(&inner);
        if (pids[i] == 0)
            _exit(spin(400));
    }
    int low = WEXITSTATUS(place_wait(pids[0])), high = WEXITSTATUS(place_wait(pids[1]));
    assert_true(high > low); /* four times in theory; the machine has other work */
}

static void only_the_processors_given_are_used(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_CPUSET));
    apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_CPUSET_CPUS, .cpuset_cpus = "0" });
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0) {
        cpu_set_t cpus;
        (void)sched_getaffinity(0, sizeof(cpus), &cpus);
        _exit(CPU_COUNT(&cpus) == 1 && CPU_ISSET(0, &cpus) ? 0 : 1);
    }
    assert_int_equal(place_wait(pid), 0);
    assert_string_equal(usage_of(place).cpuset_cpus, "0");
    Error error = { 0 };
    CgroupLimit limit = { .set = CGROUP_LIMIT_CPUSET_CPUS, .cpuset_cpus = "9999" };
    assert_true(cgroup_limit_apply(&place->cgroup, &limit, &error) < 0);
    assert_non_null(strstr(error.message, "cpuset.cpus"));
}

/* The parent's values reach a new cpuset also when the parent is made by the same call. */
static void new_cpusets_have_their_parents_values(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_CPUSET));
    apply(place, (CgroupLimit){ .set = CGROUP_LIMIT_CPUSET_CPUS, .cpuset_cpus = "0" });
    static const char *const names[] = { "c/x/y/z", "c/x/y/w" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Cgroup inner CLEANUP(cgroup_done) = CGROUP_EMPTY;
        assert_done(cgroup_create(&place->host, place_path(place, names[i]),
                                  place->cgroup.controllers, &place->arena, &inner, failure));
        CgroupUsage usage;
        assert_done(cgroup_usage(&inner, &usage, failure));
        assert_string_equal(usage.cpuset_cpus, "0");
        assert_string_not_equal(usage.cpuset_mems, "");
        pid_t pid = place_fork(&inner);
        if (pid == 0)
            _exit(0);
        assert_int_equal(place_wait(pid), 0);
    }
}

static void a_weight_without_a_scheduler_is_explained(void **state)
{
    Place *place = place_with(state, CGROUP_BIT(CGROUP_IO));
    Error error = { 0 };
    CgroupLimit weight = { .set = CGROUP_LIMIT_IO_WEIGHT, .io_weight = 500 };
    int r = cgroup_limit_apply(&place->cgroup, &weight, &error);
    assert_true(r == 0 || (error.kind == ERROR_UNSUPPORTED && strstr(error.message, "BFQ")));
    if (place->host.mode == CGROUP_V2)
        return;
    CgroupLimit leaf = { .set = CGROUP_LIMIT_IO_LEAF_WEIGHT, .io_leaf_weight = 500 };
    if (cgroup_limit_apply(&place->cgroup, &leaf, &error) == 0)
        return; /* a kernel before 5.0 */
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "blkio.leaf_weight"));
    assert_non_null(strstr(error.message, "CFQ"));
}

int main(void)
{
#define ON_HOST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        ON_HOST(a_memory_hog_is_killed),
        ON_HOST(memory_limits_go_up_and_down),
        ON_HOST(a_used_memory_limit_can_be_refused),
        ON_HOST(forks_fail_at_the_limit),
        ON_HOST(a_spinner_gets_its_share_only),
        ON_HOST(quota_burst_and_period_go_up_and_down),
        ON_HOST(shares_divide_a_processor),
        ON_HOST(only_the_processors_given_are_used),
        ON_HOST(new_cpusets_have_their_parents_values),
        ON_HOST(a_weight_without_a_scheduler_is_explained),
    };
    (void)alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
