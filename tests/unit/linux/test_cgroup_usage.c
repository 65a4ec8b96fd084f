/* linux/cgroup_usage: the numbers in directories of ordinary files, as kernels write them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "linux/cgroup_usage.h"

typedef struct Fake {
    char path[32];
    int fd;
} Fake;

static int setup(void **state)
{
    Fake *fake = mem_alloc(sizeof(*fake));
    (void)snprintf(fake->path, sizeof(fake->path), "/tmp/ambit-usage-XXXXXX");
    assert_non_null(mkdtemp(fake->path));
    fake->fd = open(fake->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    Fake *fake = *state;
    fd_close(fake->fd);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, fake->path), 0);
    mem_freep(&fake);
    return 0;
}

static void put(const Fake *fake, const char *const (*files)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(file_write_at(fake->fd, files[i][0], files[i][1], strlen(files[i][1]),
                                       0600, FILE_VOLATILE),
                         0);
}

static void v1_units_become_ours(void **state)
{
    static const char *const files[][2] = {
        { "memory.usage_in_bytes", "5000\n" },
        { "memory.limit_in_bytes", "10000\n" },
        { "memory.max_usage_in_bytes", "9223372036854771712\n" },
        { "memory.memsw.usage_in_bytes", "5600\n" },
        { "memory.memsw.limit_in_bytes", "14000\n" },
        { "memory.stat", "inactive_file 1\nnot_total_inactive_file 2\ntotal_inactive_file 77\n" },
        { "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n" },
        { "cpuacct.usage", "123456789\n" },
        { "cpuacct.usage_user", "100000000\n" },
        { "cpuacct.usage_sys", "23456789\n" },
        { "cpu.cfs_quota_us", "-1\n" },
        { "cpu.cfs_period_us", "100000\n" },
        { "cpu.shares", "1024\n" },
        { "cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 5000\n" },
        { "pids.current", "2\n" },
        { "pids.max", "max\n" },
        { "blkio.throttle.io_service_bytes_recursive",
          "8:0 Read 100\n8:0 Write 20\n8:0 Sync 120\n8:0 Total 120\n8:16 Read 5\n8:16 Write 7\n"
          "Total 132\n" },
        { "blkio.throttle.io_serviced_recursive", "8:0 Read 3\n8:0 Write 4\nTotal 7\n" },
        { "cpuset.effective_cpus", "0-1\n" },
    };
    Fake *fake = *state;
    put(fake, files, ARRAY_LEN(files));
    Cgroup cgroup = CGROUP_EMPTY;
    cgroup.mode = CGROUP_HYBRID;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        cgroup.fds[c] = fake->fd;
    CgroupUsage usage;
    assert_int_equal(cgroup_usage(&cgroup, &usage, NULL), 0);
    assert_int_equal(usage.memory_bytes, 5000);
    assert_int_equal(usage.memory_limit_bytes, 10000);
    assert_true(usage.memory_peak_bytes == CGROUP_USAGE_NONE);
    assert_int_equal(usage.memory_cache_bytes, 77);
    assert_int_equal(usage.swap_bytes, 600);
    assert_int_equal(usage.swap_limit_bytes, 4000);
    assert_int_equal(usage.oom_kills, 3);
    assert_int_equal(usage.cpu_us, 123456);
    assert_int_equal(usage.cpu_user_us, 100000);
    assert_int_equal(usage.cpu_system_us, 23456);
    assert_true(usage.cpu_quota_us == CGROUP_USAGE_NONE);
    assert_int_equal(usage.cpu_period_us, 100000);
    assert_int_equal(usage.cpu_shares, 1024);
    assert_true(usage.cpu_weight == CGROUP_USAGE_NONE);
    assert_int_equal(usage.periods, 10);
    assert_int_equal(usage.throttled_periods, 4);
    assert_int_equal(usage.throttled_us, 5);
    assert_int_equal(usage.pids, 2);
    assert_true(usage.pids_limit == CGROUP_USAGE_NONE);
    assert_int_equal(usage.io_read_bytes, 105);
    assert_int_equal(usage.io_write_bytes, 27);
    assert_int_equal(usage.io_reads, 3);
    assert_int_equal(usage.io_writes, 4);
    assert_string_equal(usage.cpuset_cpus, "0-1");
    assert_string_equal(usage.cpuset_mems, "");
}

static void v2_files_are_understood(void **state)
{
    static const char *const files[][2] = {
        { "memory.current", "5000\n" },
        { "memory.max", "max\n" },
        { "memory.peak", "6000\n" },
        { "memory.swap.current", "600\n" },
        { "memory.swap.max", "0\n" },
        { "memory.stat", "anon 4\ninactive_file 88\n" },
        { "memory.events", "low 0\nhigh 0\nmax 5\noom 1\noom_kill 2\noom_group_kill 0\n" },
        { "cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 5\nnr_throttled 1\n"
                      "throttled_usec 9\n" },
        { "cpu.max", "50000 100000\n" },
        { "cpu.weight", "100\n" },
        { "pids.current", "7\n" },
        { "pids.max", "20\n" },
        { "io.stat", "8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n"
                     "8:16 rbytes=5 wbytes=7 rios=1 wios=1 dbytes=9 dios=9\n" },
        { "cpuset.cpus.effective", "0-3\n" },
        { "cpuset.mems.effective", "0\n" },
    };
    Fake *fake = *state;
    put(fake, files, ARRAY_LEN(files));
    Cgroup cgroup = CGROUP_EMPTY;
    cgroup.mode = CGROUP_V2;
    cgroup.unified_fd = fake->fd;
    CgroupUsage usage;
    assert_int_equal(cgroup_usage(&cgroup, &usage, NULL), 0);
    assert_int_equal(usage.memory_bytes, 5000);
    assert_true(usage.memory_limit_bytes == CGROUP_USAGE_NONE);
    assert_int_equal(usage.memory_peak_bytes, 6000);
    assert_int_equal(usage.memory_cache_bytes, 88);
    assert_int_equal(usage.swap_bytes, 600);
    assert_int_equal(usage.swap_limit_bytes, 0);
    assert_int_equal(usage.oom_kills, 2);
    assert_int_equal(usage.cpu_us, 30);
    assert_int_equal(usage.cpu_user_us, 20);
    assert_int_equal(usage.cpu_system_us, 10);
    assert_int_equal(usage.throttled_us, 9);
    assert_int_equal(usage.cpu_quota_us, 50000);
    assert_int_equal(usage.cpu_period_us, 100000);
    assert_int_equal(usage.cpu_weight, 100);
    assert_true(usage.cpu_shares == CGROUP_USAGE_NONE);
    assert_int_equal(usage.pids_limit, 20);
    assert_int_equal(usage.io_read_bytes, 105);
    assert_int_equal(usage.io_write_bytes, 27);
    assert_int_equal(usage.io_reads, 4);
    assert_int_equal(usage.io_writes, 5);
    assert_string_equal(usage.cpuset_cpus, "0-3");
    uint64_t kills = 0;
    assert_int_equal(cgroup_usage_oom_kills(&cgroup, &kills, NULL), 0);
    assert_int_equal(kills, 2);
}

static void what_is_missing_is_unknown(void **state)
{
    Fake *fake = *state;
    Cgroup cgroup = CGROUP_EMPTY;
    cgroup.mode = CGROUP_V2;
    cgroup.unified_fd = fake->fd;
    CgroupUsage usage;
    assert_int_equal(cgroup_usage(&cgroup, &usage, NULL), 0);
    assert_true(usage.memory_bytes == CGROUP_USAGE_NONE && usage.io_writes == CGROUP_USAGE_NONE);
    assert_string_equal(usage.cpuset_mems, "");
    cgroup.unified_fd = -1;
    uint64_t kills = 0;
    assert_int_equal(cgroup_usage_oom_kills(&cgroup, &kills, NULL), 0);
    assert_true(kills == CGROUP_USAGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(v1_units_become_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(v2_files_are_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_missing_is_unknown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
