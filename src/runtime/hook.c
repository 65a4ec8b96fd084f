/*
 * A hook is an ordinary child: nothing of ours is open in it but its standard streams. Its state
 * comes through a memory file and not a pipe, so that one which does not read cannot block us; its
 * output goes where ours goes.
 */
#include "runtime/hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/clone.h"
#include "linux/descriptors.h"

static const struct {
    const char *name;
    size_t offset;
} hook_kinds[HOOK_KIND_MAX] = {
    [HOOK_PRESTART] = { "prestart", offsetof(SpecHooks, prestart) },
    [HOOK_CREATE_RUNTIME] = { "createRuntime", offsetof(SpecHooks, create_runtime) },
    [HOOK_CREATE_CONTAINER] = { "createContainer", offsetof(SpecHooks, create_container) },
    [HOOK_START_CONTAINER] = { "startContainer", offsetof(SpecHooks, start_container) },
    [HOOK_POSTSTART] = { "poststart", offsetof(SpecHooks, poststart) },
    [HOOK_POSTSTOP] = { "poststop", offsetof(SpecHooks, poststop) },
};

const char *hook_name(HookKind kind)
{
    return hook_kinds[kind].name;
}

const SpecHookList *hook_list(const SpecHooks *hooks, HookKind kind)
{
    static const SpecHookList none;
    return hooks
               ? (const SpecHookList *)(const void *)((const char *)hooks + hook_kinds[kind].offset)
               : &none;
}

/* The state's text in a file that is read from its beginning. */
static int hook_input(const OciState *state, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    oci_state_encode(state, false, &text);
    int fd CLEANUP(fd_closep) = memfd_create("ambit-state", MFD_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "state for the hook");
    int r = fd_write_all(fd, text.data, text.length);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    return r < 0 ? error_errno(error, r, "state for the hook") : TAKE_FD(fd);
}

_Noreturn static void hook_child(const SpecHook *hook, int input)
{
    char *const own_args[] = { (char *)hook->path, NULL };
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (dup2(input, STDIN_FILENO) >= 0) {
        (void)!descriptors_close(0, NULL, 0, NULL);
        (void)execve(hook->path, hook->args.count ? hook->args.items : own_args,
                     hook->env.items ? hook->env.items : environ);
    }
    int code = errno;
    (void)!write(STDERR_FILENO, "hook: ", 6);
    (void)!write(STDERR_FILENO, strerror(code), strlen(strerror(code)));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(code == ENOENT ? 127 : 126);
}

/* 1 when the process has ended, 0 after the time, or a negative errno. */
static int hook_wait(int pidfd, const SpecHook *hook)
{
    struct pollfd poller = { .fd = pidfd, .events = POLLIN };
    int64_t timeout_ms = hook->timeout.set ? (int64_t)hook->timeout.value * 1000 : -1;
    int r;
    do
        r = poll(&poller, 1, timeout_ms > INT32_MAX ? -1 : (int)timeout_ms);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static int hook_run_one(const SpecHook *hook, const OciState *state, Error *error)
{
    int input CLEANUP(fd_closep) = hook_input(state, error);
    if (input < 0)
        return input;
    int pidfd CLEANUP(fd_closep) = -1;
    CloneOptions clone = { .cgroup_fd = -1, .ret_pidfd = &pidfd };
    pid_t pid = clone_process(&clone, error);
    if (pid == 0)
        hook_child(hook, input);
    if (pid < 0)
        return pid;
    int ended = pidfd < 0 ? 1 : hook_wait(pidfd, hook);
    if (ended <= 0)
        (void)kill(pid, SIGKILL);
    int status;
    int r = clone_wait(pid, &status, error);
    if (r < 0)
        return r;
    if (ended == 0)
        return error_set(error, ERROR_SYSTEM, ETIMEDOUT, "%s: not done after %d s, and killed",
                         hook->path, hook->timeout.value);
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_SYSTEM, EIO, "%s: killed by signal %d", hook->path,
                         WTERMSIG(status));
    return WEXITSTATUS(status) ? error_set(error, ERROR_SYSTEM, EIO, "%s: exit status %d",
                                           hook->path, WEXITSTATUS(status))
                               : 0;
}

int hook_run(const SpecHooks *hooks, HookKind kind, const OciState *state, Error *error)
{
    const SpecHookList *list = hook_list(hooks, kind);
    int first = 0;
    for (size_t i = 0; i < list->count; i++) {
        Error failure = { 0 };
        int r = hook_run_one(&list->items[i], state, &failure);
        if (r == 0 || first < 0)
            continue;
        first = error_wrap(&failure, "hooks.%s[%zu]", hook_name(kind), i);
        if (error)
            *error = failure;
        if (kind != HOOK_POSTSTOP)
            break;
    }
    return first;
}
