/*
 * procfs under attack: mounts over the files that matter. And the writes that need a namespace of
 * their own: sysctls, time offsets.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "denial.h"
#include "linux/clone.h"
#include "linux/procfs.h"
#include "linux/syscalls.h"

static const char *const rungs[] = { NULL, "openat2=ENOSYS", "openat2=EPERM,statx=ENOSYS" };

static void run_on_all_rungs(DenialCheck *check)
{
    if (geteuid() != 0) {
        print_message("SKIP: needs root\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "all calls", text);
    }
}

static int own_mounts(char text[DENIAL_TEXT_SIZE])
{
    Error error = { 0 };
    DENIAL_CHECK(unshare(CLONE_NEWNS) == 0);
    DENIAL_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    return 0;
}

/* A container's configuration made the engine mount over its own /proc before it writes there. */
static int check_overmounted(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (own_mounts(text) < 0)
        return -1;
    int handle CLEANUP(fd_closep) = procfs_open_root(&error);
    DENIAL_CHECK(mount("/dev/null", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL) == 0);
    DENIAL_CHECK(mount("tmpfs", "/proc/sys", "tmpfs", 0, NULL) == 0);
    int fd CLEANUP(fd_closep) = open("/proc/sys/fake", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    DENIAL_CHECK(fd >= 0);

    int mounted CLEANUP(fd_closep) = procfs_open_mounted(&error);
    DENIAL_CHECK(mounted >= 0);
    DENIAL_CHECK(procfs_write(mounted, "self/oom_score_adj", "500", &error) == -EXDEV);
    DENIAL_CHECK(procfs_set_sysctl(mounted, "fake", "1", &error) == -EXDEV);
    DENIAL_CHECK(procfs_open(mounted, "self/status", O_RDONLY, &error) >= 0);
    /* The private one has nothing mounted over it, then or now. */
    DENIAL_CHECK(procfs_write(handle, "self/oom_score_adj", "500", &error) == 0);
    DENIAL_CHECK(procfs_open(handle, "sys/kernel/ostype", O_RDONLY, &error) >= 0);
    return 0;
}

static void test_overmounted(void **state)
{
    (void)state;
    run_on_all_rungs(check_overmounted);
}

/* Something else altogether in the place of /proc. */
static int check_no_procfs(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    if (own_mounts(text) < 0)
        return -1;
    DENIAL_CHECK(mount("/proc/self", "/proc", NULL, MS_BIND, NULL) == 0);
    DENIAL_CHECK(procfs_open_mounted(&error) == -EINVAL); /* procfs, but not its root */
    DENIAL_CHECK(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
    DENIAL_CHECK(procfs_open_mounted(&error) == -EINVAL);
    int fd CLEANUP(fd_closep) = procfs_open_root(&error);
    DENIAL_CHECK(fd >= 0 && procfs_check(fd, &error) == 0);
    return 0;
}

static void test_no_procfs(void **state)
{
    (void)state;
    run_on_all_rungs(check_no_procfs);
}

static int check_sysctl(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    char *value = NULL;
    DENIAL_CHECK(unshare(CLONE_NEWIPC | CLONE_NEWNET) == 0);
    int handle CLEANUP(fd_closep) = procfs_open_root(&error);
    DENIAL_CHECK(procfs_set_sysctl(handle, "kernel.msgmax", "12345", &error) == 0);
    int fd CLEANUP(fd_closep) = procfs_open(handle, "sys/kernel/msgmax", O_RDONLY, &error);
    DENIAL_CHECK(fd >= 0 && fd_read_all(fd, 64, &arena, &value, NULL) == 0);
    DENIAL_CHECK(strcmp(value, "12345\n") == 0);
    DENIAL_CHECK(procfs_set_sysctl(handle, "net/ipv4/ip_forward", "0", &error) == 0);
    DENIAL_CHECK(procfs_set_sysctl(handle, "net.ipv4.no_such", "0", &error) == -ENOENT);
    DENIAL_CHECK(strstr(error.message, "net.ipv4.no_such") != NULL);
    DENIAL_CHECK(procfs_set_sysctl(handle, "kernel.msgmax", "many", &error) == -EINVAL);
    return 0;
}

static void test_sysctl(void **state)
{
    (void)state;
    run_on_all_rungs(check_sysctl);
}

static int check_time_offsets(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    Error error = { 0 };
    struct timespec before, inside;
    int ends[2], status = 0;
    DENIAL_CHECK(pipe(ends) == 0 && unshare(CLONE_NEWTIME) == 0);
    int handle CLEANUP(fd_closep) = procfs_open_mounted(&error);
    const ProcfsTimeOffset offsets[] = { { "monotonic", 1000000, 0 }, { "boottime", 7, 5 } };
    DENIAL_CHECK(procfs_set_time_offsets(handle, offsets, 2, &error) == 0);
    DENIAL_CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    const CloneOptions options = { .cgroup_fd = -1 };
    pid_t pid = clone_process(&options, &error);
    if (pid == 0) {
        (void)clock_gettime(CLOCK_MONOTONIC, &inside);
        (void)!write(ends[1], &inside, sizeof(inside));
        _exit(0);
    }
    DENIAL_CHECK(pid > 0 && read(ends[0], &inside, sizeof(inside)) == sizeof(inside));
    DENIAL_CHECK(clone_wait(pid, &status, &error) == 0);
    DENIAL_CHECK(inside.tv_sec - before.tv_sec >= 999999);
    DENIAL_CHECK(procfs_set_time_offsets(handle, offsets, 2, &error) == -EACCES); /* too late */
    DENIAL_CHECK(procfs_set_time_offsets(handle, offsets, 0, &error) == 0);
    return 0;
}

static void test_time_offsets(void **state)
{
    (void)state;
    if (access("/proc/self/ns/time", F_OK) < 0) {
        print_message("SKIP: this kernel has no time namespaces\n");
        skip();
    }
    run_on_all_rungs(check_time_offsets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overmounted),
        cmocka_unit_test(test_no_procfs),
        cmocka_unit_test(test_sysctl),
        cmocka_unit_test(test_time_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
