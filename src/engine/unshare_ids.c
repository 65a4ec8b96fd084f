/*
 * A map of more than the caller's own id is written from outside the new user namespace, by a
 * process with CAP_SETUID there. The caller is inside by then, so it leaves a helper behind, which
 * writes the maps when it is told to. A range of the engine's is given back by the helper too, when
 * the caller's process (whatever program it has become) has ended: from inside nobody could.
 */
#include "engine/unshare_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/idrange.h"
#include "engine/program.h"
#include "linux/clone.h"
#include "linux/identity.h"
#include "linux/process.h"

enum { UNSHARE_SUBID_LIMIT = 1024 * 1024 };

bool unshare_ids_find_block(const char *text, const char *name, uint32_t id, uint32_t *ret_first,
                            uint32_t *ret_count)
{
    char number[16];
    (void)snprintf(number, sizeof(number), "%u", id);
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList lines = strlist_split(&arena, text, '\n');
    for (size_t i = 0; i < lines.count; i++) {
        StrList words = strlist_split(&arena, lines.items[i], ':');
        uint32_t first, count, end;
        if (words.count != 3 ||
            (!str_eq(words.items[0], number) && (!name || !str_eq(words.items[0], name))))
            continue;
        if (str_to_u32(words.items[1], &first) < 0 || str_to_u32(words.items[2], &count) < 0 ||
            count == 0 || __builtin_add_overflow(first, count, &end))
            continue;
        *ret_first = first;
        *ret_count = count;
        return true;
    }
    return false;
}

static int unshare_ids_block(const char *path, Arena *arena, IdRange *ret_range, Error *error)
{
    char *text = arena_strdup(arena, "");
    int r = file_read_at(AT_FDCWD, path, UNSHARE_SUBID_LIMIT, arena, &text, NULL);
    if (r < 0 && r != -ENOENT)
        return error_errno(error, r, "%s", path);
    struct passwd *user = getpwuid(geteuid());
    if (!unshare_ids_find_block(text, user ? user->pw_name : NULL, geteuid(), &ret_range->host,
                                &ret_range->count))
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "--map-auto: %s gives no ids to uid %u (usermod --add-subuids does, or "
                         "take --map-root)",
                         path, (unsigned)geteuid());
    ret_range->container = 1;
    return 0;
}

static int unshare_ids_take(const Engine *engine, UnshareIds *ids, Error *error)
{
    char owner[64];
    uint64_t ticks;
    int r = clone_start_time(getpid(), &ticks);
    if (r < 0)
        return error_errno(error, r, "the start time of this process");
    idrange_process_owner(getpid(), ticks, owner);
    r = idrange_take(engine, owner, &ids->first, error);
    if (r < 0)
        return r;
    ids->engine = engine;
    ids->taken = true;
    ids->uids[0] = ids->gids[0] = (IdRange){ 0, ids->first, IDRANGE_SIZE };
    ids->count = 1;
    return 0;
}

void unshare_ids_choose_self(UnshareIds *ret_ids)
{
    *ret_ids = UNSHARE_IDS_NONE;
    ret_ids->by_self = true;
    ret_ids->count = 1;
    ret_ids->uids[0] = (IdRange){ 0, geteuid(), 1 };
    ret_ids->gids[0] = (IdRange){ 0, getegid(), 1 };
}

int unshare_ids_choose_range(const Engine *engine, Arena *arena, UnshareIds *ret_ids, Error *error)
{
    UnshareIds ids = UNSHARE_IDS_NONE;
    int r;
    if (geteuid() == 0 && engine) {
        r = unshare_ids_take(engine, &ids, error);
    } else {
        ids.by_program = true;
        ids.count = 2;
        ids.uids[0] = (IdRange){ 0, geteuid(), 1 };
        ids.gids[0] = (IdRange){ 0, getegid(), 1 };
        r = unshare_ids_block("/etc/subuid", arena, &ids.uids[1], error);
        if (r == 0)
            r = unshare_ids_block("/etc/subgid", arena, &ids.gids[1], error);
    }
    if (r == 0)
        *ret_ids = ids;
    return r;
}

/* newuidmap(1) and newgidmap(1): setuid programs that know /etc/subuid. Does not return. */
_Noreturn static void unshare_ids_exec(const char *program, pid_t pid, const IdRange *ranges,
                                       size_t count)
{
    Arena arena = { 0 };
    StrList words = { 0 };
    strlist_append(&arena, &words, program);
    strlist_append(&arena, &words, arena_printf(&arena, "%d", (int)pid));
    for (size_t i = 0; i < count; i++) {
        strlist_append(&arena, &words, arena_printf(&arena, "%u", ranges[i].container));
        strlist_append(&arena, &words, arena_printf(&arena, "%u", ranges[i].host));
        strlist_append(&arena, &words, arena_printf(&arena, "%u", ranges[i].count));
    }
    static char *const environment[] = { NULL };
    Error error = { 0 };
    (void)program_exec(&words, environment, -1, &error);
    _exit(error_exit_status(&error));
}

static int unshare_ids_by_program(const char *program, pid_t pid, const IdRange *ranges,
                                  size_t count)
{
    pid_t child = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, NULL);
    if (child == 0)
        unshare_ids_exec(program, pid, ranges, count);
    int status;
    if (child < 0 || clone_wait(child, &status, NULL) < 0)
        return -ECHILD;
    return status == 0 ? 0 : -EPERM;
}

/* In the helper. */
static int unshare_ids_write(const UnshareIds *ids, pid_t pid)
{
    if (ids->by_program) {
        int r = unshare_ids_by_program("newuidmap", pid, ids->uids, ids->count);
        return r < 0 ? r : unshare_ids_by_program("newgidmap", pid, ids->gids, ids->count);
    }
    int fd CLEANUP(fd_closep) = process_open(-1, pid, NULL);
    if (fd < 0)
        return fd;
    int r = idmap_write(fd, "uid_map", ids->uids, ids->count, NULL);
    return r < 0 ? r : idmap_write(fd, "gid_map", ids->gids, ids->count, NULL);
}

/* The helper: neither the caller's terminal nor its pipes are held open by it. */
_Noreturn static void unshare_ids_help(const UnshareIds *ids, pid_t caller, int caller_fd, int end)
{
    int answer;
    (void)setsid();
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null_fd, fd);
    if (read(end, &answer, sizeof(answer)) == (ssize_t)sizeof(answer)) {
        answer = unshare_ids_write(ids, caller);
        (void)!write(end, &answer, sizeof(answer));
    }
    fd_close(end);
    struct pollfd ended = { .fd = caller_fd, .events = POLLIN };
    if (ids->taken) {
        while (clone_pidfd_poll(&ended, 1, -1) < 0 && errno == EINTR) {
        }
        idrange_release(ids->engine, ids->first);
    }
    _exit(0);
}

/* Twice forked: the command that the caller becomes must not find a child it never made. */
static int unshare_ids_leave_helper(const UnshareIds *ids, int near, int far, Error *error)
{
    pid_t caller = getpid();
    int caller_fd CLEANUP(fd_closep) = clone_pidfd_open(caller, error);
    if (caller_fd < 0)
        return caller_fd;
    pid_t child = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, error);
    if (child == 0) {
        fd_close(near);
        pid_t helper = clone_process(&(CloneOptions){ .cgroup_fd = -1 }, NULL);
        if (helper == 0)
            unshare_ids_help(ids, caller, caller_fd, far);
        _exit(helper < 0);
    }
    int status;
    int r = child < 0 ? child : clone_wait(child, &status, error);
    if (r == 0 && status != 0)
        r = error_set(error, ERROR_SYSTEM, EAGAIN, "--map-auto: no process for the helper");
    return r < 0 ? r : 0;
}

int unshare_ids_prepare(UnshareIds *ids, Error *error)
{
    int ends[2];
    if (ids->count == 0 || ids->by_self)
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_errno(error, errno, "socketpair");
    int r = unshare_ids_leave_helper(ids, ends[0], ends[1], error);
    fd_close(ends[1]);
    if (r < 0)
        fd_close(ends[0]);
    else
        ids->helper_fd = ends[0];
    return r;
}

int unshare_ids_become_root(Error *error)
{
    int r = identity_set_groups(NULL, 0, error);
    if (r == -EPERM)
        r = 0; /* denied by setgroups(5) of the namespace */
    if (r == 0)
        r = identity_set_gid(0, error);
    return r == 0 ? identity_set_uid(0, error) : r;
}

static int unshare_ids_map_self(const UnshareIds *ids, Error *error)
{
    int fd CLEANUP(fd_closep) = process_open(-1, getpid(), error);
    int r = fd < 0 ? fd : idmap_setgroups(fd, "deny", error); /* the kernel's condition */
    if (r == 0)
        r = idmap_write(fd, "uid_map", ids->uids, ids->count, error);
    return r < 0 ? r : idmap_write(fd, "gid_map", ids->gids, ids->count, error);
}

static int unshare_ids_map_outside(UnshareIds *ids, Error *error)
{
    int answer = 0;
    if (write(ids->helper_fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer) ||
        read(ids->helper_fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
        answer = -ECHILD;
    fd_closep(&ids->helper_fd);
    if (answer < 0)
        return error_errno(error, answer, "--map-auto: the ids could not be mapped%s",
                           ids->by_program ? " by newuidmap and newgidmap (package uidmap)" : "");
    return 0;
}

int unshare_ids_map(UnshareIds *ids, Error *error)
{
    if (ids->count == 0)
        return 0;
    int r = ids->by_self ? unshare_ids_map_self(ids, error) : unshare_ids_map_outside(ids, error);
    return r < 0 ? r : unshare_ids_become_root(error);
}

void unshare_ids_done(UnshareIds *ids)
{
    fd_closep(&ids->helper_fd); /* a helper that was told nothing maps nothing */
}
