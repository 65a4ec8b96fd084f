/*
 * Order matters: what the caller may join before the user namespace, the rest after it; pid and
 * time take effect on the next clone only, mount last because the paths of the others are the
 * caller's. All namespace files are opened by the caller, before anything is joined, and checked to
 * be of the kind they are said to be.
 *
 * From its first instruction the stage is not dumpable: once it has joined a pid namespace's
 * process it could be seen and traced by the container (CVE-2016-9962, CVE-2019-5736).
 */
#include "runtime/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/clone.h"
#include "linux/identity.h"
#include "linux/procfs.h"
#include "linux/syscalls.h"
#include "runtime/channel.h"

typedef struct StageFds {
    int fds[NAMESPACE_MAX]; /* by NamespaceType, -1: not joined */
} StageFds;

static void stage_fds_done(StageFds *stage)
{
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++)
        fd_close(stage->fds[type]);
}

/* The caller's own need no joining, and one of the host's cannot be joined from the container's
 * user namespace. A mount namespace is joined for its root as well. */
static bool stage_is_own(int fd, NamespaceType type)
{
    char path[64];
    struct stat theirs, own;
    (void)snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_table[type].proc_name);
    return type != NAMESPACE_MOUNT && fstat(fd, &theirs) == 0 && stat(path, &own) == 0 &&
           theirs.st_dev == own.st_dev && theirs.st_ino == own.st_ino;
}

/* After they were opened: plan.h. */
static int stage_verify(const Plan *plan, Error *error)
{
    for (size_t i = 0; i < plan->neighbour_count; i++) {
        const PlanNeighbour *neighbour = &plan->neighbours[i];
        uint64_t ticks;
        if (clone_start_time(neighbour->pid, &ticks) < 0 || ticks != neighbour->start_ticks)
            return error_set(error, ERROR_CONFLICT, ESRCH, "container %s is not running",
                             neighbour->container);
    }
    return 0;
}

static int stage_open(const Plan *plan, StageFds *stage, Error *error)
{
    for (size_t i = 0; i < plan->join_count; i++) {
        const PlanJoin *join = &plan->joins[i];
        int fd = open(join->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return error_errno(error, errno, "%s: %s", join->origin, join->path);
        stage->fds[join->type] = fd;
        int type = namespace_type(fd, error);
        if (type != (int)join->type)
            return error_set(error, ERROR_USAGE, EINVAL, "%s: %s is not a %s namespace",
                             join->origin, join->path, namespace_table[join->type].name);
        if (stage_is_own(fd, join->type))
            fd_closep(&stage->fds[join->type]);
    }
    return stage_verify(plan, error);
}

static ProcfsTimeOffset stage_offset(const char *clock, int64_t ns)
{
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) { /* the kernel wants the nanoseconds positive */
        seconds--;
        rest += 1000000000;
    }
    return (ProcfsTimeOffset){ clock, seconds, (uint32_t)rest };
}

static int stage_set_clocks(const Plan *plan, Error *error)
{
    int procfs CLEANUP(fd_closep) = procfs_open_mounted(error);
    if (procfs < 0)
        return procfs;
    const ProcfsTimeOffset offsets[] = {
        stage_offset("monotonic", plan->monotonic_offset_ns),
        stage_offset("boottime", plan->boottime_offset_ns),
    };
    return procfs_set_time_offsets(procfs, offsets, ARRAY_LEN(offsets), error);
}

static const char *stage_origin(const Plan *plan, NamespaceType type)
{
    for (size_t i = 0; i < plan->join_count; i++)
        if (plan->joins[i].type == type)
            return plan->joins[i].origin;
    return "linux.namespaces";
}

static int stage_join_one(const Plan *plan, StageFds *stage, NamespaceType type, Error *error)
{
    if (stage->fds[type] < 0)
        return 0;
    int r = namespace_join(stage->fds[type], type, error);
    if (r < 0)
        return error_wrap(error, "%s: %s namespace cannot be joined", stage_origin(plan, type),
                          namespace_table[type].name);
    fd_close(TAKE_FD(stage->fds[type]));
    return 0;
}

/*
 * Once in the user namespace, nothing that belongs to an outer one can be joined any more: the
 * host's, or a network namespace that the caller made. So all that the caller's powers suffice for
 * comes before it, and the rest (an ordinary user's) after it.
 */
static int stage_join_all(const Runner *runner, StageFds *stage, Error *error)
{
    const Plan *plan = runner->plan;
    if (stage->fds[NAMESPACE_USER] >= 0) {
        for (NamespaceType type = NAMESPACE_USER + 1; type < NAMESPACE_MAX; type++)
            (void)!stage_join_one(plan, stage, type, NULL);
        int r = stage_join_one(plan, stage, NAMESPACE_USER, error);
        if (r == 0)
            r = runner_become_root(runner, error);
        if (r == 0) /* a change of ids gives it back where fs.suid_dumpable is 1 */
            r = identity_set_dumpable(false, error);
        if (r < 0)
            return r;
    }
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        int r = stage_join_one(plan, stage, type, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/* First of all: in a user namespace that was joined our own files in /proc are another's. */
static int stage_make_clocks(const Plan *plan, Error *error)
{
    if (!plan->time_offsets)
        return 0;
    if (unshare(CLONE_NEWTIME) < 0)
        return error_errno(error, errno, "linux.namespaces: new time namespace");
    int r = stage_set_clocks(plan, error);
    return r < 0 ? error_wrap(error, "linux.timeOffsets") : 0;
}

/* Without clone3 the child makes its time namespace itself, as in launch.c. */
static pid_t stage_clone(Runner *runner, int *ret_pidfd, Error *error)
{
    CloneOptions clone = {
        .flags = (runner->plan->clone_flags | CLONE_PARENT) &
                 ~(runner->plan->time_offsets ? (uint64_t)CLONE_NEWTIME : 0),
        .cgroup_fd = -1, /* the stage is in it already */
        .ret_pidfd = ret_pidfd,
    };
    pid_t pid = clone_process(&clone, error);
    if (pid != -EOPNOTSUPP || !(clone.flags & CLONE_NEWTIME))
        return pid;
    error_clear(error);
    clone.flags &= ~(uint64_t)CLONE_NEWTIME;
    pid = clone_process(&clone, error);
    runner->late_time = true; /* known to the child, which is a copy */
    return pid;
}

/* In the stage: joins, makes the child, tells its pid. Returns 0 in the child, else exits. */
static int stage_run(Runner *runner, StageFds *stage, bool attach, int end)
{
    Message message = { .kind = MESSAGE_FAILED };
    int pidfd = -1;
    pid_t pid = identity_set_dumpable(false, &message.error);
    if (pid == 0 && attach)
        pid = cgroup_attach(&runner->cgroup, getpid(), &message.error);
    if (pid == 0)
        pid = stage_make_clocks(runner->plan, &message.error);
    if (pid == 0)
        pid = stage_join_all(runner, stage, &message.error);
    if (pid == 0) {
        pid = stage_clone(runner, &pidfd, &message.error);
        if (pid == 0)
            return 0;
        if (pid < 0)
            (void)error_wrap(&message.error, "linux.namespaces");
    }
    if (pid > 0) /* known to the caller by this number: the stage never left its pid namespace */
        message = (Message){ .kind = MESSAGE_JOINED, .pid = pid };
    int r = channel_send(end, &message, &pidfd, pidfd >= 0 ? 1 : 0, NULL);
    _exit(r < 0 ? 1 : 0);
}

/* The stage's answer: the child's pid and pidfd, or the error that stopped it. */
static pid_t stage_answer(int end, int *ret_pidfd, Error *error)
{
    Message message;
    size_t count = 1;
    int r = channel_receive(end, &message, ret_pidfd, &count, error);
    if (r < 0)
        return r;
    if (message.kind == MESSAGE_FAILED) {
        if (error)
            *error = message.error;
        return -message.error.code;
    }
    if (message.kind != MESSAGE_JOINED)
        return error_set(error, ERROR_SYSTEM, EPROTO, "the stage process died");
    return message.pid;
}

pid_t stage_make_child(Runner *runner, int *ret_pidfd, Error *error)
{
    StageFds stage CLEANUP(stage_fds_done) = { .fds = { -1, -1, -1, -1, -1, -1, -1, -1 } };
    int r = stage_open(runner->plan, &stage, error);
    if (r < 0)
        return r;
    /* For who maps the child's ids: an ordinary user cannot ask the child, which is not dumpable.
     */
    if (stage.fds[NAMESPACE_USER] >= 0) {
        runner->userns_fd = fcntl(stage.fds[NAMESPACE_USER], F_DUPFD_CLOEXEC, 3);
        if (runner->userns_fd < 0)
            return error_errno(error, errno, "user namespace");
    }
    int ends[2];
    r = channel_open(ends, error);
    if (r < 0)
        return r;
    int near CLEANUP(fd_closep) = ends[0];
    int far CLEANUP(fd_closep) = ends[1];

    /* The caller's powers are needed to be cloned into a cgroup; the child inherits the place. */
    CloneOptions clone = { .cgroup_fd = runner->cgroup.unified_fd };
    pid_t stage_pid = clone_process(&clone, error);
    bool attach = stage_pid == -EOPNOTSUPP; /* no clone3: the stage goes there by itself */
    if (attach) {
        error_clear(error);
        clone.cgroup_fd = -1;
        stage_pid = clone_process(&clone, error);
    }
    if (stage_pid < 0)
        return stage_pid;
    if (stage_pid == 0)
        return stage_run(runner, &stage, attach, far);

    fd_close(TAKE_FD(far));
    (void)!clone_wait(stage_pid, NULL, NULL);
    return stage_answer(near, ret_pidfd, error);
}
