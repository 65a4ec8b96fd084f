/*
 * One container's start. The parent does the HOST steps, makes the child (directly, or through a
 * stage process when namespaces are joined), maps its ids, supplies what needs the host's powers,
 * and waits for the end of the handshake. The child does the rest and becomes the program.
 *
 * Invariant: whatever fails, the child is dead and reaped and the cgroup is gone before an error
 * is returned. The trap: the child shares nothing with the parent after the clone but the channel
 * and the trace memory; a slot filled later in the parent must be handed over.
 */
#include "runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/clone.h"
#include "linux/cpu.h"
#include "linux/identity.h"
#include "linux/namespace.h"
#include "linux/syscalls.h"
#include "runtime/channel.h"
#include "runtime/hook.h"
#include "runtime/phase.h"
#include "runtime/stage.h"
#include "runtime/supply.h"

enum { LAUNCH_CGROUP_REMOVE_MS = 2000 };

static void launch_runner_init(Runner *runner, const Plan *plan, const LaunchOptions *options)
{
    *runner = (Runner){
        .plan = plan,
        .cgroup_host = options->cgroup_host,
        .arena = plan->arena,
        .cgroup = CGROUP_EMPTY,
        .child_proc_fd = -1,
        .userns_fd = -1,
        .netns_fd = -1,
        .channel = -1,
        .place_fd = -1,
        .root_fd = -1,
        .park_fds = { -1, -1 },
        .terminal_fd = -1,
        .mask_fd = -1,
        .null_fd = -1,
        .procfs_fd = -1,
        .times = options->times,
    };
    size_t count = plan->slot_count ? plan->slot_count : 1;
    runner->slots = arena_alloc(plan->arena, count * sizeof(int));
    for (size_t i = 0; i < count; i++)
        runner->slots[i] = -1;
}

/* What the parent's side holds; the cgroup and the child live on in Launched. */
static void launch_runner_done(Runner *runner)
{
    for (size_t i = 0; i < runner->plan->slot_count; i++)
        fd_close(runner->slots[i]);
    fd_close(runner->child_proc_fd);
    fd_close(runner->userns_fd);
    fd_close(runner->netns_fd);
}

/* ---- the child ---- */

/* A fresh process for the program: nothing ignored by inheritance. Which signals these are says the
 * parent, who has the time to ask for each. */
static void launch_child_signals(uint32_t ignored)
{
    for (int sig = 1; sig < 32; sig++)
        if (ignored & (1u << sig))
            (void)signal(sig, SIG_DFL);
}

static int launch_child_slots(Runner *runner, Error *error)
{
    int fds[FD_PASS_MAX];
    size_t count = FD_PASS_MAX;
    Message message;
    int r = channel_receive(runner->channel, &message, fds, &count, error);
    if (r < 0)
        return r;
    if (message.kind != MESSAGE_SUPPLIED)
        return error_set(error, ERROR_SYSTEM, EPROTO, "handshake: the engine gave up");
    launch_child_signals(message.ignored);
    runner->outer_pid = message.pid;
    for (size_t i = 0; i < count; i++)
        runner->slots[message.slots[i]] = fds[i];
    return 0;
}

_Noreturn static void launch_on_end(int sig)
{
    _exit(128 + sig);
}

/* Process 1 of a pid namespace does not get a signal that it has no handler for: a created
 * container that is told to end would stay. The exec of the program takes the handlers away. */
static void launch_child_endable(void)
{
    static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        (void)signal(ends[i], launch_on_end);
}

/*
 * Whoever started us may be gone, so another process brings the word, through a socket that we
 * listen on. One that connects and dies without the word has not started anything.
 */
static int launch_child_hold(Runner *runner, int start_socket, Error *error)
{
    int r = phase_check(runner, PHASE_FINISH, error);
    launch_child_endable();
    /* `create` ends now, and its caller waits until nobody holds the streams it gave to it. */
    for (int fd = 0; r == 0 && runner->terminal_fd >= 0 && fd <= 2; fd++)
        if (fd != runner->terminal_fd && dup2(runner->terminal_fd, fd) < 0)
            r = error_errno(error, errno, "terminal on descriptor %d", fd);
    if (r == 0)
        r = channel_tell(runner->channel, MESSAGE_READY, error);
    if (r < 0)
        return r;
    for (;;) {
        int end = channel_accept(start_socket, error);
        if (end < 0)
            return end;
        fd_close(runner->channel);
        runner->channel = end; /* errors go to who starts us, and our exec ends it */
        Message message;
        size_t count = 0;
        r = channel_receive(end, &message, NULL, &count, error);
        if (r < 0 || message.kind == MESSAGE_START)
            return r;
    }
}

static int launch_child_steps(Runner *runner, const LaunchOptions *options, Error *error)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* Capabilities in the new user namespace are there from its first moment, so what takes long
     * (a network namespace) is done while the parent still maps and supplies. */
    int r = runner->plan->own_userns ? 0 : identity_set_dumpable(false, error);
    if (r == 0 && runner->place_fd >= 0)
        r = cgroup_enter_tasks(&runner->place_fd, 1, error);
    if (r == 0 && runner->plan->scope)
        r = channel_expect(runner->channel, MESSAGE_PLACED, error);
    if (r == 0 && runner->late_time && unshare(CLONE_NEWTIME) < 0)
        r = error_errno(error, errno, "linux.namespaces: new time namespace");
    if (r == 0)
        r = phase_run(runner, PHASE_ENTER, error);
    if (r == 0 && runner->plan->own_userns) {
        r = channel_expect(runner->channel, MESSAGE_MAPPED, error);
        if (r == 0)
            r = runner_become_root(runner, error);
        if (r == 0)
            r = identity_set_dumpable(false, error);
    }
    if (r == 0)
        r = phase_run(runner, PHASE_MAKE, error);
    if (r == 0)
        r = launch_child_slots(runner, error);
    if (r == 0)
        r = phase_run(runner, PHASE_ROOT, error);
    if (r == 0)
        r = runner_close_rest(runner, options->hold ? options->start_socket : -1, error);
    if (r == 0 && options->hold)
        r = launch_child_hold(runner, options->start_socket, error);
    /* Whoever hears of the program must find the container's state, and what cannot be written
     * down must not run. Mostly the word has come long before. */
    if (r == 0 && options->created && !options->hold && !runner->started)
        r = channel_expect(runner->channel, MESSAGE_START, error);
    if (r == 0)
        r = phase_run(runner, PHASE_FINISH, error);
    return r;
}

/* A filter may forbid to exit, which the libc's _exit would ask for without end. */
_Noreturn static void launch_child_end(void)
{
    (void)syscall(SYS_exit_group, 125);
    __builtin_trap();
}

_Noreturn static void launch_child(Runner *runner, const LaunchOptions *options)
{
    Message message = { .kind = MESSAGE_FAILED };
    int r = launch_child_steps(runner, options, &message.error);
    if (r == 0)
        (void)error_set(&message.error, ERROR_SYSTEM, EINVAL, "the plan ends without exec");
    if (runner->unhooked)
        message.kind = MESSAGE_UNHOOKED;
    channel_last_words(runner->channel, &message);
    launch_child_end();
}

/* ---- the parent ---- */

/*
 * clone3 with all namespaces and the cgroup. Where a kernel or an outer filter has only clone(2),
 * the child makes the time namespace (it takes effect on exec) and enters the cgroup, both before
 * anything else: a cgroup namespace that it made first would show it ours. Slower, and the same in
 * the end.
 */
static pid_t launch_clone(Runner *runner, int *ret_pidfd, Error *error)
{
    CloneOptions clone = {
        .flags = runner->plan->clone_flags,
        .cgroup_fd = runner->cgroup.unified_fd,
        .ret_pidfd = ret_pidfd,
    };
    CpuSpread spread;
    cpu_spread_prepare(&spread);
    pid_t pid = clone_process(&clone, error);
    if (pid > 0)
        cpu_spread(&spread, pid);
    if (pid != -EOPNOTSUPP)
        return pid;
    error_clear(error);
    int place CLEANUP(fd_closep) = -1; /* opened here: it is the opener's rights that count */
    if (clone.cgroup_fd >= 0) {
        place = openat(clone.cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (place < 0)
            return error_errno(error, errno, "%s/cgroup.procs", runner->cgroup.path);
    }
    clone.cgroup_fd = -1;
    clone.flags &= ~(uint64_t)CLONE_NEWTIME;
    pid = clone_process(&clone, error);
    if (pid == 0) {
        runner->late_time = runner->plan->clone_flags & CLONE_NEWTIME;
        runner->place_fd = TAKE_FD(place);
    }
    return pid;
}

static int launch_make_child(Runner *runner, const LaunchOptions *options, int ends[2],
                             Launched *launched, Error *error)
{
    const Plan *plan = runner->plan;
    pid_t pid;
    if (plan->join_count > 0 || plan->time_offsets) {
        pid = stage_make_child(runner, &launched->pidfd, error);
    } else {
        pid = launch_clone(runner, &launched->pidfd, error);
        if (pid < 0)
            return error_wrap(error, "linux.namespaces");
    }
    if (pid < 0)
        return pid; /* the stage names the one namespace */
    if (pid == 0) {
        fd_close(ends[0]);
        if (options->not_for_child)
            fd_close(*options->not_for_child);
        runner->channel = ends[1];
        launch_child(runner, options);
    }
    launched->pid = pid;
    runner->child = pid;
    return 0;
}

static int launch_open_child(Runner *runner, Error *error)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d", (int)runner->child);
    runner->child_proc_fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (runner->child_proc_fd < 0)
        return error_errno(error, errno, "open %s", path);
    if (!runner->plan->own_userns || runner->userns_fd >= 0)
        return 0;
    /* exec: the child hides behind not being dumpable, from an ordinary user's own eyes too. */
    pid_t owner = runner->plan->join_pid > 0 ? runner->plan->join_pid : runner->child;
    runner->userns_fd = namespace_open(owner, NAMESPACE_USER, error);
    return runner->userns_fd < 0 ? runner->userns_fd : 0;
}

static int launch_read_map(const Runner *runner, const char *file, IdRange **ret_ranges,
                           size_t *ret_count, Error *error)
{
    char *text;
    int r = file_read_at(runner->child_proc_fd, file, 64 * 1024, runner->arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "%s", file);
    return idmap_parse(text, runner->arena, ret_ranges, ret_count, error);
}

/* The mapping of a user namespace that was joined is read, not written. */
static int launch_joined_ids(Runner *runner, Error *error)
{
    if (!runner->plan->own_userns || runner->ids)
        return 0;
    StepIds ids = { 0 };
    IdRange *uids, *gids;
    int r = launch_read_map(runner, "uid_map", &uids, &ids.uid_count, error);
    if (r == 0)
        r = launch_read_map(runner, "gid_map", &gids, &ids.gid_count, error);
    if (r < 0)
        return r;
    ids.uids = uids;
    ids.gids = gids;
    runner->ids = arena_copy(runner->arena, &ids, sizeof(ids));
    return 0;
}

/* Best effort: whose pipes these are decides about opening them anew only. The child passes them on
 * to its user, which it could not while their owner is none of its ids. */
static void launch_give_pipes(const Runner *runner, unsigned pipes)
{
    for (int fd = 0; fd <= 2; fd++)
        if (pipes & (1u << fd))
            (void)!runner_chown(runner, fd, "", NULL);
}

static int launch_supply_steps(Runner *runner, const LaunchOptions *options, int end, Error *error)
{
    int r = phase_run(runner, PHASE_MAP, error);
    if (r == 0 && runner->plan->own_userns)
        r = channel_tell(end, MESSAGE_MAPPED, error);
    if (r == 0)
        r = launch_joined_ids(runner, error);
    if (r < 0)
        return r;
    launch_give_pipes(runner, options->give_pipes);
    /* An ordinary user has the powers that this takes inside his own user namespace only. */
    return runner->plan->own_userns && geteuid() != 0 ? supply_inside(runner, end, error)
                                                      : supply_run(runner, end, error);
}

static int launch_supply(Runner *runner, const LaunchOptions *options, int end, Error *error)
{
    mode_t mask = umask(0); /* nodes have the modes the plan says */
    int r = launch_supply_steps(runner, options, end, error);
    (void)umask(mask);
    return r;
}

static int launch_place(Runner *runner, int end, Launched *launched, Error *error)
{
    int r = phase_run(runner, PHASE_PLACE, error);
    launched->cgroup = runner->cgroup; /* also when it failed: to be removed */
    return r < 0 ? r : channel_tell(end, MESSAGE_PLACED, error);
}

static int launch_killed(Error *error)
{
    return error_set(error, ERROR_SYSTEM, ESRCH,
                     "process.args: not executed: the process was killed before (is "
                     "linux.resources.memory.limit too low?)");
}

/* The child's own error says more than the parent's EPIPE: it is taken where there is one, and one
 * that has ended without was killed. */
static void launch_prefer_child_error(int end, Error *error)
{
    if (!error || (error->code != EPIPE && error->code != ECONNRESET && error->code != ESRCH))
        return;
    Message message;
    size_t count = 0;
    if (channel_receive(end, &message, NULL, &count, NULL) < 0)
        return;
    if (message.kind == MESSAGE_FAILED)
        *error = message.error;
    else if (message.kind == MESSAGE_END && error->code != ESRCH) /* of a container joined */
        (void)launch_killed(error);
}

/* The engine's own hooks, while the child waits for their end before pivot_root. */
static int launch_hooks(int end, const Plan *plan, const Launched *launched, Error *error)
{
    OciState state = *plan->state;
    state.status = OCI_STATUS_CREATED; /* runtime.md#lifecycle: hooks come after the creating */
    state.pid = launched->pid;
    int r = hook_run(plan->hooks, HOOK_PRESTART, &state, launched->pidfd, error);
    if (r == 0)
        r = hook_run(plan->hooks, HOOK_CREATE_RUNTIME, &state, launched->pidfd, error);
    if (r < 0)
        return r;
    r = channel_tell(end, MESSAGE_HOOKED, error);
    if (r < 0)
        launch_prefer_child_error(end, error);
    return r;
}

/*
 * The channel was closed: by the exec, or because the process ended before it, killed for want of
 * memory for one. Where neither is said, the kernel is asked.
 */
static int launch_executed(const Plan *plan, bool hold, const Launched *launched, Error *error)
{
    struct pollfd poller = { .fd = launched->pidfd, .events = POLLIN };
    bool ended = hold || (launched->pidfd >= 0 && clone_pidfd_poll(&poller, 1, 0) > 0);
    if (!hold && ((plan && !plan->mute && !ended) || clone_has_executed(launched->pid)))
        return 0;
    if (ended && !(plan && plan->mute))
        return launch_killed(error);
    return error_set(error, ERROR_NOT_EXECUTABLE, EPERM,
                     "process.args: not executed, and linux.seccomp forbids to say why");
}

/* Until exec (END), READY with `hold`, or an error. */
static int launch_finish(int end, const Plan *plan, bool hold, Launched *launched, Error *error)
{
    for (;;) {
        Message message;
        int fd = -1;
        size_t count = 1;
        int r = channel_receive(end, &message, &fd, &count, error);
        if (r < 0)
            return r;
        switch (message.kind) {
        case MESSAGE_END: return launch_executed(plan, hold, launched, error);
        case MESSAGE_READY:
            if (hold)
                return 0;
            break;
        case MESSAGE_TERMINAL: launched->terminal_fd = count == 1 ? fd : -1; break;
        case MESSAGE_HOOKS:
            r = plan ? launch_hooks(end, plan, launched, error) : 0;
            if (r < 0)
                return r;
            break;
        case MESSAGE_UNHOOKED:
        case MESSAGE_FAILED:
            launched->unhooked = message.kind == MESSAGE_UNHOOKED;
            if (error)
                *error = message.error;
            return -message.error.code;
        case MESSAGE_JOINED:
        case MESSAGE_HOOKED:
        case MESSAGE_PLACED:
        case MESSAGE_MAPPED:
        case MESSAGE_SUPPLIED:
        case MESSAGE_START:
        case MESSAGE_KIND_MAX:
            return error_set(error, ERROR_SYSTEM, EPROTO, "handshake: unexpected message");
        }
    }
}

/* In a namespace that ends with the child they would end with it, or stay in one that was joined.
 */
static void launch_return_links(const Runner *runner)
{
    for (size_t i = runner->moved_link_count; i > 0; i--)
        (void)!link_return(&runner->moved_links[i - 1], runner->netns_fd, NULL);
}

static void launch_unmake_resctrl(const ResctrlGroup *group)
{
    int root_fd CLEANUP(fd_closep) = group ? resctrl_open(NULL) : -1;
    if (root_fd >= 0)
        (void)!resctrl_remove(root_fd, group, NULL);
}

static void launch_abort(Launched *launched, bool keep_cgroup)
{
    if (launched->pid > 0) {
        (void)kill(launched->pid, SIGKILL);
        (void)!clone_wait(launched->pid, NULL, NULL);
        launched->pid = 0;
    }
    if (!keep_cgroup) {
        (void)!cgroup_kill(&launched->cgroup, SIGKILL, NULL);
        (void)!cgroup_remove(&launched->cgroup, LAUNCH_CGROUP_REMOVE_MS, NULL);
    }
    launch_unmake_resctrl(launched->resctrl);
    launch_done(launched);
}

/* Before the child, if anything is made then; else while it makes its namespaces. */
static int launch_making(const LaunchOptions *options, bool now, Error *error)
{
    return now && options->making ? options->making(options->context, error) : 0;
}

static int launch_run(Runner *runner, const LaunchOptions *options, int ends[2], Launched *launched,
                      Error *error)
{
    bool before = phase_exists(runner->plan, PHASE_HOST);
    int r = launch_making(options, before, error);
    if (r == 0)
        r = phase_run(runner, PHASE_HOST, error);
    launched->cgroup = runner->cgroup;
    if (r < 0)
        return r;
    r = launch_make_child(runner, options, ends, launched, error);
    fd_close(TAKE_FD(ends[1]));
    if (r == 0)
        r = launch_making(options, !before, error);
    if (r == 0)
        r = launch_open_child(runner, error);
    if (r == 0 && runner->plan->scope)
        r = launch_place(runner, ends[0], launched, error);
    if (r == 0)
        r = launch_supply(runner, options, ends[0], error);
    launched->cgroup = runner->cgroup; /* made before the child, or meanwhile */
    launched->resctrl = runner->resctrl;
    launched->unmapped = runner->unmapped;
    if (r == 0 && options->created)
        r = options->created(options->context, launched, error);
    if (r == 0 && options->created && !options->hold)
        r = channel_tell(ends[0], MESSAGE_START, error);
    if (r == 0 && options->idle)
        options->idle(options->context);
    if (r == 0)
        r = launch_finish(ends[0], runner->plan, options->hold, launched, error);
    else
        launch_prefer_child_error(ends[0], error);
    return r;
}

int launch_container(const Plan *plan, const LaunchOptions *options, Launched *ret_launched,
                     Error *error)
{
    Runner runner;
    Launched launched = LAUNCHED_NONE;
    int ends[2];
    int r = channel_open(ends, error);
    if (r < 0)
        return r;

    launch_runner_init(&runner, plan, options);
    r = launch_run(&runner, options, ends, &launched, error);
    if (r < 0)
        launch_return_links(&runner);
    launch_runner_done(&runner);
    fd_close(ends[1]);
    if (r < 0) {
        fd_close(ends[0]);
        launch_abort(&launched, options->keep_cgroup);
        return r;
    }
    fd_close(ends[0]);
    *ret_launched = launched;
    return 0;
}

int launch_start(int end, pid_t pid, bool *ret_unhooked, Error *error)
{
    int channel CLEANUP(fd_closep) = end;
    Launched launched = LAUNCHED_NONE;
    launched.pid = pid;
    int r = channel_tell(channel, MESSAGE_START, error);
    if (r == 0)
        r = launch_finish(channel, NULL, false, &launched, error);
    *ret_unhooked = launched.unhooked;
    return r;
}

void launch_done(Launched *launched)
{
    if (!launched)
        return;
    fd_close(launched->pidfd);
    fd_close(launched->terminal_fd);
    cgroup_done(&launched->cgroup);
    *launched = LAUNCHED_NONE;
}
