/*
 * Id mappings: written to and read from /proc/PID/uid_map and gid_map.
 *
 * The trap: the kernel takes a map in one write(2) shorter than a page, once, and answers EPERM for
 * almost everything that can be wrong; the messages here say what it may have been.
 */
#include "linux/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/clone.h"
#include "linux/namespace.h"
#include "linux/process.h"

enum {
    IDMAP_TEXT_MAX = 4095,       /* the kernel: less than one page */
    IDMAP_LINE_MAX = 3 * 10 + 3, /* three numbers, two blanks, a newline */
    IDMAP_PARSE_MAX = 64 * 1024,
};

int idmap_write(int proc_pid_fd, const char *file, const IdRange *ranges, size_t count,
                Error *error)
{
    if (count == 0 || count > IDMAP_RANGES_MAX)
        return error_set(error, ERROR_LIMIT, EINVAL, "%s: %zu id mappings, allowed are 1 to %d",
                         file, count, IDMAP_RANGES_MAX);
    char text[IDMAP_TEXT_MAX + IDMAP_LINE_MAX + 1];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n",
                                 ranges[i].container, ranges[i].host, ranges[i].count);
        if (used > IDMAP_TEXT_MAX)
            return error_set(error, ERROR_LIMIT, EINVAL,
                             "%s: %zu id mappings need more than the %d bytes the kernel takes",
                             file, count, IDMAP_TEXT_MAX);
    }
    int r = file_write_text_at(proc_pid_fd, file, text);
    if (r == -EPERM)
        return error_errno(error, r,
                           "write %s (is it written already, or are the host ids not the caller's "
                           "to give?)",
                           file);
    if (r == -EINVAL)
        return error_errno(error, r, "write %s (do two mappings overlap?)", file);
    if (r < 0)
        return error_errno(error, r, "write %s", file);
    return 0;
}

int idmap_setgroups(int proc_pid_fd, const char *word, Error *error)
{
    int r = file_write_text_at(proc_pid_fd, "setgroups", word);
    if (r < 0)
        return error_errno(error, r, "write \"%s\" to setgroups", word);
    return 0;
}

/* Cuts off the next word between any of `separators`; NULL when there is none. */
static char *idmap_cut(char **position, const char *separators)
{
    char *word = *position + strspn(*position, separators);
    if (*word == '\0')
        return NULL;
    char *end = word + strcspn(word, separators);
    *position = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* One line of three numbers; the kernel pads them with blanks. */
static int idmap_parse_line(char *line, IdRange *ret_range)
{
    uint32_t values[3];
    for (int i = 0; i < 3; i++) {
        const char *word = idmap_cut(&line, " \t");
        if (!word || str_to_u32(word, &values[i]) < 0)
            return -EBADMSG;
    }
    if (idmap_cut(&line, " \t") || values[2] == 0 ||
        (uint64_t)values[0] + values[2] > (uint64_t)UINT32_MAX + 1 ||
        (uint64_t)values[1] + values[2] > (uint64_t)UINT32_MAX + 1)
        return -EBADMSG;
    *ret_range = (IdRange){ values[0], values[1], values[2] };
    return 0;
}

int idmap_parse(const char *text, Arena *arena, IdRange **ret_ranges, size_t *ret_count,
                Error *error)
{
    size_t length = strlen(text);
    if (length > IDMAP_PARSE_MAX)
        return error_set(error, ERROR_LIMIT, EFBIG, "an id map of %zu bytes", length);
    char *copy = arena_strndup(arena, text, length);
    IdRange *ranges = NULL;
    size_t count = 0;
    for (char *line = idmap_cut(&copy, "\n"); line; line = idmap_cut(&copy, "\n")) {
        IdRange range;
        if (count == IDMAP_RANGES_MAX)
            return error_set(error, ERROR_LIMIT, E2BIG, "more than %d lines in an id map",
                             IDMAP_RANGES_MAX);
        if (idmap_parse_line(line, &range) < 0)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "malformed line %zu of an id map",
                             count + 1);
        *(IdRange *)arena_append(arena, &ranges, &count, sizeof(range)) = range;
    }
    *ret_ranges = ranges;
    *ret_count = count;
    return 0;
}

int idmap_to_host(const IdRange *ranges, size_t count, uint32_t id, uint32_t *ret_id)
{
    for (size_t i = 0; i < count; i++)
        if (id >= ranges[i].container && id - ranges[i].container < ranges[i].count) {
            *ret_id = ranges[i].host + (id - ranges[i].container);
            return 0;
        }
    return -ERANGE;
}

int idmap_to_container(const IdRange *ranges, size_t count, uint32_t id, uint32_t *ret_id)
{
    for (size_t i = 0; i < count; i++)
        if (id >= ranges[i].host && id - ranges[i].host < ranges[i].count) {
            *ret_id = ranges[i].container + (id - ranges[i].host);
            return 0;
        }
    return -ERANGE;
}

/* The owner of the new namespace does nothing but exist until the parent ends it, or ends. */
static _Noreturn void idmap_child(int read_end, int write_end)
{
    char byte;
    (void)close(write_end);
    (void)!read(read_end, &byte, 1);
    _exit(0);
}

static int idmap_fill_userns(pid_t pid, const IdRange *uids, size_t uid_count, const IdRange *gids,
                             size_t gid_count, Error *error)
{
    int proc CLEANUP(fd_closep) = process_open(-1, pid, error);
    if (proc < 0)
        return proc;
    int r = idmap_write(proc, "uid_map", uids, uid_count, error);
    if (r == 0)
        r = idmap_write(proc, "gid_map", gids, gid_count, error);
    if (r < 0)
        return r;
    int fd = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open the user namespace of a helper process");
    return fd;
}

int idmap_make_userns(const IdRange *uids, size_t uid_count, const IdRange *gids, size_t gid_count,
                      Error *error)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_errno(error, errno, "make a pipe");

    const CloneOptions options = { .flags = CLONE_NEWUSER, .cgroup_fd = -1 };
    pid_t pid = clone_process(&options, error);
    if (pid == 0)
        idmap_child(pipe_fds[0], pipe_fds[1]);

    int fd = pid < 0 ? (int)pid : idmap_fill_userns(pid, uids, uid_count, gids, gid_count, error);
    fd_close(pipe_fds[0]);
    fd_close(pipe_fds[1]); /* the child ends; the namespace lives on in fd */
    if (pid > 0)
        (void)!clone_wait(pid, NULL, NULL);
    return fd;
}
