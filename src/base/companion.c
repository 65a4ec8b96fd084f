/*
 * The running program is found by /proc/self/exe, never by what it was called.
 *
 * The trap: a descriptor that goes to number 4 may be ours at 3, where another has to go: all are
 * moved up before the child moves them down.
 */
#include "base/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static const char *companion_program_directory(Arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    const char *told = getenv("AMBIT_PROGRAM");
    if (!str_empty(told) && (str_eq(path, "/") || str_starts(path, "/memfd:"))) /* a sealed copy */
        (void)snprintf(path, sizeof(path), "%s", told);
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return arena_strdup(arena, path);
}

/* In the order in which they are looked at. */
static StrList companion_paths(const char *name, const CompanionPlaces *places, Arena *arena)
{
    StrList paths = { 0 };
    const char *told = getenv(places->variable);
    const char *directory = companion_program_directory(arena);
    if (!str_empty(told))
        strlist_append(arena, &paths, arena_printf(arena, "%s/%s", told, name));
    for (size_t i = 0; i < COMPANION_RELATIVE_MAX; i++)
        if (!str_empty(directory) && !str_empty(places->relative[i]))
            strlist_append(arena, &paths,
                           arena_printf(arena, "%s/%s", directory, places->relative[i]));
    strlist_append(arena, &paths, places->installed);
    return paths;
}

const char *companion_find(const char *name, const CompanionPlaces *places, Arena *arena)
{
    StrList paths = companion_paths(name, places, arena);
    for (size_t i = 0; i < paths.count; i++)
        if (faccessat(AT_FDCWD, paths.items[i], places->access, 0) == 0)
            return paths.items[i];
    return places->installed;
}

const char *companion_places(const char *name, const CompanionPlaces *places, Arena *arena)
{
    StrList paths = companion_paths(name, places, arena);
    const char *text = paths.items[0];
    for (size_t i = 1; i < paths.count; i++)
        text = arena_printf(arena, "%s, %s", text, paths.items[i]);
    return text;
}

const char *companion_program(const char *name, Arena *arena)
{
    CompanionPlaces places = {
        .variable = "AMBIT_LIBEXEC",
        .relative = { name, arena_printf(arena, "../libexec/ambit/%s", name) },
        .installed = arena_printf(arena, "%s/%s", AMBIT_LIBEXECDIR, name),
        .access = X_OK,
    };
    return companion_find(name, &places, arena);
}

/* Raised copies of the descriptors; a standard one that is not given is closed. */
static int companion_actions(const CompanionStart *start, int *raised,
                             posix_spawn_file_actions_t *actions)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < start->fd_count; i++) {
        if (start->fds[i] < 0)
            continue;
        raised[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, (int)start->fd_count);
        r = raised[i] < 0 ? errno : posix_spawn_file_actions_adddup2(actions, raised[i], (int)i);
    }
    return r;
}

static int companion_spawn(const CompanionStart *start, posix_spawn_file_actions_t *actions,
                           pid_t *ret_pid)
{
    posix_spawnattr_t attributes;
    sigset_t none, standard;
    (void)sigemptyset(&none);
    (void)sigemptyset(&standard);
    (void)sigaddset(&standard, SIGINT);
    (void)sigaddset(&standard, SIGQUIT);
    int r = posix_spawnattr_init(&attributes);
    if (r != 0)
        return r;
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &standard);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    r = posix_spawn(ret_pid, start->path, actions, &attributes, start->arguments,
                    start->environment);
    (void)posix_spawnattr_destroy(&attributes);
    return r;
}

int companion_start(const CompanionStart *start, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int *raised CLEANUP(mem_freep) = mem_resize(NULL, start->fd_count, sizeof(*raised));
    for (size_t i = 0; i < start->fd_count; i++)
        raised[i] = -1;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = companion_actions(start, raised, &actions);
    if (r == 0)
        r = companion_spawn(start, &actions, ret_pid);
    (void)posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < start->fd_count; i++)
        fd_close(raised[i]);
    return -r;
}
