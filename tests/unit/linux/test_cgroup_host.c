/* linux/cgroup_host: hosts as their two files describe them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/cgroup_host.h"

static void hybrid_host_has_v1_controllers(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost host;
    cgroup_host_parse(
        "23 1 0:20 / / rw - ext4 /dev/sda rw\n"
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "38 31 0:35 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
        "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        "9:name=systemd:/user\n7:blkio:/\n4:memory:/api/x:y\n2:cpu,cpuacct:/a b\n0::/u\n", &arena,
        &host);
    assert_int_equal(host.mode, CGROUP_HYBRID);
    assert_int_equal(host.available, CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT) |
                                         CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_IO) |
                                         CGROUP_BIT(CGROUP_SYSTEMD) | CGROUP_BIT(CGROUP_UNIFIED));
    assert_string_equal(host.mount[CGROUP_UNIFIED], "/sys/fs/cgroup/unified");
    assert_string_equal(host.own_path[CGROUP_UNIFIED], "/u");
    assert_string_equal(host.mount[CGROUP_CPU], "/sys/fs/cgroup/cpu,cpuacct");
    assert_string_equal(host.mount[CGROUP_CPUACCT], host.mount[CGROUP_CPU]);
    assert_string_equal(host.mount[CGROUP_MEMORY], "/sys/fs/cgroup/memory");
    assert_null(host.mount[CGROUP_PIDS]);
    assert_string_equal(host.own_path[CGROUP_MEMORY], "/api/x:y");
    assert_string_equal(host.own_path[CGROUP_CPUACCT], "/a b");
    assert_string_equal(host.own_path[CGROUP_IO], "/");
    assert_string_equal(host.unified_mount, "/sys/fs/cgroup/unified");
    assert_string_equal(host.unified_own_path, "/u");
}

static void unified_host_has_one_tree(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost host;
    /* The named hierarchy alone has no controllers: this is v2. */
    cgroup_host_parse("40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                      "41 31 0:38 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
                      "1:name=systemd:/\n0::/system.slice/x.service\n", &arena, &host);
    assert_int_equal(host.mode, CGROUP_V2);
    assert_int_equal(host.available, 0);
    assert_string_equal(host.unified_mount, "/sys/fs/cgroup");
    assert_string_equal(host.unified_own_path, "/system.slice/x.service");
}

static void host_without_cgroups_is_told(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost host;
    cgroup_host_parse("23 1 0:20 / / rw - ext4 /dev/sda rw\n", "", &arena, &host);
    assert_int_equal(host.mode, CGROUP_NONE);
    assert_int_equal(host.available, 0);
    /* Other filesystems, whatever they are called. */
    cgroup_host_parse("23 1 0:20 / /a rw - cgroupfs memory rw,memory\n"
                      "24 1 0:21 /\\040-\\040cgroup /b rw - tmpfs cgroup rw,memory\n",
                      "", &arena, &host);
    assert_int_equal(host.mode, CGROUP_NONE);
}

/* In a container without a cgroup namespace the mounts show a part of the tree. */
static void own_path_counts_from_what_the_mount_shows(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost host;
    cgroup_host_parse("1 2 0:1 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                      "1 2 0:1 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
                      "1 2 0:1 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
                      "1 2 0:1 /../.. /sys/fs/cgroup/blkio ro - cgroup cgroup rw,blkio\n",
                      "1:memory:/docker/abc/inner\n2:pids:/docker/abc\n3:cpu:/docker/abcd\n"
                      "4:blkio:/\n",
                      &arena, &host);
    assert_string_equal(host.own_path[CGROUP_MEMORY], "/inner");
    assert_string_equal(host.own_path[CGROUP_PIDS], "/");
    assert_null(host.own_path[CGROUP_CPU]); /* a neighbour whose name begins alike */
    assert_null(host.own_path[CGROUP_IO]);
    assert_null(cgroup_path_below("/../x", "/")); /* above this cgroup namespace */
    assert_string_equal(cgroup_path_below("/..x", "/"), "/..x");
}

static void the_usual_place_beats_copies(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost host;
    cgroup_host_parse("1 2 0:1 / /var/lib/x/cgroup/memory rw - cgroup cgroup rw,memory\n"
                      "1 2 0:1 /a\\040b /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory\n"
                      "1 2 0:1 / /mnt/memory rw - cgroup cgroup rw,memory\n",
                      "1:memory:/a b/c\n", &arena, &host);
    assert_string_equal(host.mount[CGROUP_MEMORY], "/sys/fs/cgroup/my memory");
    assert_string_equal(host.own_path[CGROUP_MEMORY], "/c");
    assert_int_equal(host.mode, CGROUP_V1);
}

static void names_are_known_in_both_versions(void **state)
{
    (void)state;
    assert_string_equal(cgroup_controller_name(CGROUP_IO, CGROUP_V1), "blkio");
    assert_string_equal(cgroup_controller_name(CGROUP_IO, CGROUP_V2), "io");
    assert_string_equal(cgroup_controller_name(CGROUP_FREEZER, CGROUP_V2), "freezer");
    assert_int_equal(cgroup_controller_from_name("io", 2), CGROUP_IO);
    assert_int_equal(cgroup_controller_from_name("blkio,x", 5), CGROUP_IO);
    assert_int_equal(cgroup_controller_from_name("cpuset", 3), CGROUP_CPU);
    assert_int_equal(cgroup_controller_from_name("nosuch", 6), CGROUP_CONTROLLER_INVALID);
    assert_int_equal(cgroup_controllers_parse("cpuset cpu io memory hugetlb pids rdma dmem\n", ' '),
                     CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_IO) |
                         CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_HUGETLB) |
                         CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_RDMA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hybrid_host_has_v1_controllers),
        cmocka_unit_test(unified_host_has_one_tree),
        cmocka_unit_test(host_without_cgroups_is_told),
        cmocka_unit_test(own_path_counts_from_what_the_mount_shows),
        cmocka_unit_test(the_usual_place_beats_copies),
        cmocka_unit_test(names_are_known_in_both_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
