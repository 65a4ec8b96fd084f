/*
 * Groups of resctrl in a directory that looks like one: what is written where, and what is left.
 * Files are there beforehand, as the kernel's would be, in a group that is made by mkdir they are
 * missing: so a new group is seen up to its first write.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/resctrl.h"

static char place[] = "/tmp/ambit-resctrl.XXXXXX";
static int root = -1;

static void put(const char *path, const char *text)
{
    assert_int_equal(file_write_at(root, path, text, strlen(text), 0644, FILE_VOLATILE), 0);
}

static void expect_text(const char *path, const char *wanted)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *text;
    assert_int_equal(file_read_at(root, path, 4096, &arena, &text, NULL), 0);
    assert_string_equal(text, wanted);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(place))
        return -1;
    root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)mkdirat(root, "info", 0755);
    (void)mkdirat(root, "there", 0755);
    (void)mkdirat(root, "there/mon_groups", 0755);
    (void)mkdirat(root, "there/mon_groups/box", 0755);
    put("info/last_cmd_status", "ok\n");
    put("tasks", "");
    put("there/tasks", "");
    put("there/mon_groups/box/tasks", "");
    put("there/schemata", "    MB:0=100;1=100\n    L3:0=7ff;1=0007ff\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", place);
    fd_close(root);
    return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

static void test_schemata_are_compared_by_value(void **state)
{
    (void)state;
    const char *text = "    MB:0= 10;1=100\n    L3:0=7f0;1=0001f\nL3CODE:0=f\n";
    assert_true(resctrl_matches(text, "L3:0=7f0;1=1f"));
    assert_true(resctrl_matches(text, "L3:1=1F"));
    assert_true(resctrl_matches(text, "MB:0=10"));
    assert_true(resctrl_matches(text, "L3CODE:0=f"));
    assert_false(resctrl_matches(text, "L3:0=7f1"));
    assert_false(resctrl_matches(text, "L3:2=7f0"));
    assert_false(resctrl_matches(text, "L2:0=f"));
    assert_false(resctrl_matches(text, "L3"));
    assert_false(resctrl_matches("", "L3:0=1"));
}

static void test_a_group_that_is_there(void **state)
{
    (void)state;
    Error error = { 0 };
    ResctrlGroup group = { .name = "there" };
    assert_int_equal(resctrl_make(root, &group, 42, &error), 0);
    expect_text("there/tasks", "42");
    group.checked = "L3:0=7ff;1=7ff";
    assert_int_equal(resctrl_make(root, &group, 43, &error), 0);
    expect_text("there/schemata", "    MB:0=100;1=100\n    L3:0=7ff;1=0007ff\n");
    group.checked_too = "MB:0=50";
    assert_int_equal(resctrl_make(root, &group, 44, &error), -EEXIST);
    assert_non_null(strstr(error.message, "has not 'MB:0=50'"));
    expect_text("there/tasks", "43");
}

static void test_the_root_group(void **state)
{
    (void)state;
    const ResctrlGroup group = { .name = "/" };
    assert_int_equal(resctrl_make(root, &group, 7, NULL), 0);
    expect_text("tasks", "7");
    assert_int_equal(resctrl_remove(root, &group, NULL), 0);
    expect_text("tasks", "7");
}

static void test_a_group_that_is_missing(void **state)
{
    (void)state;
    Error error = { 0 };
    const ResctrlGroup group = { .name = "missing" };
    assert_int_equal(resctrl_make(root, &group, 1, &error), -ENOENT);
    assert_non_null(strstr(error.message, "there is no group missing"));
}

static void test_a_failure_leaves_nothing(void **state)
{
    (void)state;
    Error error = { 0 };
    ResctrlGroup group = { .name = "new", .checked = "L3:0=f" };
    assert_true(resctrl_make(root, &group, 1, &error) < 0); /* it has no schemata here */
    assert_non_null(strstr(error.message, "write 'L3:0=f' to schemata: ok"));
    struct stat st;
    /* It is not ours to remove once it is there, but this call made it. */
    assert_int_equal(fstatat(root, "new", &st, 0), -1);
    group = (ResctrlGroup){ .name = "there", .own = true };
    assert_int_equal(resctrl_make(root, &group, 1, &error), -EEXIST);
    assert_int_equal(fstatat(root, "there", &st, 0), 0);
}

static void test_monitoring(void **state)
{
    (void)state;
    Error error = { 0 };
    const ResctrlGroup group = { .name = "there", .monitor = "box" };
    assert_int_equal(resctrl_make(root, &group, 1, &error), -EEXIST);
    assert_int_equal(resctrl_join(root, &group, 91, &error), 0);
    expect_text("there/tasks", "91");
    expect_text("there/mon_groups/box/tasks", "91");
    assert_int_equal(unlinkat(root, "there/mon_groups/box/tasks", 0), 0);
    assert_int_equal(resctrl_remove(root, &group, &error), 0);
    struct stat st;
    assert_int_equal(fstatat(root, "there/mon_groups/box", &st, 0), -1);
    assert_int_equal(fstatat(root, "there", &st, 0), 0);
    assert_int_equal(resctrl_remove(root, &group, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemata_are_compared_by_value),
        cmocka_unit_test(test_a_group_that_is_there),
        cmocka_unit_test(test_the_root_group),
        cmocka_unit_test(test_a_group_that_is_missing),
        cmocka_unit_test(test_a_failure_leaves_nothing),
        cmocka_unit_test(test_monitoring),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
