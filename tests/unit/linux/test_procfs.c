/*
 * Safe opens below procfs, with openat2 and without.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "denial.h"
#include "linux/procfs.h"

static const char *const rungs[] = { NULL, "openat2=ENOSYS", "openat2=EPERM,statx=ENOSYS",
                                     "fsopen=ENOSYS", "fsopen=EPERM" };

static int read_at(int procfs, const char *path, Arena *arena, char **ret_text, Error *error)
{
    int fd CLEANUP(fd_closep) = procfs_open(procfs, path, O_RDONLY, error);
    return fd < 0 ? fd : fd_read_all(fd, 65536, arena, ret_text, NULL);
}

static int check_handle(int procfs, char text[DENIAL_TEXT_SIZE])
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    char *content = NULL, pid[32];
    DENIAL_CHECK(procfs >= 0 && procfs_check(procfs, &error) == 0);
    DENIAL_CHECK(read_at(procfs, "self/status", &arena, &content, &error) == 0);
    (void)snprintf(pid, sizeof(pid), "\nPid:\t%d\n", (int)getpid());
    DENIAL_CHECK(strstr(content, pid) != NULL);
    DENIAL_CHECK(read_at(procfs, "thread-self/comm", &arena, &content, &error) == 0);
    DENIAL_CHECK(read_at(procfs, "sys/kernel/ostype", &arena, &content, &error) == 0);
    DENIAL_CHECK(strcmp(content, "Linux\n") == 0);
    /* Links, jumps and the way out are no paths of procfs. */
    static const char *const refused[] = { "self",        "mounts",      "self/root/etc",
                                           "self/exe",    "self/fd/0",   "../etc/passwd",
                                           "/etc/passwd", "sys/../self", "self/ns/mnt" };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        int fd = procfs_open(procfs, refused[i], O_RDONLY, &error);
        if (fd >= 0) {
            (void)snprintf(text, DENIAL_TEXT_SIZE, "opened %s", refused[i]);
            return -1;
        }
    }
    DENIAL_CHECK(procfs_open(procfs, "sys/no/such", O_RDONLY, &error) == -ENOENT);
    DENIAL_CHECK(error.kind == ERROR_NOT_FOUND);
    /* One's own score may always be raised. */
    DENIAL_CHECK(procfs_write(procfs, "self/oom_score_adj", "1000", &error) == 0);
    DENIAL_CHECK(read_at(procfs, "self/oom_score_adj", &arena, &content, &error) == 0);
    DENIAL_CHECK(strcmp(content, "1000\n") == 0);
    return 0;
}

static int check_mounted(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    int fd CLEANUP(fd_closep) = procfs_open_mounted(NULL);
    return check_handle(fd, text);
}

static int check_root(void *context, char text[DENIAL_TEXT_SIZE])
{
    (void)context;
    int fd CLEANUP(fd_closep) = procfs_open_root(NULL);
    return check_handle(fd, text);
}

static void test_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rungs); i++) {
        char text[DENIAL_TEXT_SIZE];
        if (denial_run(rungs[i], check_mounted, NULL, text) < 0 ||
            denial_run(rungs[i], check_root, NULL, text) < 0)
            fail_msg("%s: %s", rungs[i] ? rungs[i] : "all calls", text);
    }
}

static void test_not_procfs(void **state)
{
    (void)state;
    Error error = { 0 };
    int fd CLEANUP(fd_closep) = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(procfs_check(fd, &error), -EINVAL);
    int file CLEANUP(fd_closep) = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    assert_int_equal(procfs_check(file, &error), -EINVAL);
}

static void test_sysctl_path(void **state)
{
    (void)state;
    static const struct {
        const char *key, *path;
    } cases[] = {
        { "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
        { "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
        { "net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding" },
        { "net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding" },
        { "kernel.msgmax", "kernel/msgmax" },
        { "vm", "vm" },
        { "", NULL },
        { ".", NULL },
        { "/net/ipv4", NULL },
        { "net..ipv4", NULL },
        { "net.ipv4.", NULL },
        { "net/../kernel/core_pattern", NULL },
        { "net/./ipv4", NULL },
        { "net.//.kernel", NULL }, /* "." and ".." by way of the swapped separator */
        { "kernel.//./x", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char path[PROCFS_SYSCTL_MAX] = "";
        Error error = { 0 };
        int r = procfs_sysctl_path(cases[i].key, path, &error);
        if (r != (cases[i].path ? 0 : -EINVAL) || (r == 0 && strcmp(path, cases[i].path) != 0))
            fail_msg("%s: %d %s", cases[i].key, r, path);
    }
    char path[PROCFS_SYSCTL_MAX], key[400];
    memset(key, 'k', sizeof(key));
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(procfs_sysctl_path(key, path, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_not_procfs),
        cmocka_unit_test(test_sysctl_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
