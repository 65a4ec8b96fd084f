/*
 * The program executes itself sealed. A copy of it leads two lives: "first" seals itself, "second"
 * is what then runs and is attacked.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "denial.h"
#include "linux/sealed.h"

extern char **environ;

/* Tells what it is on the standard output and waits to be killed. */
static int second_life(void)
{
    (void)alarm(10); /* a test that fails must leave nobody behind */
    (void)!write(STDOUT_FILENO, sealed_already() ? "s" : "u", 1);
    (void)pause();
    return 0;
}

/* A copy of this program, so that nobody else executes the file under attack: a file that is being
 * executed anywhere cannot be opened for writing, and that would hide what we are after. */
static char program[] = "/tmp/ambit-sealed-XXXXXX";

static int setup(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    char *data;
    size_t size;
    if (file_read_at(AT_FDCWD, "/proc/self/exe", 64 << 20, &arena, &data, &size) < 0)
        return -1;
    int fd = mkostemp(program, O_CLOEXEC);
    int r = fd < 0 || fd_write_all(fd, data, size) < 0 || fchmod(fd, 0755) < 0 ? -1 : 0;
    fd_close(fd);
    return r;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(program);
}

static int first_life(void)
{
    char *const argv[] = { program, (char *)"second", NULL };
    return sealed_exec(argv, false, NULL) < 0 ? 20 : 21;
}

static _Noreturn void start_life(int output, bool sealed)
{
    char *const argv[] = { program, (char *)(sealed ? "first" : "second"), NULL };
    (void)dup2(output, STDOUT_FILENO);
    (void)execve(program, argv, environ);
    _exit(22);
}

/* What an attacker in a container does: keeps /proc/PID/exe open until nobody executes the file any
 * more, then opens it for writing. Answers whether bytes could be written. */
static int attack(pid_t pid, bool write_too, char text[DENIAL_TEXT_SIZE], bool *ret_writable)
{
    Error error = { 0 };
    char path[64], link[FD_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    int exe CLEANUP(fd_closep) = open(path, O_PATH | O_CLOEXEC);
    DENIAL_CHECK(exe >= 0);
    DENIAL_CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
    int fd CLEANUP(fd_closep) = -1;
    for (int tries = 0; tries < 100 && fd < 0; tries++) {
        fd = open(fd_path(exe, link), O_WRONLY | O_CLOEXEC);
        if (fd >= 0 || errno != ETXTBSY)
            break;
        (void)usleep(1000);
    }
    *ret_writable = fd >= 0 && (!write_too || write(fd, "evil", 4) > 0 || ftruncate(fd, 0) == 0);
    return 0;
}

static int check_life(bool sealed, bool *ret_writable, char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    int ends[2];
    char word = 0;
    DENIAL_CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0)
        start_life(ends[1], sealed);
    (void)close(ends[1]);
    DENIAL_CHECK(pid > 0 && read(ends[0], &word, 1) == 1);
    (void)close(ends[0]);
    DENIAL_CHECK(word == (sealed ? 's' : 'u'));
    return attack(pid, sealed, text, ret_writable);
}

static int check_sealed(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    bool writable = true;
    if (check_life(true, &writable, text) < 0)
        return -1;
    DENIAL_CHECK(!writable);
    return 0;
}

static void test_second_life(void **state)
{
    (void)state;
    static const char *const rungs[] = { NULL, "open_tree=ENOSYS", "open_tree=EPERM",
                                         "mount_setattr=ENOSYS",
                                         "open_tree=ENOSYS,memfd_create/1:19=EINVAL" };
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check_sealed, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "all calls", text);
    }
}

/* The attack is real: unsealed, whoever may write to the file can. */
static void test_unsealed(void **state)
{
    (void)state;
    bool writable = false;
    char text[DENIAL_TEXT_SIZE] = "";
    if (check_life(false, &writable, text) < 0)
        fail_msg("%s", text);
    assert_true(writable);
}

static void test_first_life(void **state)
{
    (void)state;
    assert_false(sealed_already());
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "second") == 0)
        return second_life();
    if (argc == 2 && strcmp(argv[1], "first") == 0)
        return first_life();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_life),
        cmocka_unit_test(test_second_life),
        cmocka_unit_test(test_unsealed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
