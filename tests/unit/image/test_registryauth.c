/*
 * The files of credentials: several logins at once.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(logins_at_once_all_stay) };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
