/* linux/cgroup_limit: what limits become in the files of v1 and v2, and writing it, without
 * cgroups: directories with ordinary files stand for them. */
#include <errno.h>
#include <fcntl.h>
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
#include "linux/cgroup_limit.h"
#include "linux/cgroup_v2.h"

/* Golden values from the formula in runc 1.4 and crun 1.23; `before` is what the old straight line
 * gave, to show the difference. */
static void shares_become_weights_on_the_new_curve(void **state)
{
    (void)state;
    static const struct {
        int64_t shares;
        uint64_t weight, before;
    } rows[] = {
        { 0, 1, 1 },          { 2, 1, 1 },           { 10, 4, 1 },          { 102, 17, 4 },
        { 512, 59, 20 },      { 1000, 99, 39 },      { 1024, 100, 39 },     { 2000, 170, 77 },
        { 2048, 174, 79 },    { 10240, 639, 391 },   { 65536, 3023, 2500 }, { 262143, 10000, 9999 },
        { 262144, 10000, 0 }, { 9999999, 10000, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(cgroup_v2_weight_from_shares(rows[i].shares), rows[i].weight);
        if (rows[i].before > 1)
            assert_int_equal(1 + (rows[i].shares - 2) * 9999 / 262142, rows[i].before);
    }
    for (int64_t shares = 3; shares <= 262144; shares++)
        assert_true(cgroup_v2_weight_from_shares(shares) >=
                    cgroup_v2_weight_from_shares(shares - 1));
}

static void blkio_weights_become_io_weights(void **state)
{
    (void)state;
    static const int64_t rows[][2] = { { 0, 1 },      { 10, 1 },     { 11, 11 },     { 100, 910 },
                                       { 500, 4950 }, { 999, 9989 }, { 1000, 10000 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(cgroup_v2_io_weight(rows[i][0]), rows[i][1]);
}

/* "file=value" lines, "?" after an optional one, "|" after one that the next may replace. */
static const char *print(const CgroupSetting *settings, size_t count, Arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%s=%s%s%s", text, i ? "\n" : "", settings[i].file,
                            settings[i].value, settings[i].optional ? "?" : "",
                            settings[i].or_next ? "|" : "");
    return text;
}

/* An error about a setting begins with the field that it came from. */
static void check_fields(const CgroupSetting *settings, size_t count)
{
    static const char *const groups[] = { "memory.", "cpu.", "pids.", "blockIO." };
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t g = 0; g < ARRAY_LEN(groups); g++)
            found |= str_starts(settings[i].field, groups[g]);
        assert_true(found);
    }
}

static const char *translated(const CgroupLimit *limit, CgroupMode mode, Arena *arena)
{
    CgroupSetting *settings;
    size_t count;
    Error error;
    if (cgroup_limit_translate(limit, mode, arena, &settings, &count, &error) < 0)
        return arena_printf(arena, "%s: %s", error_kind_name(error.kind), error.message);
    check_fields(settings, count);
    return print(settings, count, arena);
}

enum {
    MEMORY = CGROUP_LIMIT_MEMORY,
    SWAP = CGROUP_LIMIT_MEMORY_SWAP,
    QUOTA = CGROUP_LIMIT_CPU_QUOTA,
    PERIOD = CGROUP_LIMIT_CPU_PERIOD,
};

static const struct {
    CgroupLimit limit;
    const char *v1, *v2;
} golden[] = {
    { { .set = 0, .memory = 5, .pids = 7 }, "", "" },
    { { .set = MEMORY, .memory = 1 << 20 }, "memory.limit_in_bytes=1048576", "memory.max=1048576" },
    { { .set = MEMORY, .memory = -1 },
      "memory.limit_in_bytes=-1\nmemory.memsw.limit_in_bytes=-1?",
      "memory.max=max\nmemory.swap.max=max?" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 300 },
      "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=300",
      "memory.max=100\nmemory.swap.max=200" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 100 },
      "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=100",
      "memory.max=100\nmemory.swap.max=0?" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = -1 },
      "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=-1?",
      "memory.max=100\nmemory.swap.max=max?" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 0 },
      "memory.limit_in_bytes=100",
      "memory.max=100" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 99 },
      "usage: the limit of memory + swap (99) is below that of memory (100)",
      "usage: the limit of memory + swap (99) is below that of memory (100)" },
    { { .set = SWAP, .memory_swap = 100 },
      "memory.memsw.limit_in_bytes=100",
      "usage: a limit of memory + swap needs a limit of memory: cgroup v2 limits swap alone, which "
      "is the difference" },
    { { .set = CGROUP_LIMIT_MEMORY_RESERVATION, .memory_reservation = 5000 },
      "memory.soft_limit_in_bytes=5000",
      "memory.low=5000" },
    { { .set = CGROUP_LIMIT_MEMORY_RESERVATION, .memory_reservation = -1 },
      "memory.soft_limit_in_bytes=-1",
      "memory.low=0" },
    { { .set =
            CGROUP_LIMIT_MEMORY_KERNEL | CGROUP_LIMIT_MEMORY_KERNEL_TCP | CGROUP_LIMIT_SWAPPINESS,
        .memory_kernel = 1,
        .memory_kernel_tcp = 2,
        .swappiness = 60 },
      "memory.kmem.tcp.limit_in_bytes=2\nmemory.swappiness=60",
      "" },
    { { .set = CGROUP_LIMIT_DISABLE_OOM, .disable_oom_killer = 1 },
      "memory.oom_control=1",
      "unsupported: cgroup v2 cannot switch the OOM killer off" },
    { { .set = CGROUP_LIMIT_DISABLE_OOM }, "memory.oom_control=0", "" },
    { { .set = CGROUP_LIMIT_CPU_SHARES, .cpu_shares = 1024 }, "cpu.shares=1024", "cpu.weight=100" },
    { { .set = CGROUP_LIMIT_CPU_SHARES }, "", "" },
    { { .set = QUOTA | PERIOD, .cpu_quota_us = 50000, .cpu_period_us = 100000 },
      "cpu.cfs_period_us=100000\ncpu.cfs_quota_us=50000",
      "cpu.max=50000 100000" },
    { { .set = QUOTA | PERIOD, .cpu_quota_us = -1, .cpu_period_us = 100000 },
      "cpu.cfs_period_us=100000\ncpu.cfs_quota_us=-1",
      "cpu.max=max 100000" },
    { { .set = QUOTA, .cpu_quota_us = 50000 }, "cpu.cfs_quota_us=50000", "cpu.max=50000" },
    { { .set = PERIOD, .cpu_period_us = 5000 }, "cpu.cfs_period_us=5000", "cpu.max=max 5000" },
    { { .set = QUOTA | CGROUP_LIMIT_CPU_BURST, .cpu_quota_us = 50000, .cpu_burst_us = 1000 },
      "cpu.cfs_quota_us=50000\ncpu.cfs_burst_us=1000",
      "cpu.max=50000\ncpu.max.burst=1000" },
    { { .set = CGROUP_LIMIT_CPU_IDLE | CGROUP_LIMIT_CPU_SHARES, .cpu_idle = 1, .cpu_shares = 9 },
      "cpu.idle=1",
      "cpu.idle=1" },
    { { .set = CGROUP_LIMIT_CPU_IDLE | CGROUP_LIMIT_CPU_SHARES, .cpu_idle = 0, .cpu_shares = 10 },
      "cpu.idle=0\ncpu.shares=10",
      "cpu.idle=0\ncpu.weight=4" },
    { { .set = CGROUP_LIMIT_CPU_RT_PERIOD | CGROUP_LIMIT_CPU_RT_RUNTIME,
        .cpu_rt_period_us = 1000,
        .cpu_rt_runtime_us = 900 },
      "cpu.rt_period_us=1000\ncpu.rt_runtime_us=900",
      "unsupported: cgroup v2 has no limits for real-time tasks" },
    { { .set = CGROUP_LIMIT_CPUSET_CPUS | CGROUP_LIMIT_CPUSET_MEMS,
        .cpuset_cpus = "0-2,7",
        .cpuset_mems = "" },
      "cpuset.cpus=0-2,7",
      "cpuset.cpus=0-2,7" },
    { { .set = CGROUP_LIMIT_PIDS, .pids = 20 }, "pids.max=20", "pids.max=20" },
    { { .set = CGROUP_LIMIT_PIDS, .pids = 0 }, "pids.max=0", "pids.max=0" },
    { { .set = CGROUP_LIMIT_PIDS, .pids = -1 }, "pids.max=max", "pids.max=max" },
    { { .set = CGROUP_LIMIT_IO_WEIGHT | CGROUP_LIMIT_IO_LEAF_WEIGHT,
        .io_weight = 500,
        .io_leaf_weight = 10 },
      "blkio.weight=500|\nblkio.bfq.weight=500\nblkio.leaf_weight=10",
      "io.bfq.weight=500|\nio.weight=4950" },
};

static void limits_become_settings(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
        assert_string_equal(translated(&golden[i].limit, CGROUP_V1, &arena), golden[i].v1);
        assert_string_equal(translated(&golden[i].limit, CGROUP_HYBRID, &arena), golden[i].v1);
        assert_string_equal(translated(&golden[i].limit, CGROUP_V2, &arena), golden[i].v2);
    }
}

/* What an update of one limit becomes with the limits that are there. */
static const struct {
    CgroupLimit before, limit;
    const char *v1, *v2;
} updates[] = {
    { { .set = QUOTA | PERIOD, .cpu_quota_us = 50000, .cpu_period_us = 100000 },
      { .set = PERIOD, .cpu_period_us = 5000 },
      "cpu.cfs_period_us=5000\ncpu.cfs_quota_us=50000",
      "cpu.max=50000 5000" },
    { { .set = PERIOD, .cpu_period_us = 100000 },
      { .set = PERIOD, .cpu_period_us = 5000 },
      "cpu.cfs_period_us=5000",
      "cpu.max=max 5000" },
    { { .set = QUOTA | PERIOD, .cpu_quota_us = 50000, .cpu_period_us = 100000 },
      { .set = QUOTA, .cpu_quota_us = 7000 }, /* the kernel keeps the period */
      "cpu.cfs_quota_us=7000",
      "cpu.max=7000" },
    { { .set = QUOTA, .cpu_quota_us = 50000 },
      { .set = QUOTA | PERIOD, .cpu_quota_us = -1, .cpu_period_us = 5000 },
      "cpu.cfs_period_us=5000\ncpu.cfs_quota_us=-1",
      "cpu.max=max 5000" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 300 },
      { .set = SWAP, .memory_swap = 150 },
      "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=150",
      "memory.max=100\nmemory.swap.max=50" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 300 },
      { .set = MEMORY, .memory = 200 },
      "memory.limit_in_bytes=200\nmemory.memsw.limit_in_bytes=300",
      "memory.max=200\nmemory.swap.max=100" },
    { { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 300 },
      { .set = MEMORY, .memory = -1 },
      "memory.limit_in_bytes=-1\nmemory.memsw.limit_in_bytes=-1?",
      "memory.max=max\nmemory.swap.max=max?" },
    { { .set = MEMORY, .memory = 100 },
      { .set = CGROUP_LIMIT_PIDS, .pids = 5 },
      "pids.max=5",
      "pids.max=5" },
};

static void one_limit_is_completed_by_the_others(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(updates); i++) {
        CgroupLimit limit = updates[i].limit;
        cgroup_limit_complete(&limit, &updates[i].before);
        assert_string_equal(translated(&limit, CGROUP_V1, &arena), updates[i].v1);
        assert_string_equal(translated(&limit, CGROUP_V2, &arena), updates[i].v2);
    }
}

static void what_is_left_out_is_noted(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupLimit limit = { .set = CGROUP_LIMIT_MEMORY_KERNEL | CGROUP_LIMIT_MEMORY_KERNEL_TCP |
                                 CGROUP_LIMIT_SWAPPINESS | CGROUP_LIMIT_IO_LEAF_WEIGHT | MEMORY };
    StrList v1 = { 0 }, v2 = { 0 };
    cgroup_limit_notes(&limit, CGROUP_V1, &arena, &v1);
    cgroup_limit_notes(&limit, CGROUP_V2, &arena, &v2);
    assert_int_equal(v1.count, 1);
    assert_non_null(strstr(v1.items[0], "memory.kernel: "));
    assert_int_equal(v2.count, 4);
}

static void limits_name_their_controllers(void **state)
{
    (void)state;
    CgroupLimit limit = { .set = CGROUP_LIMIT_MEMORY_KERNEL };
    assert_int_equal(cgroup_limit_controllers(&limit), 0);
    limit.set = CGROUP_LIMIT_SWAPPINESS | CGROUP_LIMIT_PIDS | CGROUP_LIMIT_CPU_IDLE |
                CGROUP_LIMIT_CPUSET_MEMS | CGROUP_LIMIT_IO_WEIGHT;
    assert_int_equal(cgroup_limit_controllers(&limit),
                     CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_CPU) |
                         CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_IO));
}

static void device_limits_become_settings(void **state)
{
    (void)state;
    static const struct {
        CgroupDeviceLimit limit;
        const char *v1, *v2;
    } rows[] = {
        { { 8, 16, CGROUP_READ_BPS, 1048576 },
          "blkio.throttle.read_bps_device=8:16 1048576",
          "io.max=8:16 rbps=1048576" },
        { { 8, 16, CGROUP_WRITE_BPS, 0 },
          "blkio.throttle.write_bps_device=8:16 0",
          "io.max=8:16 wbps=max" },
        { { 8, 0, CGROUP_READ_IOPS, 10 },
          "blkio.throttle.read_iops_device=8:0 10",
          "io.max=8:0 riops=10" },
        { { 8, 0, CGROUP_WRITE_IOPS, 11 },
          "blkio.throttle.write_iops_device=8:0 11",
          "io.max=8:0 wiops=11" },
        { { 8, 0, CGROUP_DEVICE_WEIGHT, 500 },
          "blkio.weight_device=8:0 500|\nblkio.bfq.weight_device=8:0 500",
          "io.bfq.weight=8:0 500|\nio.weight=8:0 4950" },
        { { 8, 0, CGROUP_DEVICE_LEAF_WEIGHT, 500 },
          "blkio.leaf_weight_device=8:0 500",
          "unsupported: cgroup v2 has no leaf weight of a device" },
    };
    Arena arena CLEANUP(arena_done) = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CgroupSetting *settings;
        size_t count;
        assert_int_equal(cgroup_device_limit_translate(&rows[i].limit, CGROUP_V1, &arena, &settings,
                                                       &count, NULL),
                         0);
        assert_string_equal(print(settings, count, &arena), rows[i].v1);
        Error error;
        if (cgroup_device_limit_translate(&rows[i].limit, CGROUP_V2, &arena, &settings, &count,
                                          &error) == 0)
            assert_string_equal(print(settings, count, &arena), rows[i].v2);
        else
            assert_string_equal(
                arena_printf(&arena, "%s: %s", error_kind_name(error.kind), error.message),
                rows[i].v2);
    }
}

/* A v2 cgroup of ordinary files. */
typedef struct Fake {
    char path[32];
    Cgroup cgroup;
} Fake;

static int setup(void **state)
{
    Fake *fake = mem_alloc(sizeof(*fake));
    (void)snprintf(fake->path, sizeof(fake->path), "/tmp/ambit-limit-XXXXXX");
    assert_non_null(mkdtemp(fake->path));
    fake->cgroup = CGROUP_EMPTY;
    fake->cgroup.mode = CGROUP_V2;
    fake->cgroup.unified_fd = open(fake->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    Fake *fake = *state;
    cgroup_done(&fake->cgroup);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, fake->path), 0);
    mem_freep(&fake);
    return 0;
}

static void put(const Fake *fake, const char *file, const char *text)
{
    assert_int_equal(
        file_write_at(fake->cgroup.unified_fd, file, text, strlen(text), 0600, FILE_VOLATILE), 0);
}

static void assert_file(const Fake *fake, const char *file, const char *text)
{
    char is[256];
    assert_int_equal(cgroup_read(&fake->cgroup, CGROUP_MEMORY, file, is, sizeof(is), NULL), 0);
    assert_string_equal(is, text);
}

static void applying_writes_the_files(void **state)
{
    Fake *fake = *state;
    put(fake, "memory.max", "");
    put(fake, "pids.max", "");
    put(fake, "io.weight", "");
    CgroupLimit limit = { .set = MEMORY | SWAP | CGROUP_LIMIT_PIDS | CGROUP_LIMIT_IO_WEIGHT,
                          .memory = 100,
                          .memory_swap = 100, /* memory.swap.max is missing: no swap anyway */
                          .pids = 5,
                          .io_weight = 10 };
    assert_int_equal(cgroup_limit_apply(&fake->cgroup, &limit, NULL), 0);
    assert_file(fake, "memory.max", "100");
    assert_file(fake, "pids.max", "5");
    assert_file(fake, "io.weight", "1");
    put(fake, "io.bfq.weight", "");
    put(fake, "io.weight", "");
    assert_int_equal(cgroup_limit_apply(&fake->cgroup, &limit, NULL), 0);
    assert_file(fake, "io.bfq.weight", "10");
    assert_file(fake, "io.weight", "");
}

static void a_missing_file_is_explained(void **state)
{
    Fake *fake = *state;
    put(fake, "memory.max", "");
    CgroupLimit limit = { .set = MEMORY | SWAP, .memory = 100, .memory_swap = 150 };
    Error error;
    assert_int_equal(cgroup_limit_apply(&fake->cgroup, &limit, &error), -ENOENT);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, fake->path));
    assert_non_null(strstr(error.message, "memory.swap.max"));
    assert_non_null(strstr(error.message, "swapaccount"));
}

static void memory_in_use_can_be_respected(void **state)
{
    Fake *fake = *state;
    put(fake, "memory.max", "max");
    put(fake, "memory.current", "2000\n");
    CgroupLimit limit = { .set = MEMORY, .memory_check = true, .memory = 1000 };
    Error error;
    assert_int_equal(cgroup_limit_apply(&fake->cgroup, &limit, &error), -EBUSY);
    assert_int_equal(error.kind, ERROR_LIMIT);
    assert_file(fake, "memory.max", "max");
    limit.memory = 2000;
    assert_int_equal(cgroup_limit_apply(&fake->cgroup, &limit, NULL), 0);
    assert_file(fake, "memory.max", "2000");
}

static void unified_keys_cannot_leave_the_limits(void **state)
{
    Fake *fake = *state;
    put(fake, "memory.high", "");
    put(fake, "cgroup.procs", "");
    assert_int_equal(cgroup_limit_unified(&fake->cgroup, "memory.high", "7", NULL), 0);
    assert_file(fake, "memory.high", "7");
    static const char *const bad[] = { "cgroup.procs",           "../memory.high", "memory",
                                       "memory./../memory.high", "blkio.weight",   "devices.allow",
                                       "freezer.state",          "nosuch.max",     "" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Error error;
        assert_true(cgroup_limit_unified(&fake->cgroup, bad[i], "1", &error) < 0);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
    assert_file(fake, "cgroup.procs", "");
    assert_int_equal(cgroup_limit_unified_controller("io.max"), CGROUP_BIT(CGROUP_IO));
}

static void huge_page_sizes_are_checked(void **state)
{
    Fake *fake = *state;
    put(fake, "hugetlb.2MB.max", "");
    assert_int_equal(cgroup_limit_hugetlb(&fake->cgroup, "2MB", 4096, NULL), 0);
    assert_file(fake, "hugetlb.2MB.max", "4096");
    Error error;
    assert_int_equal(cgroup_limit_hugetlb(&fake->cgroup, "1GB", 0, &error), -ENOENT);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    static const char *const bad[] = { "2M", "MB", "../2MB", "2MB.max", "", "2 MB" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(cgroup_limit_hugetlb(&fake->cgroup, bad[i], 0, &error), -EINVAL);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_become_weights_on_the_new_curve),
        cmocka_unit_test(blkio_weights_become_io_weights),
        cmocka_unit_test(limits_become_settings),
        cmocka_unit_test(one_limit_is_completed_by_the_others),
        cmocka_unit_test(what_is_left_out_is_noted),
        cmocka_unit_test(limits_name_their_controllers),
        cmocka_unit_test(device_limits_become_settings),
        cmocka_unit_test_setup_teardown(applying_writes_the_files, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_explained, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_in_use_can_be_respected, setup, teardown),
        cmocka_unit_test_setup_teardown(unified_keys_cannot_leave_the_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(huge_page_sizes_are_checked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
