/* linux/cgroup_stats: the numbers in directories of ordinary files, as kernels write them, and what
 * the OOM killer's news are. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "linux/cgroup_stats.h"

typedef struct Fake {
    char path[32];
    int fd;
    Cgroup cgroup;
    Arena arena;
} Fake;

static Fake *fake_new(CgroupMode mode)
{
    Fake *fake = mem_alloc(sizeof(*fake));
    (void)snprintf(fake->path, sizeof(fake->path), "/tmp/ambit-stats-XXXXXX");
    assert_non_null(mkdtemp(fake->path));
    fake->fd = open(fake->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    fake->cgroup = CGROUP_EMPTY;
    fake->cgroup.mode = mode;
    if (mode == CGROUP_V2)
        fake->cgroup.unified_fd = fake->fd;
    else
        for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
            fake->cgroup.fds[c] = fake->fd;
    return fake;
}

static int setup_v1(void **state)
{
    *state = fake_new(CGROUP_V1);
    return 0;
}

static int setup_v2(void **state)
{
    *state = fake_new(CGROUP_V2);
    return 0;
}

static int teardown(void **state)
{
    Fake *fake = *state;
    fd_close(fake->fd);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, fake->path), 0);
    arena_done(&fake->arena);
    mem_freep(&fake);
    return 0;
}

/* In place, as a kernel changes its files: what watches one goes on. */
static void put(const Fake *fake, const char *name, const char *text)
{
    int fd = openat(fake->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    fd_close(fd);
}

typedef const char *const FakeFile[2]; /* name and text */

static CgroupStats read_files(Fake *fake, FakeFile *files, size_t count)
{
    CgroupStats stats;
    for (size_t i = 0; i < count; i++)
        put(fake, files[i][0], files[i][1]);
    cgroup_stats_read(&fake->cgroup, &fake->arena, &stats);
    return stats;
}

static void assert_io(const CgroupStatsIo *io, uint64_t minor, const char *operation,
                      uint64_t value)
{
    assert_int_equal(io->major, 8);
    assert_int_equal(io->minor, minor);
    assert_string_equal(io->operation, operation);
    assert_int_equal(io->value, value);
}

static void v2_is_told_in_terms_of_v1(void **state)
{
    static FakeFile files[] = {
        { "cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 5\nnr_throttled 1\n"
                      "throttled_usec 9\n" },
        { "cpu.pressure", "some avg10=1.50 avg60=2.00 avg300=0.25 total=77\n"
                          "full avg10=0.00 avg60=0.50 avg300=0.00 total=5\n" },
        { "memory.current", "5000\n" },
        { "memory.max", "10000\n" },
        { "memory.peak", "6000\n" },
        { "memory.swap.current", "600\n" },
        { "memory.swap.max", "4000\n" },
        { "memory.stat", "anon 4\nfile 88\n" },
        { "memory.events", "low 0\nhigh 0\nmax 5\noom 1\noom_kill 2\noom_group_kill 0\n" },
        { "pids.current", "7\n" },
        { "pids.max", "max\n" },
        { "io.stat", "8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n"
                     "8:16 rbytes=5 wbytes=7 rios=1 wios=1 dbytes=9 dios=6\n" },
        { "hugetlb.2MB.current", "2097152\n" },
        { "hugetlb.2MB.rsvd.current", "1\n" },
        { "hugetlb.2MB.events", "max 3\n" },
        { "cpuset.cpus.effective", "0-3\n" },
        { "cpuset.mems.effective", "0\n" },
    };
    Fake *fake = *state;
    CgroupStats stats = read_files(fake, files, ARRAY_LEN(files));
    assert_int_equal(stats.cpu.total, 30000);
    assert_int_equal(stats.cpu.user, 20000);
    assert_int_equal(stats.cpu.kernel, 10000);
    assert_int_equal(stats.cpu.periods, 5);
    assert_int_equal(stats.cpu.throttled_periods, 1);
    assert_int_equal(stats.cpu.throttled, 9000);
    assert_true(stats.cpu.pressure.known && !stats.memory_pressure.known);
    assert_true(stats.cpu.pressure.lines[0].average_10 == 1.5);
    assert_true(stats.cpu.pressure.lines[0].average_300 == 0.25);
    assert_int_equal(stats.cpu.pressure.lines[0].total_us, 77);
    assert_true(stats.cpu.pressure.lines[1].average_60 == 0.5);
    assert_int_equal(stats.cpu.pressure.lines[1].total_us, 5);
    assert_int_equal(stats.memory.usage_bytes, 5000);
    assert_int_equal(stats.memory.limit_bytes, 10000);
    assert_int_equal(stats.memory.max_bytes, 6000);
    assert_int_equal(stats.memory.failures, 5);
    assert_int_equal(stats.memory_and_swap.usage_bytes, 5600);
    assert_int_equal(stats.memory_and_swap.limit_bytes, 14000);
    assert_int_equal(stats.cache_bytes, 88);
    assert_int_equal(stats.memory_numbers.count, 2);
    assert_int_equal(stats.pids, 7);
    assert_int_equal(stats.pids_limit, 0); /* none */
    assert_int_equal(stats.io_bytes.count, 6);
    assert_io(&stats.io_bytes.items[1], 0, "Write", 20);
    assert_io(&stats.io_bytes.items[5], 16, "Discard", 9);
    assert_int_equal(stats.io_operations.count, 6);
    assert_io(&stats.io_operations.items[5], 16, "Discard", 6);
    assert_int_equal(stats.hugetlb.count, 1);
    assert_string_equal(stats.hugetlb.items[0].page_size, "2MB");
    assert_int_equal(stats.hugetlb.items[0].usage_bytes, 2097152);
    assert_int_equal(stats.hugetlb.items[0].failures, 3);
    assert_string_equal(stats.cpus, "0-3\n");
    assert_string_equal(stats.mems, "0\n");
}

static void no_limit_of_swap_is_none_of_both(void **state)
{
    static FakeFile files[] = {
        { "memory.current", "5000\n" },
        { "memory.max", "10000\n" },
        { "memory.swap.max", "max\n" },
    };
    Fake *fake = *state;
    CgroupStats stats = read_files(fake, files, ARRAY_LEN(files));
    assert_true(stats.memory_and_swap.limit_bytes == CGROUP_STATS_NO_LIMIT);
    put(fake, "memory.swap.max", "1\n");
    put(fake, "memory.max", "max\n");
    cgroup_stats_read(&fake->cgroup, &fake->arena, &stats);
    assert_true(stats.memory.limit_bytes == CGROUP_STATS_NO_LIMIT);
    assert_true(stats.memory_and_swap.limit_bytes == CGROUP_STATS_NO_LIMIT);
}

static void v1_is_told_as_it_is(void **state)
{
    static FakeFile files[] = {
        { "cpuacct.usage", "30\n" },
        { "cpuacct.usage_percpu", "10 20 \n" },
        { "cpuacct.usage_all", "cpu user system\n0 6 4\n1 12 8\n" },
        { "cpu.stat", "nr_periods 5\nnr_throttled 1\nthrottled_time 9\n" },
        { "memory.usage_in_bytes", "5000\n" },
        { "memory.limit_in_bytes", "10000\n" },
        { "memory.failcnt", "2\n" },
        { "memory.memsw.usage_in_bytes", "5600\n" },
        { "memory.stat", "cache 88\nrss 4\n" },
        { "pids.current", "7\n" },
        { "pids.max", "20\n" },
        { "blkio.throttle.io_service_bytes_recursive",
          "8:0 Read 100\n8:0 Write 20\n8:0 Total 120\nTotal 120\n" },
        { "hugetlb.2MB.usage_in_bytes", "2097152\n" },
        { "hugetlb.2MB.max_usage_in_bytes", "4194304\n" },
        { "hugetlb.2MB.failcnt", "3\n" },
        { "cpuset.effective_cpus", "0-1\n" },
    };
    Fake *fake = *state;
    CgroupStats stats = read_files(fake, files, ARRAY_LEN(files));
    assert_int_equal(stats.cpu.total, 30);
    assert_int_equal(stats.cpu.per_cpu.count, 2);
    assert_int_equal(stats.cpu.per_cpu.items[1], 20);
    assert_int_equal(stats.cpu.per_cpu_user.count, 2);
    assert_int_equal(stats.cpu.per_cpu_user.items[1], 12);
    assert_int_equal(stats.cpu.per_cpu_kernel.items[1], 8);
    assert_int_equal(stats.cpu.throttled, 9);
    assert_int_equal(stats.memory.usage_bytes, 5000);
    assert_int_equal(stats.memory.failures, 2);
    assert_int_equal(stats.memory_and_swap.usage_bytes, 5600);
    assert_int_equal(stats.cache_bytes, 88);
    assert_int_equal(stats.pids_limit, 20);
    assert_int_equal(stats.io_bytes.count, 3);
    assert_io(&stats.io_bytes.items[1], 0, "Write", 20);
    assert_int_equal(stats.hugetlb.items[0].max_bytes, 4194304);
    assert_int_equal(stats.hugetlb.items[0].failures, 3);
    assert_string_equal(stats.cpus, "0-1\n");
}

static void kills_are_news_once(void **state)
{
    Fake *fake = *state;
    Error error = { 0 };
    uint64_t kills = 0;
    put(fake, "memory.events", "oom 1\noom_kill 1\n");
    put(fake, "cgroup.events", "populated 1\nfrozen 0\n");
    int watch = cgroup_stats_watch_oom(&fake->cgroup, &error);
    assert_true(watch >= 0);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), 1);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), 0);

    struct pollfd poller = { .fd = watch, .events = POLLIN };
    assert_int_equal(poll(&poller, 1, 0), 0);
    put(fake, "memory.events", "oom 2\noom_kill 3\n");
    assert_int_equal(poll(&poller, 1, 0), 1);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), 1);
    assert_int_equal(kills, 3);
    /* At its limit without a kill: that is in memory.events as well. */
    put(fake, "memory.events", "max 9\noom 2\noom_kill 3\n");
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), 0);
    assert_int_equal(poll(&poller, 1, 0), 0);

    /* The kill that ended it is told before its end. */
    put(fake, "memory.events", "oom 3\noom_kill 4\n");
    put(fake, "cgroup.events", "populated 0\nfrozen 0\n");
    assert_int_equal(poll(&poller, 1, 0), 1);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), 1);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), -ENODEV);
    fd_close(watch);
}

static void a_cgroup_that_is_gone_ends_the_watch(void **state)
{
    Fake *fake = *state;
    Error error = { 0 };
    uint64_t kills = 0;
    put(fake, "memory.events", "oom 0\noom_kill 0\n");
    assert_true(cgroup_stats_watch_oom(&fake->cgroup, &error) < 0); /* no cgroup.events */
    put(fake, "cgroup.events", "populated 1\n");
    int watch = cgroup_stats_watch_oom(&fake->cgroup, &error);
    assert_true(watch >= 0);
    assert_int_equal(unlinkat(fake->fd, "memory.events", 0), 0);
    assert_int_equal(cgroup_stats_oom(&fake->cgroup, watch, &kills), -ENODEV);
    fd_close(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(v2_is_told_in_terms_of_v1, setup_v2, teardown),
        cmocka_unit_test_setup_teardown(no_limit_of_swap_is_none_of_both, setup_v2, teardown),
        cmocka_unit_test_setup_teardown(v1_is_told_as_it_is, setup_v1, teardown),
        cmocka_unit_test_setup_teardown(kills_are_news_once, setup_v2, teardown),
        cmocka_unit_test_setup_teardown(a_cgroup_that_is_gone_ends_the_watch, setup_v2, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
