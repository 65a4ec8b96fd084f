/*
 * Processes made by clone3 and, where that is missing, by clone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "denial.h"
#include "linux/clone.h"
#include "linux/syscalls.h"

static const char *const rungs[] = { NULL, "clone3=ENOSYS", "clone3=EPERM" };

static int check_child(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int pidfd = -1, status = 0;
    const CloneOptions options = { .cgroup_fd = -1, .ret_pidfd = &pidfd };
    pid_t pid = clone_process(&options, &error);
    if (pid == 0) {
        (void)alarm(10);
        (void)pause();
        _exit(3);
    }
    DENIAL_CHECK(pid > 0 && pidfd >= 0);
    DENIAL_CHECK(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
    uint64_t start = 0, own = 0;
    DENIAL_CHECK(clone_start_time(pid, &start) == 0 && start > 0);
    DENIAL_CHECK(clone_start_time(getpid(), &own) == 0 && own <= start);

    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    DENIAL_CHECK(poll(&ended, 1, 0) == 0);
    DENIAL_CHECK(clone_pidfd_signal(pidfd, SIGKILL, &error) == 0);
    DENIAL_CHECK(poll(&ended, 1, 5000) == 1);
    DENIAL_CHECK(clone_wait(pid, &status, &error) == 0);
    DENIAL_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    DENIAL_CHECK(clone_pidfd_signal(pidfd, 0, &error) == -ESRCH);
    DENIAL_CHECK(clone_start_time(pid, &start) == -ESRCH);
    DENIAL_CHECK(clone_wait(pid, &status, &error) == -ECHILD);
    (void)close(pidfd);
    return 0;
}

static void test_child(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check_child, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "clone3", text);
    }
}

/* Of another's process, and of what else is waited for at the same time. */
static int check_opened(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int ends[2];
    DENIAL_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, &error);
    if (pid == 0) {
        (void)alarm(10);
        (void)pause();
        _exit(3);
    }
    int pidfd = clone_pidfd_open(pid, &error);
    DENIAL_CHECK(pidfd >= 0);
    struct pollfd pollers[] = { { .fd = pidfd, .events = POLLIN },
                                { .fd = ends[0], .events = POLLIN } };
    DENIAL_CHECK(clone_pidfd_poll(pollers, 2, 0) == 0);
    DENIAL_CHECK(clone_pidfd_poll(pollers, 2, 20) == 0 && pollers[0].revents == 0);
    DENIAL_CHECK(write(ends[1], "x", 1) == 1);
    DENIAL_CHECK(clone_pidfd_poll(pollers, 2, -1) == 1 && pollers[1].revents == POLLIN);
    DENIAL_CHECK(clone_pidfd_signal(pidfd, SIGKILL, &error) == 0);
    DENIAL_CHECK(clone_pidfd_poll(pollers, 1, 5000) == 1 && pollers[0].revents == POLLIN);
    DENIAL_CHECK(clone_pidfd_poll(pollers, 2, -1) == 2 && pollers[0].fd == pidfd);
    DENIAL_CHECK(clone_wait(pid, NULL, &error) == 0);
    DENIAL_CHECK(clone_pidfd_poll(pollers, 1, -1) == 1);
    DENIAL_CHECK(clone_pidfd_signal(pidfd, 0, &error) == -ESRCH);
    DENIAL_CHECK(clone_pidfd_open(pid, &error) == -ESRCH);
    return 0;
}

static void test_opened(void **state)
{
    static const char *const opened_rungs[] = { NULL, "pidfd_open=ENOSYS", "pidfd_open=EPERM" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(opened_rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(opened_rungs[i], check_opened, NULL, text) < 0)
            fail_msg("%s: %s", opened_rungs[i] ? opened_rungs[i] : "pidfd_open", text);
    }
}

/* A child of a child that is ours to wait for, as the stage of `exec` makes it. */
static int check_sibling(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int ends[2], status = 0;
    pid_t sibling = 0;
    DENIAL_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, &error);
    if (pid == 0) {
        sibling = clone_process(&(CloneOptions){ .flags = CLONE_PARENT, .cgroup_fd = -1 }, NULL);
        if (sibling == 0)
            _exit(5);
        _exit(fd_write_all(ends[1], &sibling, sizeof(sibling)) < 0);
    }
    DENIAL_CHECK(clone_wait(pid, &status, NULL) == 0 && status == 0);
    DENIAL_CHECK(read(ends[0], &sibling, sizeof(sibling)) == (ssize_t)sizeof(sibling));
    DENIAL_CHECK(sibling > 0);
    DENIAL_CHECK(clone_wait(sibling, &status, NULL) == 0);
    DENIAL_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    return 0;
}

static void test_sibling(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check_sibling, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "clone3", text);
    }
}

/* What clone(2) cannot do is said, and not left out. */
static int check_beyond_clone(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    const CloneOptions cgroup = { .cgroup_fd = 0 };
    DENIAL_CHECK(clone_process(&cgroup, &error) == -EOPNOTSUPP);
    const CloneOptions timens = { .flags = CLONE_NEWTIME, .cgroup_fd = -1 };
    DENIAL_CHECK(clone_process(&timens, &error) == -EOPNOTSUPP);
    DENIAL_CHECK(error.kind == ERROR_UNSUPPORTED);
    return 0;
}

static void test_beyond_clone(void **state)
{
    (void)state;
    char text[DENIAL_TEXT_SIZE];
    if (denial_run("clone3=ENOSYS", check_beyond_clone, NULL, text) < 0)
        fail_msg("%s", text);
}

static int check_old_clone3(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    const CloneOptions options = { .cgroup_fd = STDIN_FILENO }; /* anything that is no cgroup */
    DENIAL_CHECK(clone_process(&options, &error) < 0);
    return 0;
}

static void test_no_cgroup(void **state)
{
    (void)state;
    char text[DENIAL_TEXT_SIZE];
    if (denial_run(NULL, check_old_clone3, NULL, text) < 0)
        fail_msg("%s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child),     cmocka_unit_test(test_opened),
        cmocka_unit_test(test_sibling),   cmocka_unit_test(test_beyond_clone),
        cmocka_unit_test(test_no_cgroup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
