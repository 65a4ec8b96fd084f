/*
 * The order: existing namespaces are joined while the caller still has its old powers over them
 * (but a joined user namespace comes first, for it gives the powers over the rest); then one
 * unshare(2) for all new ones, so that the kernel makes the new user namespace first and the others
 * belong to it; then clocks, ids, names; then, in the new pid namespace's first process, mounts.
 *
 * The traps: a descriptor opened before unshare(2) belongs to the old mount namespace, where it can
 * neither be cloned nor covered. And without ids in its user namespace a process can change nothing
 * that is kept by owner, and ids can be given by a process outside only: unshare_ids.h.
 */
#include "engine/unshare.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/program.h"
#include "engine/unshare_ids.h"
#include "linux/identity.h"
#include "linux/inroot.h"
#include "linux/link.h"
#include "linux/mount.h"
#include "linux/namespace_of.h"
#include "linux/procfs.h"
#include "linux/syscalls.h"

typedef struct Unshare {
    const UnshareRequest *request;
    uint64_t flags;         /* CLONE_NEW... of the new ones */
    int fds[NAMESPACE_MAX]; /* of those to be joined, -1: none */
    int root_fd;            /* O_PATH of --root, or -1 */
    UnshareIds ids;
} Unshare;

static void unshare_done(Unshare *move)
{
    for (int type = 0; type < NAMESPACE_MAX; type++)
        fd_closep(&move->fds[type]);
    fd_closep(&move->root_fd);
    unshare_ids_done(&move->ids);
}

static bool unshare_is_new(const UnshareRequest *request, NamespaceType type)
{
    return request->namespaces[type].mode == REQUEST_NAMESPACE_PRIVATE;
}

/* An option that needs a new namespace of a kind, and is nothing without one. */
static int unshare_imply(UnshareRequest *request, bool given, const char *option,
                         NamespaceType type, Error *error)
{
    RequestNamespace *mode = &request->namespaces[type];
    if (!given)
        return 0;
    if (mode->mode == REQUEST_NAMESPACE_DEFAULT)
        mode->mode = REQUEST_NAMESPACE_PRIVATE;
    if (mode->mode == REQUEST_NAMESPACE_PRIVATE)
        return 0;
    return error_set(error, ERROR_USAGE, EINVAL, "--%s needs a new %s namespace", option,
                     namespace_table[type].name);
}

int unshare_complete(UnshareRequest *request, Error *error)
{
    const struct {
        bool given;
        const char *option;
        NamespaceType type;
    } needs[] = {
        { request->map == UNSHARE_MAP_ROOT, "map-root", NAMESPACE_USER },
        { request->map == UNSHARE_MAP_AUTO, "map-auto", NAMESPACE_USER },
        { request->mount_proc, "mount-proc", NAMESPACE_MOUNT },
        { request->root != NULL, "root", NAMESPACE_MOUNT },
        { request->hostname != NULL, "hostname", NAMESPACE_UTS },
        { request->set_clocks, "monotonic-offset and --boottime-offset", NAMESPACE_TIME },
    };
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        int r = unshare_imply(request, needs[i].given, needs[i].option, needs[i].type, error);
        if (r < 0)
            return r;
    }
    for (int type = 0; type < NAMESPACE_MAX; type++)
        any = any || (request->namespaces[type].mode != REQUEST_NAMESPACE_DEFAULT &&
                      request->namespaces[type].mode != REQUEST_NAMESPACE_HOST);
    if (!any)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "nothing to unshare: name a namespace (--pid, --net, --ipc, --uts, "
                         "--userns, --cgroupns, --timens, --mount)");
    return 0;
}

static int unshare_open_path(const char *path, NamespaceType type, Error *error)
{
    int fd CLEANUP(fd_closep) = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "%s", path);
    int told = namespace_type(fd, error);
    if (told < 0)
        return error_wrap(error, "%s", path);
    if (told != (int)type)
        return error_set(error, ERROR_USAGE, EINVAL, "%s is a %s namespace, not a %s namespace",
                         path, namespace_table[told].name, namespace_table[type].name);
    return TAKE_FD(fd);
}

static int unshare_open_container(const Engine *engine, const char *word, NamespaceType type,
                                  Arena *arena, Error *error)
{
    Target target CLEANUP(target_done) = TARGET_NONE;
    int r = target_open(engine, word, arena, &target, error);
    return r < 0 ? r : namespace_of_open(target.proc_fd, type, error);
}

static int unshare_open(const Engine *engine, const UnshareRequest *request, Arena *arena,
                        Unshare *move, Error *error)
{
    for (int i = 0; i < NAMESPACE_MAX; i++) {
        const RequestNamespace *mode = &request->namespaces[i];
        NamespaceType type = (NamespaceType)i;
        int fd = -1;
        if (mode->mode == REQUEST_NAMESPACE_PRIVATE)
            move->flags |= namespace_table[i].flag;
        else if (mode->mode == REQUEST_NAMESPACE_PATH)
            fd = unshare_open_path(mode->target, type, error);
        else if (mode->mode == REQUEST_NAMESPACE_CONTAINER)
            fd = unshare_open_container(engine, mode->target, type, arena, error);
        else
            continue;
        if (fd < 0 && mode->mode != REQUEST_NAMESPACE_PRIVATE)
            return error_wrap(error, "--%s",
                              namespace_table[i].option ? namespace_table[i].option : "mount");
        move->fds[i] = fd;
    }
    return 0;
}

/* In the new mount namespace, whose copy of the mount it has to be, and before the ids change: it
 * is the caller who may go there. */
static int unshare_open_root(Unshare *move, Error *error)
{
    if (!move->request->root)
        return 0;
    move->root_fd = open(move->request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (move->root_fd < 0)
        return error_errno(error, errno, "--root %s", move->request->root);
    return 0;
}

static ProcfsTimeOffset unshare_offset(const char *clock, int64_t ns)
{
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) { /* the kernel wants the nanoseconds positive */
        seconds--;
        rest += 1000000000;
    }
    return (ProcfsTimeOffset){ clock, seconds, (uint32_t)rest };
}

/* Before the ids change: after that our own files in /proc belong to someone else. */
static int unshare_set_clocks(const UnshareRequest *request, Error *error)
{
    if (!request->set_clocks)
        return 0;
    int procfs CLEANUP(fd_closep) = procfs_open_mounted(error);
    if (procfs < 0)
        return procfs;
    const ProcfsTimeOffset offsets[] = {
        unshare_offset("monotonic", request->monotonic_offset_ns),
        unshare_offset("boottime", request->boottime_offset_ns),
    };
    return procfs_set_time_offsets(procfs, offsets, ARRAY_LEN(offsets), error);
}

static int unshare_move(Unshare *move, Error *error)
{
    int r = 0;
    for (int type = 0; r == 0 && type < NAMESPACE_MAX; type++) {
        if (move->fds[type] < 0)
            continue;
        r = identity_set_dumpable(false, error); /* not before: one's own /proc files need it */
        if (r == 0)
            r = namespace_join(move->fds[type], (NamespaceType)type, error);
        if (r == 0 && type == NAMESPACE_USER) {
            (void)!unshare_ids_become_root(NULL);
            r = identity_set_dumpable(false, error);
        }
    }
    if (r == 0)
        r = unshare_ids_prepare(&move->ids, error);
    if (r < 0)
        return r;
    if (unshare((int)move->flags) < 0) {
        if (errno == EPERM && !(move->flags & CLONE_NEWUSER))
            return error_set(error, ERROR_DENIED, EPERM,
                             "unshare: Operation not permitted: an ordinary user can make these "
                             "namespaces only in a user namespace (--userns, --map-root)");
        return error_errno(error, errno, "unshare");
    }
    r = unshare_set_clocks(move->request, error);
    if (r == 0)
        r = unshare_open_root(move, error);
    return r < 0 ? r : unshare_ids_map(&move->ids, error);
}

/* What the new namespaces are given before the command, besides mounts. */
static int unshare_furnish(const Unshare *move, Error *error)
{
    const UnshareRequest *request = move->request;
    int r = 0;
    if (request->hostname && sethostname(request->hostname, strlen(request->hostname)) < 0)
        r = error_errno(error, errno, "--hostname %s", request->hostname);
    if (r == 0 && unshare_is_new(request, NAMESPACE_NET))
        r = link_loopback_up(error); /* 127.0.0.1 is what every program expects */
    return r;
}

static int unshare_mount_proc(int root_fd, Error *error)
{
    int target_fd CLEANUP(fd_closep) = root_fd < 0 ? open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)
                                                   : inroot_make_dir(root_fd, "/proc", 0555, error);
    if (target_fd < 0)
        return root_fd < 0 ? error_errno(error, errno, "/proc") : target_fd;
    int mount_fd CLEANUP(fd_closep) = mount_new(
        "proc", "proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
    int r = mount_fd < 0 ? mount_fd : mount_attach(mount_fd, target_fd, error);
    return r < 0 ? error_wrap(error, "--mount-proc") : 0;
}

/* The tree of files: nothing of it reaches the host's, then the new root, then its /proc. */
static int unshare_mounts(void *context, Error *error)
{
    Unshare *move = context;
    const UnshareRequest *request = move->request;
    if (!unshare_is_new(request, NAMESPACE_MOUNT))
        return 0;
    int r = mount_set_propagation("/", MS_REC | MS_PRIVATE, error);
    int root_fd CLEANUP(fd_closep) = -1;
    if (r == 0 && move->root_fd >= 0) {
        /* pivot_root takes mounts only: the directory is mounted on itself. */
        root_fd = mount_clone(move->root_fd, "", true, error);
        r = root_fd < 0 ? root_fd : mount_attach(root_fd, move->root_fd, error);
    }
    if (r == 0 && request->mount_proc)
        r = unshare_mount_proc(root_fd, error);
    if (r == 0 && root_fd >= 0)
        r = mount_pivot(root_fd, error);
    return r < 0 && request->root ? error_wrap(error, "--root %s", request->root) : r;
}

static StrList unshare_command(const UnshareRequest *request, Arena *arena)
{
    StrList command = request->command;
    if (command.count)
        return command;
    const char *shell = request->root ? NULL : program_variable(request->environment, "SHELL");
    strlist_append(arena, &command, str_empty(shell) ? "/bin/sh" : shell);
    return command;
}

int unshare_run(const Engine *engine, const UnshareRequest *request, Arena *arena, int *ret_status,
                Error *error)
{
    Unshare move CLEANUP(unshare_done) = {
        .request = request,
        .fds = { -1, -1, -1, -1, -1, -1, -1, -1 },
        .root_fd = -1,
        .ids = UNSHARE_IDS_NONE,
    };
    int r = unshare_open(engine, request, arena, &move, error);
    if (request->map == UNSHARE_MAP_ROOT)
        unshare_ids_choose_self(&move.ids);
    if (r == 0 && request->map == UNSHARE_MAP_AUTO)
        r = unshare_ids_choose_range(engine, arena, &move.ids, error);
    if (r == 0)
        r = unshare_move(&move, error);
    if (r == 0)
        r = unshare_furnish(&move, error);
    if (r < 0)
        return r;

    StrList command = unshare_command(request, arena);
    bool child = move.fds[NAMESPACE_PID] >= 0;
    for (int type = 0; type < NAMESPACE_MAX; type++)
        child = child ||
                ((move.flags & namespace_table[type].flag) && namespace_table[type].joins_children);
    Program program = {
        .command = &command,
        .environment = request->environment,
        .prepare = unshare_mounts,
        .context = &move,
    };
    if (child)
        return program_run(&program, ret_status, error);
    r = unshare_mounts(&move, error);
    return r < 0 ? r : program_exec(&command, request->environment, -1, error);
}
