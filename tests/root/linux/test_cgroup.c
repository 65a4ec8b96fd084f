/* linux/cgroup: directories made, entered, emptied and removed in real hierarchies. */
#include "base/clock.h"
#include "cgroup_place.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "linux/cgroup_directory.h"
#include "linux/clone.h"

/* Whether the path is there in one of the host's hierarchies. */
static bool exists(const Place *place, CgroupController controller, const char *path)
{
    char full[512];
    struct stat st;
    const char *mount =
        place->host.mode == CGROUP_V2 ? place->host.unified_mount : place->host.mount[controller];
    (void)snprintf(full, sizeof(full), "%s%s", mount, path);
    return stat(full, &st) == 0;
}

static bool exists_anywhere(Place *place, const char *path)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    return cgroup_open(&place->host, path, ~0u, &place->arena, &cgroup, NULL) == 0;
}

static void created_where_asked_and_removed(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    uint32_t some =
        CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_CPUACCT);
    place_create(place, some);
    const char *path = place_path(place, "c");
    assert_string_equal(place->cgroup.path, path);
    if (place->host.mode != CGROUP_V2) {
        assert_true(exists(place, CGROUP_PIDS, path));
        assert_true(exists(place, CGROUP_CPUSET, path));
        assert_false(place->host.mount[CGROUP_MEMORY] && exists(place, CGROUP_MEMORY, path));
    }
    /* A new cpuset is usable at once. */
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0)
        _exit(7);
    assert_int_equal(WEXITSTATUS(place_wait(pid)), 7);

    Cgroup again = CGROUP_EMPTY;
    some &= place->host.available;
    assert_done(cgroup_create_shared(&place->host, path, some, &place->arena, &again, failure));
    cgroup_done(&again);
    assert_true(exists_anywhere(place, path));
    assert_done(cgroup_remove(&place->cgroup, 1000, failure));
    assert_false(exists_anywhere(place, path));
    assert_done(cgroup_remove(&place->cgroup, 1000, failure)); /* twice: missing is success */
    assert_true(exists_anywhere(place, place->top));           /* parents stay */
}

static void a_failure_leaves_nothing(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    const char *path = place_path(place, "a/b/c");
    uint32_t some = CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_PIDS);
    uint32_t available = place->host.available;
    Cgroup cgroup = CGROUP_EMPTY;
    Error error = { 0 };
    place->host.available &= ~CGROUP_BIT(CGROUP_PIDS);
    assert_int_equal(cgroup_create(&place->host, path, some, &place->arena, &cgroup, &error),
                     -ENOENT);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "pids"));
    assert_false(exists_anywhere(place, place->top));
    if (place->host.mode == CGROUP_V2)
        return;
    /* The last hierarchy cannot be written: those before it are undone, parents too. */
    place->host.available = available;
    place->host.mount[CGROUP_PIDS] = "/proc/sys";
    assert_true(cgroup_create(&place->host, path, some, &place->arena, &cgroup, &error) < 0);
    assert_non_null(strstr(error.message, "/proc/sys"));
    assert_false(exists(place, CGROUP_CPU, place->top));
    assert_false(exists(place, CGROUP_CPUSET, place->top));
}

static void bad_paths_are_refused(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    static const char *const bad[] = { "",      "x",   "/a/../b", "/..", "/a/.",
                                       "/a//b", "/a/", "/./a",    "//" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Cgroup cgroup = CGROUP_EMPTY;
        Error error = { 0 };
        assert_int_equal(cgroup_create(&place->host, bad[i], 0, &place->arena, &cgroup, &error),
                         -EINVAL);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_int_equal(cgroup_open(&place->host, bad[i], ~0u, &place->arena, &cgroup, &error),
                         -EINVAL);
    }
}

/* Enough processes, some in cgroups below. */
static void fill(Place *place, unsigned count, bool below)
{
    Cgroup inner CLEANUP(cgroup_done) = CGROUP_EMPTY;
    if (below)
        /* v2 takes no processes below a cgroup that has some and passes controllers on. */
        assert_done(cgroup_create(&place->host, place_path(place, "c/in/ner"),
                                  place->host.mode == CGROUP_V2 ? 0 : place->cgroup.controllers,
                                  &place->arena, &inner, failure));
    for (unsigned i = 0; i < count; i++) {
        if (place_fork(below && i % 2 ? &inner : &place->cgroup) != 0)
            continue;
        for (;;)
            (void)pause();
    }
    pid_t *pids;
    size_t found = 0;
    for (unsigned tries = 0; found < count && tries < 2000; tries++) {
        assert_done(cgroup_pids(&place->cgroup, &place->arena, &pids, &found, failure));
        (void)usleep(1000);
    }
    assert_int_equal(found, count);
}

static void one_that_is_there_is_taken_while_it_is_empty(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    uint32_t pids = CGROUP_BIT(CGROUP_PIDS) & place->host.available;
    place_create(place, pids);
    const char *path = place_path(place, "c");
    Cgroup again = CGROUP_EMPTY;
    Error error = { 0 };
    assert_done(cgroup_create(&place->host, path, pids, &place->arena, &again, failure));
    cgroup_done(&again);
    fill(place, 1, false);
    assert_int_equal(cgroup_create(&place->host, path, pids, &place->arena, &again, &error),
                     -EBUSY);
    assert_int_equal(error.kind, ERROR_CONFLICT);
    assert_non_null(strstr(error.message, "1 process"));
    assert_true(exists_anywhere(place, path));
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure));
    while (wait(NULL) > 0)
        ;
    assert_done(cgroup_remove(&place->cgroup, 1000, failure));
}

/* All children are gone within the time, killed by the signal. */
static void assert_all_killed(unsigned count, int signal)
{
    for (unsigned i = 0; i < count; i++) {
        int status;
        assert_true(waitpid(-1, &status, 0) > 0);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signal);
    }
}

static void killed_with_all_below(Place *place, uint32_t controllers)
{
    place_create(place, controllers);
    fill(place, 12, true);
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure));
    assert_all_killed(12, SIGKILL);
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure)); /* empty is success */
    assert_done(cgroup_remove(&place->cgroup, 2000, failure));
}

static void kill_reaches_all_through_the_freezer(void **state)
{
    killed_with_all_below(place_usable(state, CGROUP_NONE),
                          CGROUP_BIT(CGROUP_FREEZER) | CGROUP_BIT(CGROUP_PIDS));
}

static void kill_reaches_all_without_a_freezer(void **state)
{
    killed_with_all_below(place_usable(state, CGROUP_NONE), CGROUP_BIT(CGROUP_PIDS));
}

static void kill_reaches_all_on_v2(void **state)
{
    killed_with_all_below(place_usable(state, CGROUP_V2), 0);
}

/* It forks while it is killed: up to 100 processes at a time, or one that is never the same. */
static void a_bomb_is_killed(Place *place, uint32_t controllers, bool hops)
{
    place_create(place, controllers);
    assert_done(cgroup_write(&place->cgroup, CGROUP_PIDS, "pids.max", "100", failure));
    if (place_fork(&place->cgroup) == 0) {
        (void)signal(SIGCHLD, SIG_IGN);
        for (uint64_t end = clock_us() + 3000000; clock_us() < end;)
            if (fork() > 0 && hops)
                _exit(0);
        _exit(0);
    }
    (void)usleep(20000);
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure));
    (void)waitpid(-1, NULL, 0);
    assert_done(cgroup_remove(&place->cgroup, 1500, failure)); /* nobody survived */
    cgroup_done(&place->cgroup);
}

static void bombs_are_killed(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    for (int round = 0; round < 4; round++) {
        a_bomb_is_killed(place, CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_FREEZER), round % 2);
        a_bomb_is_killed(place, CGROUP_BIT(CGROUP_PIDS), round % 2);
    }
}

static void other_signals_reach_all_and_keep_it_frozen(Place *place, uint32_t controllers)
{
    place_create(place, controllers);
    fill(place, 4, false);
    assert_done(cgroup_kill(&place->cgroup, SIGTERM, failure));
    assert_all_killed(4, SIGTERM);
    assert_int_equal(cgroup_is_frozen(&place->cgroup, NULL), 0);

    fill(place, 2, false);
    assert_done(cgroup_freeze(&place->cgroup, true, failure));
    assert_done(cgroup_kill(&place->cgroup, SIGTERM, failure));
    assert_int_equal(cgroup_is_frozen(&place->cgroup, NULL), 1);
    (void)usleep(20000);
    if (place->host.mode != CGROUP_V2) /* v2 lets what kills through */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
    assert_done(cgroup_freeze(&place->cgroup, false, failure));
    assert_all_killed(2, SIGTERM);

    fill(place, 2, false);
    assert_done(cgroup_freeze(&place->cgroup, true, failure));
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure)); /* frozen ones die too */
    assert_all_killed(2, SIGKILL);
}

static void signals_and_the_freezer_on_v1(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    other_signals_reach_all_and_keep_it_frozen(place, CGROUP_BIT(CGROUP_FREEZER));
}

static void signals_and_the_freezer_on_v2(void **state)
{
    other_signals_reach_all_and_keep_it_frozen(place_usable(state, CGROUP_V2), 0);
}

/* A counter in shared memory stands still while its process is frozen. */
static void frozen_processes_stand_still(Place *place)
{
    place_create(place, CGROUP_BIT(CGROUP_FREEZER));
    volatile uint64_t *counter =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(counter != MAP_FAILED);
    pid_t pid = place_fork(&place->cgroup);
    if (pid == 0)
        for (;;)
            *counter += 1;
    while (*counter == 0)
        (void)usleep(1000);
    assert_done(cgroup_freeze(&place->cgroup, true, failure));
    assert_int_equal(cgroup_is_frozen(&place->cgroup, NULL), 1);
    uint64_t before = *counter;
    (void)usleep(50000);
    assert_int_equal(*counter, before);
    assert_done(cgroup_freeze(&place->cgroup, false, failure));
    for (int i = 0; i < 1000 && *counter == before; i++)
        (void)usleep(1000);
    assert_true(*counter > before);
    (void)kill(pid, SIGKILL);
    (void)place_wait(pid);
    (void)munmap((void *)(uintptr_t)counter, 4096);
}

static void freezing_on_v1(void **state)
{
    frozen_processes_stand_still(place_usable(state, CGROUP_NONE));
}

static void freezing_on_v2(void **state)
{
    frozen_processes_stand_still(place_usable(state, CGROUP_V2));
}

static void removing_says_who_is_in_the_way(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    place_create(place, CGROUP_BIT(CGROUP_PIDS));
    fill(place, 1, false);
    pid_t *pids;
    size_t count;
    assert_done(cgroup_pids(&place->cgroup, &place->arena, &pids, &count, failure));
    Error error = { 0 };
    assert_int_equal(cgroup_remove(&place->cgroup, 30, &error), -EBUSY);
    assert_int_equal(error.kind, ERROR_CONFLICT);
    assert_non_null(strstr(error.message, arena_printf(&place->arena, "%d (", (int)pids[0])));
    /* One that dies meanwhile is waited for. */
    if (fork() == 0) {
        (void)usleep(30000);
        _exit(kill(pids[0], SIGKILL));
    }
    assert_done(cgroup_remove(&place->cgroup, 5000, failure));
}

static void removing_takes_deep_trees_along(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    place_create(place, CGROUP_BIT(CGROUP_PIDS));
    static const char *const names[] = { "c/a/b/c/d/e/f", "c/a/b/x", "c/y/z", "c/w" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Cgroup inner CLEANUP(cgroup_done) = CGROUP_EMPTY;
        assert_done(cgroup_create(&place->host, place_path(place, names[i]),
                                  place->cgroup.controllers, &place->arena, &inner, failure));
    }
    assert_done(cgroup_remove(&place->cgroup, 1000, failure));
    assert_false(exists_anywhere(place, place_path(place, "c")));
    Error error = { 0 };
    char text[16];
    assert_true(
        cgroup_read(&place->cgroup, CGROUP_PIDS, "cgroup.procs", text, sizeof(text), &error) < 0);
    assert_int_equal(error.kind, ERROR_NOT_FOUND);
}

static void a_process_tells_its_cgroup(void **state)
{
    Place *place = place_usable(state, CGROUP_NONE);
    place_create(place, CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_CPU));
    fill(place, 1, false);
    pid_t *pids;
    size_t count;
    assert_done(cgroup_pids(&place->cgroup, &place->arena, &pids, &count, failure));
    Cgroup of_pid CLEANUP(cgroup_done) = CGROUP_EMPTY;
    assert_done(cgroup_open_of_pid(&place->host, pids[0], &place->arena, &of_pid, failure));
    assert_string_equal(of_pid.path, place->cgroup.path);
    char text[32];
    assert_done(cgroup_read(&of_pid, CGROUP_PIDS, "cgroup.procs", text, sizeof(text), failure));
    assert_int_equal(atoi(text), pids[0]);
    Error error = { 0 };
    assert_int_equal(cgroup_remove(&of_pid, 0, &error), -EINVAL); /* never somebody else's */
    assert_int_equal(cgroup_open_of_pid(&place->host, 1 << 30, &place->arena, &of_pid, &error),
                     -ESRCH);
}

static void clone_goes_straight_into_v2(void **state)
{
    Place *place = place_usable(state, CGROUP_V2);
    place_create(place, 0);
    CloneOptions options = { .cgroup_fd = place->cgroup.unified_fd };
    Error error = { 0 };
    pid_t pid = clone_process(&options, &error);
    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            (void)pause();
    pid_t *pids;
    size_t count;
    assert_done(cgroup_pids(&place->cgroup, &place->arena, &pids, &count, failure));
    assert_int_equal(count, 1);
    assert_int_equal(pids[0], pid);
}

/* v2: controllers are enabled on the way down; who is in the way is named. hugetlb is the one
 * controller that a hybrid host leaves to the v2 tree. */
static void controllers_are_enabled_on_the_way_down(void **state)
{
    Place *place = place_usable(state, CGROUP_V2);
    char text[256];
    Cgroup root CLEANUP(cgroup_done) = CGROUP_EMPTY;
    assert_done(cgroup_open(&place->host, "/", 0, &place->arena, &root, failure));
    assert_done(
        cgroup_read(&root, CGROUP_HUGETLB, "cgroup.controllers", text, sizeof(text), failure));
    if (!strstr(text, "hugetlb"))
        place_skip("the v2 tree has no hugetlb controller");
    place->host.available |= CGROUP_BIT(CGROUP_HUGETLB);
    assert_done(
        cgroup_read(&root, CGROUP_HUGETLB, "cgroup.subtree_control", text, sizeof(text), failure));
    bool was_enabled = strstr(text, "hugetlb");

    place_create(place, CGROUP_BIT(CGROUP_HUGETLB));
    assert_done(cgroup_read(&place->cgroup, CGROUP_HUGETLB, "cgroup.controllers", text,
                            sizeof(text), failure));
    assert_non_null(strstr(text, "hugetlb"));
    assert_done(cgroup_read(&place->cgroup, CGROUP_HUGETLB, "cgroup.subtree_control", text,
                            sizeof(text), failure));
    assert_string_equal(text, ""); /* not for its own children */

    /* A process in c: nothing can be enabled below it. */
    fill(place, 1, false);
    Cgroup inner = CGROUP_EMPTY;
    Error error = { 0 };
    assert_int_equal(cgroup_create(&place->host, place_path(place, "c/inner"),
                                   CGROUP_BIT(CGROUP_HUGETLB), &place->arena, &inner, &error),
                     -EBUSY);
    assert_int_equal(error.kind, ERROR_CONFLICT);
    pid_t *pids;
    size_t count;
    assert_done(cgroup_pids(&place->cgroup, &place->arena, &pids, &count, failure));
    assert_non_null(strstr(error.message, arena_printf(&place->arena, "(%d, ", (int)pids[0])));
    assert_false(exists_anywhere(place, place_path(place, "c/inner")));
    assert_done(cgroup_kill(&place->cgroup, SIGKILL, failure));
    (void)waitpid(-1, NULL, 0);
    assert_done(cgroup_remove(&place->cgroup, 1000, failure));
    cgroup_done(&place->cgroup);
    assert_done(cgroup_open(&place->host, place->top, ~0u, &place->arena, &place->cgroup, failure));
    assert_done(cgroup_remove(&place->cgroup, 1000, failure));
    if (!was_enabled)
        assert_done(
            cgroup_write(&root, CGROUP_HUGETLB, "cgroup.subtree_control", "-hugetlb", failure));
}

int main(void)
{
#define ON_HOST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
#define ON_V2(test)   cmocka_unit_test_setup_teardown(test, place_setup_v2, place_teardown)
    const struct CMUnitTest tests[] = {
        ON_HOST(created_where_asked_and_removed),
        ON_V2(created_where_asked_and_removed),
        ON_HOST(a_failure_leaves_nothing),
        ON_V2(a_failure_leaves_nothing),
        ON_HOST(one_that_is_there_is_taken_while_it_is_empty),
        ON_V2(one_that_is_there_is_taken_while_it_is_empty),
        ON_HOST(bad_paths_are_refused),
        ON_HOST(kill_reaches_all_through_the_freezer),
        ON_HOST(kill_reaches_all_without_a_freezer),
        ON_V2(kill_reaches_all_on_v2),
        ON_HOST(bombs_are_killed),
        ON_HOST(signals_and_the_freezer_on_v1),
        ON_V2(signals_and_the_freezer_on_v2),
        ON_HOST(freezing_on_v1),
        ON_V2(freezing_on_v2),
        ON_HOST(removing_says_who_is_in_the_way),
        ON_V2(removing_says_who_is_in_the_way),
        ON_HOST(removing_takes_deep_trees_along),
        ON_V2(removing_takes_deep_trees_along),
        ON_HOST(a_process_tells_its_cgroup),
        ON_V2(a_process_tells_its_cgroup),
        ON_V2(clone_goes_straight_into_v2),
        ON_V2(controllers_are_enabled_on_the_way_down),
    };
    (void)alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
