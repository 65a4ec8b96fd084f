/*
 * newuidmap(1) and newgidmap(1): what they say on standard error is the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/idmap.h"

static int idmap_helper_spawn(const char *program, char **words, int errors, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (r == 0)
        r = posix_spawnp(ret_pid, program, &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static char **idmap_helper_words(const char *program, pid_t pid, const IdRange *ranges,
                                 size_t count, Arena *arena)
{
    StrList words = { 0 };
    strlist_append(arena, &words, program);
    strlist_append(arena, &words, arena_printf(arena, "%d", (int)pid));
    for (size_t i = 0; i < count; i++) {
        strlist_append(arena, &words, arena_printf(arena, "%u", ranges[i].container));
        strlist_append(arena, &words, arena_printf(arena, "%u", ranges[i].host));
        strlist_append(arena, &words, arena_printf(arena, "%u", ranges[i].count));
    }
    return words.items;
}

int idmap_run_helper(const char *program, pid_t pid, const IdRange *ranges, size_t count,
                     Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char said[256];
    int ends[2], status = 0;
    if (count > IDMAP_RANGES_MAX)
        return error_set(error, ERROR_LIMIT, EINVAL, "%zu id mappings, allowed are %d", count,
                         IDMAP_RANGES_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    pid_t child = 0;
    int r = idmap_helper_spawn(program, idmap_helper_words(program, pid, ranges, count, &arena),
                               ends[1], &child);
    fd_close(ends[1]);
    int errors CLEANUP(fd_closep) = ends[0];
    if (r == -ENOENT)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "more than one's own id needs %s (Debian: package uidmap)", program);
    if (r < 0)
        return error_errno(error, r, "%s", program);
    ssize_t length = fd_read_text(errors, said, sizeof(said));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    said[length > 0 ? strcspn(said, "\n") : 0] = '\0';
    return error_set(error, ERROR_DENIED, EPERM, "%s%s%s", length > 0 ? "" : program,
                     length > 0 ? "" : " failed", said);
}
