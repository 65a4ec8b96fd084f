/*
 * Processes are made by the raw call, not by fork(): the libc's atfork handlers and locks have no
 * place between clone and exec, and only clone3 takes a cgroup and CLONE_NEWTIME.
 *
 * The trap: EPERM has two meanings, "a filter refuses clone3" and "you may not make this
 * namespace". Both lead to clone(2); if the second was meant it says EPERM again.
 */
#include "linux/clone.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "linux/process.h"
#include "linux/syscalls.h"

enum {
    CLONE_LOOK_MS = 5,
    CLONE_ARGS_WITHOUT_CGROUP = 64,  /* the first published size: every kernel with clone3 */
    CLONE_LEGACY_SIGNAL_MASK = 0xff, /* where clone(2) has the exit signal; CLONE_NEWTIME too */
};

static pid_t clone_classic(const CloneOptions *options, int *ret_pidfd)
{
    if (options->cgroup_fd >= 0 || (options->flags & CLONE_LEGACY_SIGNAL_MASK) ||
        options->flags > UINT32_MAX) {
        errno = EOPNOTSUPP;
        return -1;
    }
    unsigned long flags = (unsigned long)options->flags | SIGCHLD;
    if (ret_pidfd)
        flags |= CLONE_PIDFD; /* Linux 5.2; it takes the place of the parent's tid */
#if defined(__s390x__)
    return (pid_t)syscall(SYS_clone, NULL, flags, ret_pidfd, NULL, NULL);
#else
    return (pid_t)syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
#endif
}

pid_t clone_process(const CloneOptions *options, Error *error)
{
    int pidfd = -1;
    /* With CLONE_PARENT the child has the caller's own exit signal; clone3 refuses another. */
    SyscallCloneArgs args = {
        .flags = options->flags,
        .exit_signal = options->flags & CLONE_PARENT ? 0 : SIGCHLD,
    };
    size_t size = CLONE_ARGS_WITHOUT_CGROUP;
    if (options->ret_pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)&pidfd;
    }
    if (options->cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)options->cgroup_fd;
        size = sizeof(args);
    }

    pid_t pid = sys_clone3(&args, size);
    if (pid < 0 && (errno == ENOSYS || errno == EPERM))
        pid = clone_classic(options, options->ret_pidfd ? &pidfd : NULL);
    else if (pid < 0 && errno == E2BIG)
        errno = EOPNOTSUPP; /* Linux 5.3 to 5.6: clone3 without the cgroup member */

    if (pid < 0 && errno == EAGAIN) /* clone(2), ERRORS */
        return error_set(error, ERROR_LIMIT, EAGAIN,
                         "make a process: there are as many as may be (pids.max of the cgroup, or "
                         "the limit nproc of the user)");
    if (pid < 0)
        return error_errno(error, errno, "make a process%s",
                           options->flags ? " in new namespaces" : "");
    if (pid > 0 && options->ret_pidfd)
        *options->ret_pidfd = pidfd;
    return pid;
}

int clone_pidfd_open(pid_t pid, Error *error)
{
    int fd = sys_pidfd_open(pid, 0); /* always close-on-exec */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return process_open(-1, pid, error);
    if (fd < 0)
        return error_errno(error, errno, "pidfd_open of process %d", (int)pid);
    return fd;
}

static bool clone_has_ended(int proc)
{
    ProcessStat stat;
    return process_stat(proc, &stat, NULL) < 0 || stat.state == 'Z' || stat.state == 'X';
}

/* The directory that stands in is looked at again and again. */
static int clone_proc_poll(struct pollfd *pollers, size_t count, int timeout_ms)
{
    int proc = pollers[0].fd, left_ms = timeout_ms;
    for (;;) {
        bool ended = clone_has_ended(proc);
        int step_ms = timeout_ms < 0 || left_ms > CLONE_LOOK_MS ? CLONE_LOOK_MS : left_ms;
        pollers[0].fd = -1;
        int r = poll(pollers, count, ended ? 0 : step_ms);
        pollers[0].fd = proc;
        pollers[0].revents = ended ? POLLIN : 0;
        if (r < 0 || ended)
            return r < 0 ? r : r + 1;
        if (r > 0 || left_ms == 0)
            return r;
        left_ms -= timeout_ms < 0 ? 0 : step_ms;
    }
}

int clone_pidfd_poll(struct pollfd *pollers, size_t count, int timeout_ms)
{
    struct stat st;
    if (fstat(pollers[0].fd, &st) == 0 && S_ISDIR(st.st_mode))
        return clone_proc_poll(pollers, count, timeout_ms);
    return poll(pollers, count, timeout_ms);
}

int clone_pidfd_signal(int pidfd, int signal, Error *error)
{
    if (sys_pidfd_send_signal(pidfd, signal, NULL, 0) < 0)
        return error_errno(error, errno, "send signal %d", signal);
    return 0;
}

int clone_wait(pid_t pid, int *ret_status, Error *error)
{
    int status;
    pid_t r;
    do
        r = waitpid(pid, &status, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return error_errno(error, errno, "wait for process %d", (int)pid);
    if (ret_status)
        *ret_status = status;
    return 0;
}

int clone_start_time(pid_t pid, uint64_t *ret_ticks)
{
    int fd CLEANUP(fd_closep) = process_open(-1, pid, NULL);
    if (fd < 0)
        return fd;
    ProcessStat stat;
    int r = process_stat(fd, &stat, NULL);
    if (r == 0)
        *ret_ticks = stat.start_ticks;
    return r;
}

bool clone_has_executed(pid_t pid)
{
    int fd CLEANUP(fd_closep) = process_open(-1, pid, NULL);
    ProcessStat stat;
    return fd < 0 || process_stat(fd, &stat, NULL) < 0 || stat.executed;
}
