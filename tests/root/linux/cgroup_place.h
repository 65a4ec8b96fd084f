/*
 * A place for tests with real cgroups: everything happens below /ambit-test-PID, which is killed
 * and removed afterwards. On a hybrid host the v2 tree, which has no controllers to speak of, is
 * used as if it were alone (place_v2), so that the v2 code meets a real kernel too.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "linux/cgroup.h"

typedef struct Place {
    Arena arena;
    CgroupHost host;
    char top[32];
    Cgroup cgroup; /* of the test's own use */
} Place;

static inline void place_skip(const char *reason)
{
    print_message("SKIP: %s\n", reason);
    skip();
}

/* The path of something below the place's top. */
static inline const char *place_path(Place *place, const char *name)
{
    return arena_printf(&place->arena, "%s/%s", place->top, name);
}

static inline Place *place_new(void)
{
    Place *place = mem_alloc(sizeof(*place));
    Error error;
    place->cgroup = CGROUP_EMPTY;
    if (cgroup_host_read(&place->arena, &place->host, &error) < 0)
        fail_msg("%s", error.message);
    (void)snprintf(place->top, sizeof(place->top), "/ambit-test-%d", (int)getpid());
    return place;
}

static inline int place_setup(void **state)
{
    *state = place_new();
    return 0;
}

/* The v2 tree alone. */
static inline int place_setup_v2(void **state)
{
    Place *place = place_new();
    *state = place;
    if (place->host.mode == CGROUP_HYBRID) {
        place->host.mode = CGROUP_V2;
        place->host.available = cgroup_controllers_v2_builtin();
    }
    return 0;
}

/* Tests begin with it: cgroups are for root. */
static inline Place *place_usable(void **state, CgroupMode mode)
{
    Place *place = *state;
    if (geteuid() != 0)
        place_skip("needs root");
    if (place->host.mode == CGROUP_NONE)
        place_skip("no cgroup filesystem is mounted");
    if (mode == CGROUP_V2 && place->host.mode != CGROUP_V2)
        place_skip("no cgroup v2 tree");
    return place;
}

static inline int place_teardown(void **state)
{
    Place *place = *state;
    Error error;
    Cgroup top CLEANUP(cgroup_done) = CGROUP_EMPTY;
    cgroup_done(&place->cgroup);
    if (geteuid() == 0 &&
        cgroup_open(&place->host, place->top, ~0u, &place->arena, &top, NULL) == 0) {
        (void)!cgroup_kill(&top, SIGKILL, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (cgroup_remove(&top, 5000, &error) < 0)
            fail_msg("%s", error.message);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
    arena_done(&place->arena);
    mem_freep(state);
    return 0;
}

/* Makes top/c with these controllers (those the host has), into place->cgroup. */
static inline void place_create(Place *place, uint32_t controllers)
{
    Error error = { 0 };
    int r = cgroup_create(&place->host, place_path(place, "c"), controllers & place->host.available,
                          &place->arena, &place->cgroup, &error);
    if (r < 0)
        fail_msg("%s", error.message);
}

/* Into the cgroup, as the mode wants it; in a child. */
static inline void place_enter(const Cgroup *cgroup)
{
    int fds[CGROUP_CONTROLLER_MAX];
    size_t count;
    Error error;
    if (cgroup_open_tasks(cgroup, fds, &count, &error) < 0 ||
        cgroup_enter_tasks(fds, count, &error) < 0 ||
        (cgroup->mode == CGROUP_V2 && cgroup_attach(cgroup, getpid(), &error) < 0)) {
        (void)dprintf(2, "%s\n", error.message);
        _exit(99);
    }
    for (size_t i = 0; i < count; i++)
        fd_close(fds[i]);
}

/* A process in the cgroup: fork answers 0 in it. It lives 10 s at most. */
static inline pid_t place_fork(const Cgroup *cgroup)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(10);
        place_enter(cgroup);
    }
    return pid;
}

static inline int place_wait(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* The call's error is to go to `failure`. */
#define assert_done(call)                     \
    do {                                      \
        Error failure_ = { 0 };               \
        Error *failure = &failure_;           \
        if ((call) < 0)                       \
            fail_msg("%s", failure_.message); \
    } while (0)
