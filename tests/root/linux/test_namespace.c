/*
 * Joining the namespaces of another process: each by its file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "denial.h"
#include "linux/clone.h"
#include "linux/namespace.h"

enum { KINDS = 5 };
static const NamespaceType kinds[KINDS] = { NAMESPACE_CGROUP, NAMESPACE_IPC, NAMESPACE_UTS,
                                            NAMESPACE_NET, NAMESPACE_MOUNT };

static uint64_t kind_flags(void)
{
    uint64_t flags = 0;
    for (int i = 0; i < KINDS; i++)
        flags |= namespace_table[kinds[i]].flag;
    return flags;
}

/* A process that has namespaces of its own and waits. */
static pid_t start_host(int *ret_pidfd, Error *error)
{
    const CloneOptions options = { .flags = kind_flags(), .cgroup_fd = -1, .ret_pidfd = ret_pidfd };
    pid_t pid = clone_process(&options, error);
    if (pid == 0) {
        (void)alarm(10);
        (void)pause();
        _exit(0);
    }
    return pid;
}

static bool all_shared_with(pid_t pid)
{
    for (int i = 0; i < KINDS; i++) {
        uint64_t mine = 0, theirs = 1;
        if (namespace_id_of_pid(0, kinds[i], &mine, NULL) < 0 ||
            namespace_id_of_pid(pid, kinds[i], &theirs, NULL) < 0 || mine != theirs)
            return false;
    }
    return true;
}

static int check_join(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    int pidfd = -1, fds[KINDS];
    pid_t pid = start_host(&pidfd, &error);
    DENIAL_CHECK(pid > 0 && !all_shared_with(pid));
    for (int i = 0; i < KINDS; i++)
        DENIAL_CHECK((fds[i] = namespace_open(pid, kinds[i], &error)) >= 0);
    for (int i = 0; i < KINDS; i++)
        DENIAL_CHECK(namespace_join(fds[i], kinds[i], &error) == 0);
    /* A wrong word for the file is noticed. */
    DENIAL_CHECK(namespace_join(fds[0], NAMESPACE_NET, &error) == -EINVAL);
    /* A host kernel's /proc is still the old mount: the ids there are the right ones. */
    DENIAL_CHECK(all_shared_with(pid));
    DENIAL_CHECK(clone_pidfd_signal(pidfd, SIGKILL, &error) == 0);
    DENIAL_CHECK(clone_wait(pid, NULL, &error) == 0);
    return 0;
}

static void test_join(void **state)
{
    (void)state;
    char text[DENIAL_TEXT_SIZE];
    if (geteuid() != 0) {
        print_message("SKIP: needs root\n");
        skip();
    }
    if (denial_run(NULL, check_join, NULL, text) < 0)
        fail_msg("%s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_join) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
