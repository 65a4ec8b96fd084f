/*
 * What a word of the command line means: names, ids, prefixes, pids. The container "runs" as this
 * test's own process.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "engine/names.h"
#include "engine/target.h"
#include "linux/clone.h"

static const char running_id[] = "1234567890123456789012345678901234567890123456789012345678901234";
static const char ended_id[] = "abcdef7890123456789012345678901234567890123456789012345678901234";

typedef struct Fixture {
    char directory[64];
    Engine engine;
    Arena arena;
} Fixture;

static void add_container(Fixture *f, const char *id, const char *name, uint64_t start_ticks)
{
    char *taken;
    Container container = { .id = id, .name = name };
    ContainerState state = { .pid = getpid(), .start_ticks = start_ticks };
    for (int i = 0; i < 2; i++) {
        char *path = arena_printf(&f->arena, "containers/%s", id);
        fd_close(file_make_dirs_at(i ? f->engine.state_fd : f->engine.root_fd, path, 0700));
    }
    assert_int_equal(
        names_take(&f->engine, &(NamesWish){ .name = name, .id = id }, &f->arena, &taken, NULL), 0);
    assert_int_equal(container_write(&f->engine, &container, NULL), 0);
    assert_int_equal(container_write_state(&f->engine, id, &state, NULL), 0);
}

static int setup(void **state)
{
    Fixture *f = calloc(1, sizeof(*f));
    uint64_t ticks;
    strcpy(f->directory, "/tmp/ambit-target.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    assert_int_equal(engine_open(arena_printf(&f->arena, "%s/root", f->directory),
                                 arena_printf(&f->arena, "%s/state", f->directory), ENGINE_MAKE,
                                 &f->engine, NULL),
                     0);
    assert_int_equal(clone_start_time(getpid(), &ticks), 0);
    add_container(f, running_id, "web", ticks);
    add_container(f, ended_id, "123", ticks + 1); /* its pid is someone else's now */
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    engine_done(&f->engine);
    (void)!file_remove_tree_at(AT_FDCWD, f->directory);
    arena_done(&f->arena);
    free(f);
    return 0;
}

static void is_container(Fixture *f, const char *word)
{
    Error error = { 0 };
    Target target = TARGET_NONE;
    if (target_open(&f->engine, word, &f->arena, &target, &error) < 0)
        fail_msg("%s: %s", word, error.message);
    assert_non_null(target.container);
    assert_string_equal(target.container->id, running_id);
    assert_int_equal(target.pid, getpid());
    assert_int_equal(target_verify(&target, NULL), 0);
    target_done(&target);
}

static void is_process(const Engine *engine, const char *word, Arena *arena)
{
    Error error = { 0 };
    Target target = TARGET_NONE;
    if (target_open(engine, word, arena, &target, &error) < 0)
        fail_msg("%s: %s", word, error.message);
    assert_null(target.container);
    assert_int_equal(target.pid, getpid());
    target_done(&target);
}

static void fails(const Engine *engine, const char *word, ErrorKind kind, const char *message)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    Target target = TARGET_NONE;
    assert_true(target_open(engine, word, &arena, &target, &error) < 0);
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, kind);
}

static void test_containers(void **state)
{
    Fixture *f = *state;
    is_container(f, "web");
    is_container(f, running_id);
    is_container(f, "12345678"); /* 8 digits: no pid */
    is_container(f, "1234567890");
    fails(&f->engine, "123", ERROR_CONFLICT, "container '123' is not running"); /* a name */
    fails(&f->engine, "abcdef", ERROR_CONFLICT, "container 'abcdef' is not running");
    fails(&f->engine, "nosuch", ERROR_NOT_FOUND, "no such container: nosuch");
    fails(&f->engine, "../web", ERROR_NOT_FOUND, "no such container: ../web");
    fails(&f->engine, "", ERROR_NOT_FOUND, "no such container: ");
}

static void test_processes(void **state)
{
    Fixture *f = *state;
    char pid[16];
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    is_process(&f->engine, pid, &f->arena);
    is_process(&f->engine, arena_printf(&f->arena, "pid:%s", pid), &f->arena);
    is_process(NULL, pid, &f->arena);
    /* The beginning of the running container's id, but short enough for a pid. */
    fails(&f->engine, "pid:4194999", ERROR_NOT_FOUND, "no process 4194999");
    fails(&f->engine, "pid:web", ERROR_USAGE, "'web' is not a process id");
    fails(&f->engine, "pid:0", ERROR_USAGE, "'0' is not a process id");
    fails(&f->engine, "pid:-1", ERROR_USAGE, "'-1' is not a process id");
    fails(&f->engine, "99999999999", ERROR_USAGE, "'99999999999' is not a process id");
    fails(NULL, "web", ERROR_NOT_FOUND, "no such container: web");
}

/* 1234 begins the container's id, and is a process or nothing. */
static void test_short_numbers_are_pids(void **state)
{
    Fixture *f = *state;
    Error error = { 0 };
    Target target = TARGET_NONE;
    if (target_open(&f->engine, "1234", &f->arena, &target, &error) < 0)
        assert_string_equal(error.message, "no process 1234");
    else
        assert_null(target.container);
    target_done(&target);
}

static void test_a_process_that_ends(void **state)
{
    (void)state;
    int status;
    Target target = TARGET_NONE;
    pid_t pid = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, NULL);
    if (pid == 0)
        _exit(0);
    assert_int_equal(target_open_pid(pid, &target, NULL), 0);
    assert_int_equal(target_verify(&target, NULL), 0);
    assert_int_equal(clone_wait(pid, &status, NULL), 0);
    assert_int_equal(target_verify(&target, NULL), -ESRCH);
    target_done(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_short_numbers_are_pids),
        cmocka_unit_test(test_a_process_that_ends),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
