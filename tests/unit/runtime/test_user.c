/*
 * Users and groups of an image's own files, which are hostile: what is looked up, what is never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/user.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "www:x:33:33:www:/var/www:/bin/false\n"
                             "1234:x:0:0:a number as a name:/:/bin/sh\n"
                             "broken:x:notanumber:0::/:\n"
                             "short:x:5\n"
                             "huge:x:4294967295:0::/:\n"
                             "relative:x:7:7::home:\n";
static const char group[] = "root:x:0:\n"
                            "wheel:x:10:root,www\n"
                            "www:x:33:\n"
                            "audio:x:29:wwwx,xwww\n"
                            "shared:x:99:www\n";

typedef struct Fixture {
    char path[64];
    int root_fd;
    Arena arena;
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = mem_alloc(sizeof(*fixture));
    strcpy(fixture->path, "/tmp/ambit-user-XXXXXX");
    assert_non_null(mkdtemp(fixture->path));
    fixture->root_fd = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(fixture->root_fd, "etc", 0755), 0);
    assert_int_equal(
        file_write_at(fixture->root_fd, "etc/passwd", passwd, strlen(passwd), 0644, FILE_VOLATILE),
        0);
    assert_int_equal(
        file_write_at(fixture->root_fd, "etc/group", group, strlen(group), 0644, FILE_VOLATILE), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    fd_close(fixture->root_fd);
    (void)!file_remove_tree_at(AT_FDCWD, fixture->path);
    arena_done(&fixture->arena);
    free(fixture);
    return 0;
}

static void look_up(Fixture *fixture, const char *spec, User *user)
{
    Error error = { 0 };
    int r = user_lookup(fixture->root_fd, spec, NULL, &fixture->arena, user, &error);
    if (r < 0)
        print_message("%s: %s\n", spec, error.message);
    assert_int_equal(r, 0);
}

static void test_found(void **state)
{
    static const struct {
        const char *spec;
        uint32_t uid, gid;
        size_t groups;
        const char *home;
    } rows[] = {
        { NULL, 0, 0, 2, "/root" },
        { "root", 0, 0, 2, "/root" },
        { "www", 33, 33, 3, "/var/www" },
        { "33", 33, 33, 3, "/var/www" },
        { "www:wheel", 33, 10, 1, "/var/www" },
        { "www:77", 33, 77, 1, "/var/www" },
        { "1000", 1000, 0, 1, "/" },
        { "1000:2000", 1000, 2000, 1, "/" },
        { "relative", 7, 7, 1, "/" },
        { "2147483647", 2147483647, 0, 1, "/" },
        /* a number is an id, whatever names there are: CVE-2026-46680 */
        { "1234", 1234, 0, 1, "/" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        User user;
        look_up(*state, rows[i].spec, &user);
        assert_int_equal(user.uid, rows[i].uid);
        assert_int_equal(user.gid, rows[i].gid);
        assert_int_equal(user.group_count, rows[i].groups);
        assert_int_equal(user.groups[0], rows[i].gid); /* CVE-2022-36109 */
        assert_string_equal(user.home, rows[i].home);
    }
}

static void test_refused(void **state)
{
    Fixture *fixture = *state;
    static const struct {
        const char *spec, *message;
    } rows[] = {
        { "nobody", "no user 'nobody' in the container's /etc/passwd" },
        { "www:none", "no group 'none' in the container's /etc/group" },
        { "4294967296", "user id 4294967296 is out of range (0 to 2147483647)" },
        { "2147483648", "user id 2147483648 is out of range (0 to 2147483647)" },
        { "0:4294967295", "group id 4294967295 is out of range (0 to 2147483647)" },
        { ":5", "user name is empty" },
        { "www:", "group name is empty" },
        { "-1", "no user '-1' in the container's /etc/passwd" },
        { "a b", "'a b' is not a user name" },
        { "huge", "no user 'huge' in the container's /etc/passwd" },
        { "broken", "no user 'broken' in the container's /etc/passwd" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Error error = { 0 };
        User user;
        assert_true(
            user_lookup(fixture->root_fd, rows[i].spec, NULL, &fixture->arena, &user, &error) < 0);
        assert_string_equal(error.message, rows[i].message);
        assert_int_equal(error.kind, ERROR_USAGE);
    }
}

static void test_extra_groups(void **state)
{
    Fixture *fixture = *state;
    char *words[] = { (char *)"audio", (char *)"1234", (char *)"wheel", NULL };
    StrList extra = { .items = words, .count = 3 };
    Error error = { 0 };
    User user;
    assert_int_equal(user_lookup(fixture->root_fd, "www", &extra, &fixture->arena, &user, &error),
                     0);
    assert_int_equal(user.group_count, 5); /* www, wheel, audio, shared, 1234 */
    assert_int_equal(user.groups[0], 33);
}

/* Without the files, and with a FIFO in their place: CVE-2024-9676. */
static void test_missing_and_fifo(void **state)
{
    Fixture *fixture = *state;
    User user;
    assert_int_equal(unlinkat(fixture->root_fd, "etc/passwd", 0), 0);
    assert_int_equal(unlinkat(fixture->root_fd, "etc/group", 0), 0);
    look_up(fixture, "5:6", &user);
    assert_int_equal(user.uid, 5);
    assert_int_equal(mkfifoat(fixture->root_fd, "etc/passwd", 0644), 0);
    Error error = { 0 };
    assert_true(user_lookup(fixture->root_fd, "5:6", NULL, &fixture->arena, &user, &error) < 0);
    assert_string_equal(error.message, "/etc/passwd of the container is not a file");
}

/* A symlink out of the root leads to a file inside it. */
static void test_symlink_stays_inside(void **state)
{
    Fixture *fixture = *state;
    User user;
    assert_int_equal(unlinkat(fixture->root_fd, "etc/passwd", 0), 0);
    assert_int_equal(symlinkat("/../../../../etc/passwd", fixture->root_fd, "etc/passwd"), 0);
    Error error = { 0 };
    assert_true(user_lookup(fixture->root_fd, "root", NULL, &fixture->arena, &user, &error) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extra_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_and_fifo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symlink_stays_inside, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
