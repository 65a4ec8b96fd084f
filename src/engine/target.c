/*
 * Names before numbers: a container called "7" is meant by 7. Only a prefix of an id can be both,
 * by chance, and chance must not decide what a person looks at or enters.
 */
#include "engine/target.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "base/printable.h"
#include "engine/names.h"
#include "linux/process.h"

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

static int target_ambiguous(pid_t pid, const char *id, Error *error)
{
    char name[64] = "";
    int fd CLEANUP(fd_closep) = process_open(-1, pid, NULL);
    ProcessStat stat;
    if (fd >= 0 && process_stat(fd, &stat, NULL) == 0)
        (void)memcpy(name, stat.name, sizeof(name));
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    printable_add(&text, name);
    return error_set(error, ERROR_CONFLICT, ENOTUNIQ,
                     "'%d' is a process (%s) and the beginning of a container's id (%.*s): write "
                     "pid:%d, or more of the id",
                     (int)pid, strbuf_text(&text), NAMES_SHORT_LENGTH, id, (int)pid);
}

int target_open(const Engine *engine, const char *word, Arena *arena, Target *ret_target,
                Error *error)
{
    pid_t pid = 0;
    if (str_starts(word, "pid:")) {
        int r = target_parse_pid(word + strlen("pid:"), &pid, error);
        return r < 0 ? r : target_open_pid(pid, ret_target, error);
    }
    bool number = target_is_number(word);
    char id[NAMES_ID_LENGTH + 1];
    Error missing = { 0 };
    int r = engine ? names_resolve(engine, word, id, &missing) : -ENOENT;
    if (r < 0 && number && (!engine || missing.kind == ERROR_NOT_FOUND)) {
        r = target_parse_pid(word, &pid, error);
        return r < 0 ? r : target_open_pid(pid, ret_target, error);
    }
    if (r < 0 && !engine)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no container '%s'", word);
    if (r < 0) {
        if (error)
            *error = missing;
        return r;
    }
    if (number && str_starts(id, word) && !str_eq(id, word) &&
        target_parse_pid(word, &pid, NULL) == 0) {
        Target other CLEANUP(target_done) = TARGET_NONE;
        if (target_open_pid(pid, &other, NULL) == 0)
            return target_ambiguous(pid, id, error);
    }
    return target_open_container(engine, id, word, arena, ret_target, error);
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
