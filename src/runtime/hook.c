/*
 * A hook is an ordinary child: nothing of ours is open in it but its standard streams. Its state
 * comes through a memory file and not a pipe, so that one which does not read cannot block us. What
 * it says is read and told only if it fails: our own output may be the container's.
 *
 * Trap: what a hook leaves running may hold its end of the pipe for ever. The hook is over when its
 * process is.
 */
#include "runtime/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/printable.h"
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
    int fd = fd_memory("ambit-state", text.data, text.length);
    return fd < 0 ? error_errno(error, fd, "state for the hook") : fd;
}

/*** What it says. ***/

enum {
    HOOK_OUTPUT_KEPT = 512,
    HOOK_OUTPUT_BLOCK = 4096,
    HOOK_OUTPUT_LEFT = 64 * 1024, /* what a pipe may hold when the hook has ended: pipe(7) */
};

typedef struct HookOutput {
    int fd;
    size_t length;
    char text[HOOK_OUTPUT_KEPT + 1]; /* the end of it */
} HookOutput;

/* What there is, a block at the most: bytes, 0 when nobody can write any more, a negative errno. */
static ssize_t hook_output_read(HookOutput *output)
{
    char block[HOOK_OUTPUT_BLOCK];
    ssize_t n = fd_read(output->fd, block, sizeof(block));
    if (n <= 0)
        return n;
    size_t fresh = (size_t)n < HOOK_OUTPUT_KEPT ? (size_t)n : HOOK_OUTPUT_KEPT;
    size_t old =
        output->length + fresh > HOOK_OUTPUT_KEPT ? HOOK_OUTPUT_KEPT - fresh : output->length;
    memmove(output->text, output->text + output->length - old, old);
    memcpy(output->text + old, block + n - fresh, fresh);
    output->length = old + fresh;
    return n;
}

/* On one line: ": No such device; giving up", or nothing. */
static void hook_output_add(HookOutput *output, StrBuf *text)
{
    for (size_t left = HOOK_OUTPUT_LEFT; left > 0;) {
        ssize_t n = hook_output_read(output);
        if (n <= 0)
            break;
        left -= (size_t)n < left ? (size_t)n : left;
    }
    output->text[output->length] = '\0';
    const char *separator = ": ";
    for (char *rest = output->text, *line; (line = strsep(&rest, "\r\n"));) {
        if (!*line)
            continue;
        strbuf_add(text, separator);
        printable_add(text, line);
        separator = "; ";
    }
}

/*** The process. ***/

_Noreturn static void hook_child(const SpecHook *hook, int input, int output)
{
    char *const own_args[] = { (char *)hook->path, NULL };
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0) {
        (void)!descriptors_close(0, NULL, 0, NULL);
        (void)execve(hook->path, hook->args.count ? hook->args.items : own_args,
                     hook->env.items ? hook->env.items : environ);
    }
    int code = errno;
    (void)!write(STDERR_FILENO, strerror(code), strlen(strerror(code)));
    _exit(code == ENOENT ? 127 : 126);
}

typedef enum HookEnd {
    HOOK_ENDED,
    HOOK_LATE,      /* longer than its timeout */
    HOOK_FOR_NOBODY /* longer than its container */
} HookEnd;

/* Until the process has ended, or is to be killed: a HookEnd or a negative errno. */
static int hook_wait(int pidfd, int container_pidfd, const SpecHook *hook, HookOutput *output)
{
    struct pollfd pollers[] = { { .fd = pidfd, .events = POLLIN },
                                { .fd = output->fd, .events = POLLIN },
                                { .fd = container_pidfd, .events = POLLIN } };
    HookEnd late = HOOK_LATE;
    uint64_t end_ms =
        hook->timeout.set ? clock_ms() + (uint64_t)hook->timeout.value * 1000 : UINT64_MAX;
    for (;;) {
        uint64_t now_ms = clock_ms(), rest_ms = end_ms > now_ms ? end_ms - now_ms : 0;
        if (rest_ms == 0)
            return late;
        int r =
            clone_pidfd_poll(pollers, ARRAY_LEN(pollers), rest_ms > INT32_MAX ? -1 : (int)rest_ms);
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r > 0 && pollers[0].revents)
            return HOOK_ENDED;
        if (r > 0 && pollers[1].revents && hook_output_read(output) <= 0)
            pollers[1].fd = -1;
        if (r > 0 && pollers[2].revents) {
            pollers[2].fd = -1;
            if (rest_ms > HOOK_GRACE_MS) {
                end_ms = clock_ms() + HOOK_GRACE_MS;
                late = HOOK_FOR_NOBODY;
            }
        }
    }
}

static int hook_failed(const SpecHook *hook, int end, int status, HookOutput *output, Error *error)
{
    StrBuf said CLEANUP(strbuf_done) = { 0 };
    hook_output_add(output, &said);
    const char *text = strbuf_text(&said);
    if (end == HOOK_LATE)
        return error_set(error, ERROR_SYSTEM, ETIMEDOUT, "%s: not done after %d s, and killed%s",
                         hook->path, hook->timeout.value, text);
    if (end == HOOK_FOR_NOBODY)
        return error_set(error, ERROR_SYSTEM, ECHILD,
                         "%s: not done when the container's process had ended, and killed%s",
                         hook->path, text);
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_SYSTEM, EIO, "%s: killed by signal %d%s", hook->path,
                         WTERMSIG(status), text);
    return error_set(error, ERROR_SYSTEM, EIO, "%s: exit status %d%s", hook->path,
                     WEXITSTATUS(status), text);
}

static int hook_run_one(const SpecHook *hook, const OciState *state, int container_pidfd,
                        Error *error)
{
    int input CLEANUP(fd_closep) = hook_input(state, error);
    if (input < 0)
        return input;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe for the hook");
    int reader CLEANUP(fd_closep) = ends[0], writer CLEANUP(fd_closep) = ends[1];
    if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
        return error_errno(error, errno, "pipe for the hook");
    int pidfd CLEANUP(fd_closep) = -1;
    CloneOptions clone = { .cgroup_fd = -1, .ret_pidfd = &pidfd };
    pid_t pid = clone_process(&clone, error);
    if (pid == 0)
        hook_child(hook, input, writer);
    if (pid < 0)
        return pid;
    fd_close(writer);
    writer = -1;
    HookOutput output = { .fd = reader };
    if (pidfd < 0) /* a kernel that gives none with the process */
        pidfd = clone_pidfd_open(pid, error);
    int end = pidfd < 0 ? pidfd : hook_wait(pidfd, container_pidfd, hook, &output);
    if (end != HOOK_ENDED)
        (void)kill(pid, SIGKILL);
    int status;
    int r = clone_wait(pid, &status, error);
    if (r < 0 || (end == HOOK_ENDED && status == 0))
        return r;
    return hook_failed(hook, end, status, &output, error);
}

int hook_run(const SpecHooks *hooks, HookKind kind, const OciState *state, int container_pidfd,
             Error *error)
{
    const SpecHookList *list = hook_list(hooks, kind);
    int first = 0;
    for (size_t i = 0; i < list->count; i++) {
        Error failure = { 0 };
        int r = hook_run_one(&list->items[i], state, container_pidfd, &failure);
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
