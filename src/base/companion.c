/*
 * The running program is found by /proc/self/exe, never by what it was called.
 */
#include "base/companion.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static const char *companion_candidate(const char *directory, const char *rest, int access,
                                       Arena *arena)
{
    if (str_empty(directory) || str_empty(rest))
        return NULL;
    const char *path = arena_printf(arena, "%s/%s", directory, rest);
    return faccessat(AT_FDCWD, path, access, 0) == 0 ? path : NULL;
}

const char *companion_find(const char *name, const CompanionPlaces *places, Arena *arena)
{
    const char *path = companion_candidate(getenv(places->variable), name, places->access, arena);
    const char *directory = path ? NULL : companion_program_directory(arena);
    for (size_t i = 0; !path && i < COMPANION_RELATIVE_MAX; i++)
        path = companion_candidate(directory, places->relative[i], places->access, arena);
    return path ? path : places->installed;
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
