/*
 * How tests of a real kernel begin: as root or not at all, with mounts that go with the process.
 */
#pragma once

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

static inline void skip_unless_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("SKIP: needs root\n");
    skip();
}

/* A private mount namespace; for a setup function that has seen that it is root. */
static inline void own_mounts(void)
{
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}
