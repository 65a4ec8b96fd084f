/*
 * Names before numbers: a container called "7" is meant by 7. But the prefix of an id is digits by
 * chance only, and chance must not decide what a person looks at or enters: the kernel's highest
 * pid is 4194304, and what is not longer is a pid.
 */
#include "engine/target.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "engine/names.h"
#include "linux/process.h"

enum { TARGET_PID_DIGITS = 7 };

static bool target_is_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

static int target_parse_pid(const char *word, pid_t *ret_pid, Error *error)
{
    uint32_t pid;
    if (!target_is_number(word) || str_to_u32(word, &pid) < 0 || pid == 0 || pid > INT_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a process id", word);
    *ret_pid = (pid_t)pid;
    return 0;
}

int target_open_pid(pid_t pid, Target *ret_target, Error *error)
{
    int fd CLEANUP(fd_closep) = process_open(-1, pid, error);
    if (fd == -ESRCH || fd == -ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ESRCH, "no process %d", (int)pid);
    if (fd < 0)
        return fd;
    ProcessStat stat;
    int r = process_stat(fd, &stat, error);
    if (r < 0)
        return r;
    *ret_target = (Target){ .pid = pid, .start_ticks = stat.start_ticks, .proc_fd = TAKE_FD(fd) };
    return 0;
}

static int target_open_container(const Engine *engine, const char *id, const char *word,
                                 Arena *arena, Target *ret_target, Error *error)
{
    Container *container;
    ContainerState *state = NULL;
    int r = container_read(engine, id, arena, &container, error);
    if (r < 0)
        return r;
    r = container_read_state(engine, id, arena, &state, error);
    if (r < 0 && error && error->kind != ERROR_NOT_FOUND)
        return r;
    Target target CLEANUP(target_done) = TARGET_NONE;
    if (r == 0)
        r = target_open_pid(state->pid, &target, NULL);
    if (r < 0 || target.start_ticks != state->start_ticks)
        return error_set(error, ERROR_CONFLICT, ESRCH, "container '%s' is not running", word);
    target.container = container;
    target.state = state;
    *ret_target = target;
    target.proc_fd = -1;
    return 0;
}

/* A number that could be a pid stands for a container only as its name. */
static int target_resolve(const Engine *engine, const char *word, char id[NAMES_ID_LENGTH + 1],
                          Error *error)
{
    if (!engine)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no such container: %s", word);
    bool number = target_is_number(word) && strlen(word) <= TARGET_PID_DIGITS;
    int r = names_resolve(engine, word, id, error);
    if (number && (r < 0 || str_starts(id, word))) /* not by its name */
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no such container: %s", word);
    return r;
}

int target_open(const Engine *engine, const char *word, Arena *arena, Target *ret_target,
                Error *error)
{
    pid_t pid = 0;
    char id[NAMES_ID_LENGTH + 1];
    Error missing = { 0 };
    bool is_pid = str_starts(word, "pid:");
    int r = is_pid ? 0 : target_resolve(engine, word, id, &missing);
    if (r == 0 && !is_pid)
        return target_open_container(engine, id, word, arena, ret_target, error);
    if (!is_pid && (!target_is_number(word) || missing.kind != ERROR_NOT_FOUND)) {
        if (error)
            *error = missing;
        return r;
    }
    r = target_parse_pid(is_pid ? word + strlen("pid:") : word, &pid, error);
    return r < 0 ? r : target_open_pid(pid, ret_target, error);
}

int target_verify(const Target *target, Error *error)
{
    ProcessStat stat;
    int r = process_stat(target->proc_fd, &stat, error);
    if (r < 0)
        return error_set(error, ERROR_NOT_FOUND, ESRCH, "process %d has ended", (int)target->pid);
    return 0;
}

void target_done(Target *target)
{
    fd_closep(&target->proc_fd);
}
