/*
 * Landlock's walls, tried from inside as root with every capability: the kernel must refuse all the
 * same.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/landlock.h"

#define EXPECT(condition)    \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

enum { NO_LANDLOCK = 255 };

static int confine(int tree, unsigned allowed)
{
    Error error = { 0 };
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    int r = landlock_confine(tree, allowed, &error);
    if (r == 1)
        return NO_LANDLOCK;
    EXPECT(r == 0);
    return 0;
}

static bool refused(int result)
{
    return result < 0 && errno == EACCES;
}

static int writer(int tree)
{
    int r = confine(tree, LANDLOCK_READ | LANDLOCK_WRITE);
    if (r)
        return r;
    EXPECT(mkdirat(tree, "d", 0700) == 0);
    EXPECT(openat(tree, "d/f", O_RDWR | O_CREAT | O_EXCL, 0600) >= 0);
    EXPECT(linkat(tree, "d/f", tree, "g", 0) == 0); /* from directory to directory */
    EXPECT(mknodat(tree, "p", S_IFIFO | 0600, 0) == 0);
    EXPECT(mknodat(tree, "w", S_IFCHR, makedev(0, 0)) == 0);
    EXPECT(unlinkat(tree, "g", 0) == 0);
    EXPECT(refused(mknodat(tree, "disk", S_IFBLK, makedev(8, 0))));
    EXPECT(refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
    EXPECT(refused(openat(tree, "../outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
    EXPECT(refused(execl("/proc/self/exe", "self", (char *)NULL)));
    return 0;
}

static int reader(int tree)
{
    int r = confine(tree, LANDLOCK_READ);
    if (r)
        return r;
    EXPECT(openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    EXPECT(refused(mkdirat(tree, "d", 0700)));
    EXPECT(refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
    return 0;
}

static int nobody(int tree)
{
    int r = confine(-1, LANDLOCK_READ);
    if (r)
        return r;
    EXPECT(refused(openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    return 0;
}

/* Runs it in a child with an empty directory; its answer is the line that failed. */
static void in_child(int (*run)(int tree))
{
    char path[] = "/var/tmp/ambit-landlock.XXXXXX", command[64];
    assert_non_null(mkdtemp(path));
    int tree = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(tree));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(tree);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_LANDLOCK) {
        print_message("SKIP: this kernel has no Landlock\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_writer(void **state)
{
    (void)state;
    in_child(writer);
}

static void test_reader(void **state)
{
    (void)state;
    in_child(reader);
}

static void test_nobody(void **state)
{
    (void)state;
    in_child(nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
