/*
 * mountinfo as the kernel writes it, as it might be forged, and our own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/mountinfo.h"
#include "linux/process.h"

static int parse(Arena *arena, const char *text, MountinfoEntry **entries, size_t *count)
{
    return mountinfo_parse(arena_strdup(arena, text), arena, entries, count, NULL);
}

static void test_lines(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    MountinfoEntry *e = NULL;
    size_t count = 0;
    const char *text =
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
        "40 1 0:35 / /a\\040b\\134c\\011d ro shared:12 master:3 propagate_from:2 unbindable "
        "future:1 - "
        "fuse.ssh\\040fs src\\012x rw,lowerdir=/l\\0541\n"
        "41 1 0:36 / / rw - tmpfs  rw\n";
    assert_int_equal(parse(&arena, text, &e, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(e[0].id, 36);
    assert_int_equal(e[0].parent_id, 35);
    assert_int_equal(e[0].major, 98);
    assert_string_equal(e[0].root, "/mnt1");
    assert_string_equal(e[0].target, "/mnt2");
    assert_string_equal(e[0].options, "rw,noatime");
    assert_string_equal(e[0].type, "ext3");
    assert_string_equal(e[0].source, "/dev/root");
    assert_string_equal(e[0].super_options, "rw,errors=continue");
    assert_int_equal(e[0].master, 1);
    assert_int_equal(e[0].shared, 0);
    assert_false(e[0].unbindable);
    assert_string_equal(e[1].target, "/a b\\c\td");
    assert_string_equal(e[1].type, "fuse.ssh fs");
    assert_string_equal(e[1].source, "src\nx");
    assert_int_equal(e[1].shared, 12);
    assert_int_equal(e[1].master, 3);
    assert_true(e[1].unbindable);
    assert_string_equal(e[2].source, ""); /* an empty source leaves two blanks */
    assert_string_equal(e[2].super_options, "rw");
    assert_int_equal(parse(&arena, "", &e, &count), 0);
    assert_int_equal(count, 0);
}

static void test_malformed(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    static const char *const bad[] = {
        "36 35 98:0 / / rw - ext3 /dev/root rw", /* no newline: cut off */
        "\n",
        "36\n",
        "36 35 98:0 / / rw\n",
        "36 35 98:0 / / rw -\n",
        "36 35 98:0 / / rw - ext3 src\n",
        "36 35 98:0 / / rw shared:1 ext3 src rw\n",
        "x 35 98:0 / / rw - ext3 src rw\n",
        "36 -1 98:0 / / rw - ext3 src rw\n",
        "36 35 980 / / rw - ext3 src rw\n",
        "36 35 98:0 / / rw shared:x - ext3 src rw\n",
        "36 35 99999999999:0 / / rw - ext3 src rw\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        MountinfoEntry *e;
        size_t count;
        if (parse(&arena, bad[i], &e, &count) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_escapes(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    static const struct {
        const char *written, *meant;
    } cases[] = {
        { "/\\", "/\\" },       { "/\\04", "/\\04" },  { "/\\0409", "/ 9" },
        { "/\\480", "/\\480" }, { "/a\\000b", "/ab" }, { "/\\377", "/\377" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        MountinfoEntry *e = NULL;
        size_t count;
        assert_int_equal(parse(&arena,
                               arena_printf(&arena, "1 1 0:1 / %s rw - t s rw\n", cases[i].written),
                               &e, &count),
                         0);
        assert_string_equal(e[0].target, cases[i].meant);
    }
}

static void test_own(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    MountinfoEntry *e = NULL;
    size_t count = 0;
    bool root = false;
    int proc CLEANUP(fd_closep) = process_open(-1, getpid(), &error);
    if (mountinfo_read(proc, &arena, &e, &count, &error) < 0)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; i++)
        root = root || str_eq(e[i].target, "/");
    assert_true(root);
}

static void test_options(void **state)
{
    (void)state;
    assert_true(mountinfo_has_option("rw,nosuid", "rw"));
    assert_true(mountinfo_has_option("rw,nosuid", "nosuid"));
    assert_true(mountinfo_has_option("ro", "ro"));
    assert_false(mountinfo_has_option("rw,nosuid", "suid"));
    assert_false(mountinfo_has_option("errors=ro", "ro"));
    assert_false(mountinfo_has_option("ronly", "ro"));
    assert_false(mountinfo_has_option("", "ro"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_own),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
