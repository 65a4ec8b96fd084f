/*
 * The files of credentials: several logins at once, and files that are links.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "image/registryauth.h"

enum { WRITERS = 8, LOGINS = 20 };

static char place[] = "/tmp/test-registryauth-XXXXXX";

static int make_place(void **state)
{
    (void)state;
    return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
    (void)state;
    return file_remove_tree_at(AT_FDCWD, place);
}

static void write_logins(const char *file, int writer)
{
    Arena arena = { 0 };
    RegistryLogin login = { .username = "me", .password = "secret" };
    for (int i = 0; i < LOGINS; i++) {
        const char *domain = arena_printf(&arena, "r%d-%d.test", writer, i);
        const char *at;
        if (registryauth_store(domain, &login, file, &arena, &at, NULL) < 0)
            _exit(1);
        /* One in two goes again. */
        if (i % 2 && registryauth_erase(domain, file, &arena, NULL) != 1)
            _exit(2);
    }
    _exit(0);
}

static void logins_at_once_all_stay(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *file = arena_printf(&arena, "%s/new/auth.json", place);
    pid_t pids[WRITERS];
    for (int writer = 0; writer < WRITERS; writer++) {
        pids[writer] = fork();
        assert_true(pids[writer] >= 0);
        if (pids[writer] == 0)
            write_logins(file, writer);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        int status = -1;
        assert_int_equal(waitpid(pids[writer], &status, 0), pids[writer]);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < WRITERS * LOGINS; i++) {
        RegistryLogin login = { 0 };
        const char *domain = arena_printf(&arena, "r%d-%d.test", i / LOGINS, i % LOGINS);
        assert_int_equal(registryauth_find(domain, NULL, file, &arena, &login, NULL), 0);
        assert_int_equal(login.username != NULL, i % 2 == 0);
    }
}

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static bool knows(const char *file)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    RegistryLogin login = { 0 };
    assert_int_equal(registryauth_find("link.test", NULL, file, &arena, &login, NULL), 0);
    return login.username != NULL;
}

static void a_link_stays_and_what_it_leads_to_is_written(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    RegistryLogin login = { .username = "me", .password = "secret" };
    const char *directory = arena_printf(&arena, "%s/mine", place), *at;
    const char *target = arena_printf(&arena, "%s/real.json", directory);
    const char *file = arena_printf(&arena, "%s/link.json", place);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(symlink("hop.json", file), 0); /* nothing at its end yet */
    assert_int_equal(symlink("mine/real.json", arena_printf(&arena, "%s/hop.json", place)), 0);
    assert_int_equal(registryauth_store("link.test", &login, file, &arena, &at, NULL), 0);
    assert_string_equal(at, file);
    assert_true(is_link(file) && !is_link(target) && knows(target));
    assert_int_equal(registryauth_store("link.test", &login, file, &arena, &at, NULL), 0);
    assert_int_equal(registryauth_erase("link.test", file, &arena, NULL), 1);
    assert_true(is_link(file) && !knows(target));
}

static void a_link_of_another_users_is_not_followed(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    RegistryLogin login = { .username = "me", .password = "secret" };
    const char *target = arena_printf(&arena, "%s/victim", place), *at;
    const char *file = arena_printf(&arena, "%s/foreign.json", place);
    Error error = { 0 };
    if (geteuid() != 0)
        skip();
    assert_int_equal(symlink(target, file), 0);
    assert_int_equal(lchown(file, 65534, 65534), 0);
    assert_true(registryauth_store("link.test", &login, file, &arena, &at, &error) < 0);
    assert_non_null(strstr(error.message, "uid 65534"));
    assert_int_equal(access(target, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_at_once_all_stay),
        cmocka_unit_test(a_link_stays_and_what_it_leads_to_is_written),
        cmocka_unit_test(a_link_of_another_users_is_not_followed),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
