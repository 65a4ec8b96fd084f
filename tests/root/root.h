/*
 * How tests of a real kernel begin: as root or not at all, with mounts that go with the process.
 */
#pragma once

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

static inline void skip_unless_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("SKIP: needs root\n");
    skip();
}

/* For what only newer kernels have, where that is no fallback of ours but the test's subject. */
static inline void skip_before_linux(int major, int minor)
{
    struct utsname host;
    int has_major = 0, has_minor = 0;
    assert_int_equal(uname(&host), 0);
    assert_int_equal(sscanf(host.release, "%d.%d", &has_major, &has_minor), 2);
    if (has_major > major || (has_major == major && has_minor >= minor))
        return;
    print_message("SKIP: this kernel is older than Linux %d.%d\n", major, minor);
    skip();
}

/* A private mount namespace; for a setup function that has seen that it is root. */
static inline void own_mounts(void)
{
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}
