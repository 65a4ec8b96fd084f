/*
 * The trap of an ordinary user's containers: a mount can only be cloned in a mount namespace over
 * which one has power. The child has such a one, but pivots in it; so a second process joins its
 * user namespace, makes a mount namespace like the caller's, works there, and sends what it made
 * straight to the child, over the end of the channel that it has inherited.
 */
#include "runtime/supply.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "linux/clone.h"
#include "linux/namespace.h"
#include "linux/syscalls.h"
#include "runtime/channel.h"
#include "runtime/phase.h"

/* Nobody ignores real-time signals, nobody can ignore SIGKILL and SIGSTOP, and asking costs a
 * system call for each. */
static uint32_t supply_ignored_signals(void)
{
    enum { SIGNALS = 32 };
    uint32_t ignored = 0;
    for (int sig = 1; sig < SIGNALS; sig++) {
        struct sigaction action;
        if (sig == SIGKILL || sig == SIGSTOP)
            continue;
        if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            ignored |= 1u << sig;
    }
    return ignored;
}

static int supply_hand_over(Runner *runner, int end, Error *error)
{
    int fds[FD_PASS_MAX];
    size_t count = 0;
    Message message = {
        .kind = MESSAGE_SUPPLIED,
        .pid = runner->child,
        .ignored = supply_ignored_signals(),
    };
    for (size_t i = 0; i < runner->plan->slot_count; i++) {
        if (!runner->plan->slots[i].handed_over || runner->slots[i] < 0)
            continue;
        if (count == FD_PASS_MAX)
            return error_set(error, ERROR_LIMIT, E2BIG,
                             "mounts: more than %d binds for one container", FD_PASS_MAX);
        message.slots[count] = (uint16_t)i;
        fds[count++] = runner->slots[i];
    }
    return channel_send(end, &message, fds, count, error);
}

int supply_run(Runner *runner, int end, Error *error)
{
    int r = phase_run(runner, PHASE_SUPPLY, error);
    return r < 0 ? r : supply_hand_over(runner, end, error);
}

static int supply_join(Runner *runner, Error *error)
{
    int r = namespace_join(runner->userns_fd, NAMESPACE_USER, error);
    if (r == 0)
        r = runner_become_root(runner, error);
    if (r == 0 && unshare(CLONE_NEWNS) < 0)
        r = error_errno(error, errno, "new mount namespace");
    runner->ids = NULL; /* from here on ids are the container's */
    return r;
}

_Noreturn static void supply_process(Runner *runner, int end, int report)
{
    Message message = { .kind = MESSAGE_FAILED };
    int r = supply_join(runner, &message.error);
    if (r == 0)
        r = supply_run(runner, end, &message.error);
    if (r < 0)
        (void)!channel_send(report, &message, NULL, 0, NULL);
    _exit(r < 0 ? 1 : 0);
}

int supply_inside(Runner *runner, int end, Error *error)
{
    int ends[2];
    int r = channel_open(ends, error);
    if (r < 0)
        return r;
    int near CLEANUP(fd_closep) = ends[0];
    int far CLEANUP(fd_closep) = ends[1];
    const CloneOptions clone = { .cgroup_fd = -1 };
    pid_t pid = clone_process(&clone, error);
    if (pid == 0)
        supply_process(runner, end, far);
    if (pid < 0)
        return pid;
    fd_close(TAKE_FD(far));
    Message message;
    size_t count = 0;
    r = channel_receive(near, &message, NULL, &count, error);
    (void)!clone_wait(pid, NULL, NULL);
    if (r < 0 || message.kind == MESSAGE_END)
        return r;
    if (error)
        *error = message.error;
    return -message.error.code;
}
