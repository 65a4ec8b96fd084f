/*
 * The last steps: limits and attributes of the process, and the exec itself. All of them run
 * inside the container's root, in the order the plan gives them: what needs a capability comes
 * before capabilities are dropped, the filter as late as it can.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/execute.h"
#include "linux/identity.h"
#include "linux/lsm.h"
#include "linux/procfs.h"
#include "linux/rlimit.h"
#include "linux/syscalls.h"
#include "runtime/steps.h"

/* The engine's process may be dead already, and nobody would be told any more: its end of the
 * channel says so. */
int step_parent_death(Runner *runner, const Step *step, Error *error)
{
    int r = identity_set_parent_death_signal((int)step->flags, error);
    char byte;
    if (r == 0 && recv(runner->channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        return error_set(error, ERROR_SYSTEM, ESRCH, "the engine's process is gone");
    return r;
}

void step_describe_signal(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "signal %d when the engine's process dies", (int)step->flags);
}

/* SELinux: a keyring has the label of who makes it, and the program could not use one of ours. The
 * exec resets the file. A host without SELinux is told of by the program's own label. */
static int step_keyring_label(const Runner *runner, const char *label, Error *error)
{
    Error failure = { 0 };
    int fd CLEANUP(fd_closep) = procfs_open(runner->procfs_fd, "thread-self/attr/keycreate",
                                            O_WRONLY | O_CLOEXEC, &failure);
    int r = fd < 0 ? fd : lsm_set_exec_label(fd, LSM_SELINUX, label, &failure);
    if (r == 0 || r == -ENOENT || r == -EINVAL)
        return 0;
    return error_set(error, failure.kind, failure.code, "session keyring: %s", failure.message);
}

int step_keyring(Runner *runner, const Step *step, Error *error)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "_ses.%.100s", runner->plan->id);
    int r = str_empty(step->source) ? 0 : step_keyring_label(runner, step->source, error);
    return r < 0 ? r : identity_new_keyring(name, error);
}

int step_rlimit(Runner *runner UNUSED, const Step *step, Error *error)
{
    return rlimit_set(0, (int)step->flags, step->with.rlimit[0], step->with.rlimit[1], error);
}

/* Root needs the right to raise a hard limit like everybody else. */
int step_rlimit_check(Runner *runner UNUSED, const Step *step, Error *error)
{
    uint64_t soft, hard;
    int r = rlimit_get(0, (int)step->flags, &soft, &hard, error);
    if (r < 0 || step->with.rlimit[1] <= hard)
        return r;
    return rlimit_set(0, (int)step->flags, step->with.rlimit[0], step->with.rlimit[1], error);
}

void step_describe_rlimit(const Step *step, StrBuf *text)
{
    const char *words[2];
    char numbers[2][24];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(numbers[i], sizeof(numbers[i]), "%llu",
                       (unsigned long long)step->with.rlimit[i]);
        words[i] = step->with.rlimit[i] == UINT64_MAX ? "unlimited" : numbers[i];
    }
    strbuf_printf(text, "%s soft %s hard %s", rlimit_name((int)step->flags), words[0], words[1]);
}

/* By the parent: the child of a user namespace does not own its own file. */
int step_oom_score(Runner *runner, const Step *step, Error *error)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)*step->with.number);
    int r = file_write_text_at(runner->child_proc_fd, "oom_score_adj", text);
    return r < 0 ? error_errno(error, r, "oom_score_adj %s", text) : 0;
}

void step_describe_number(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%lld", (long long)*step->with.number);
}

/* The directory must be inside: a descriptor that leaked in from the host must not become the
 * working directory through /proc/self/fd/N (CVE-2024-21626). Our own, which the steps before
 * needed, are closed here: neither this path nor the program's finds more than a socket. */
int step_chdir(Runner *runner, const Step *step, Error *error)
{
    fd_closep(&runner->root_fd);
    fd_closep(&runner->procfs_fd);
    int r = chdir(step->target) < 0 ? -errno : 0;
    /* WORKDIR /root for a user who is not: as with runc, what the container's root may enter is
     * entered. The capabilities are set to the end in a later step. */
    if (r == -EACCES && capability_use_permitted(NULL) == 0 && chdir(step->target) == 0)
        r = 0;
    if (r < 0)
        return error_errno(error, r, "chdir %s", step->target);
    char path[4096];
    long length = syscall(SYS_getcwd, path, sizeof(path));
    if (length < 0 || path[0] != '/') /* the kernel says "(unreachable)/..." outside the root */
        return error_set(error, ERROR_DENIED, EPERM, "%s is outside the container's root",
                         step->target);
    return 0;
}

int step_no_new_privs(Runner *runner UNUSED, const Step *step UNUSED, Error *error)
{
    return identity_set_no_new_privs(error);
}

static int step_apparmor(const Runner *runner, const char *profile, Error *error)
{
    int fd CLEANUP(fd_closep) = procfs_open(runner->procfs_fd, "thread-self/attr/apparmor/exec",
                                            O_WRONLY | O_CLOEXEC, error);
    if (fd == -ENOENT) { /* before Linux 5.8 */
        error_clear(error);
        fd = procfs_open(runner->procfs_fd, "thread-self/attr/exec", O_WRONLY | O_CLOEXEC, error);
    }
    int r = fd < 0 ? fd : lsm_set_exec_label(fd, LSM_APPARMOR, profile, error);
    if (fd == -ENOENT || r == -EINVAL)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "profile \"%.200s\": AppArmor is not active on this host", profile);
    return r;
}

/* Its file is the one that all modules share: procfs has directories of AppArmor and Smack only. */
static int step_selinux(const Runner *runner, const char *label, Error *error)
{
    int fd CLEANUP(fd_closep) =
        procfs_open(runner->procfs_fd, "thread-self/attr/exec", O_WRONLY | O_CLOEXEC, error);
    int r = fd < 0 ? fd : lsm_set_exec_label(fd, LSM_SELINUX, label, error);
    if (r == -ENOENT || r == -EINVAL)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "label \"%.200s\": SELinux is not active on this host, or its policy does "
                         "not know the label",
                         label);
    return r;
}

int step_label(Runner *runner, const Step *step, Error *error)
{
    return str_eq(step->target, "apparmor") ? step_apparmor(runner, step->source, error)
                                            : step_selinux(runner, step->source, error);
}

static const char *step_env_get(const StrList *env, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = env->count; i > 0; i--)
        if (strncmp(env->items[i - 1], name, length) == 0 && env->items[i - 1][length] == '=')
            return env->items[i - 1] + length + 1;
    return NULL;
}

/* HOME from passwd, after what the caller gave, unless it gave one that says something. */
static char **step_environment(Runner *runner, const StepExec *exec)
{
    const StrList *env = exec->env;
    bool add_home = exec->set_home && runner->home && str_empty(step_env_get(env, "HOME"));
    char **list = arena_alloc(runner->arena, (env->count + 2) * sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < env->count; i++)
        if (!add_home || !str_starts(env->items[i], "HOME="))
            list[n++] = env->items[i];
    if (add_home)
        list[n++] = arena_printf(runner->arena, "HOME=%s", runner->home);
    return list;
}

/* What a shell's user expects, 127 for what is not there, 126 for what cannot be executed;
 * and the words by which docker and podman tell the two: a script that is given as one word, and is
 * longer than a message, must not push them out. */
static int step_exec_error(const char *command, int code, Error *error)
{
    enum { SHOWN = 400 };
    bool in_path = !strchr(command, '/');
    const char *more = strlen(command) > SHOWN ? "..." : "";
    if (code == ENOENT || code == ENOTDIR)
        return error_set(error, ERROR_NO_COMMAND, ENOENT,
                         in_path ? "exec: \"%.*s%s\": executable file not found in $PATH"
                                 : "exec: \"%.*s%s\": no such file or directory",
                         SHOWN, command, more);
    return error_set(error, ERROR_NOT_EXECUTABLE, code, "exec: \"%.*s%s\": %s", SHOWN, command,
                     more,
                     code == EACCES   ? "permission denied"
                     : code == EISDIR ? "permission denied: is a directory"
                                      : strerror(code));
}

/* By root, so what only the container's user may not execute is found out later. */
int step_exec_check(Runner *runner UNUSED, const Step *step, Error *error)
{
    const StepExec *exec = step->with.exec;
    int code = step->in || !exec->args
                   ? 0
                   : execute_check(exec->args->items[0], step_env_get(exec->env, "PATH"));
    return code == 0 ? 0 : step_exec_error(exec->args->items[0], code, error);
}

int step_exec(Runner *runner, const Step *step, Error *error)
{
    const StepExec *exec = step->with.exec;
    if (!exec->args)
        return error_set(error, ERROR_USAGE, EINVAL, "missing: there is nothing to run");
    char **env = step_environment(runner, exec);

    if (step->in) { /* ambit-init by descriptor; it searches and execs the command */
        int fd = runner_slot(runner, step, error);
        if (fd < 0)
            return fd;
        char **args = arena_alloc(runner->arena, (exec->args->count + 2) * sizeof(*args));
        args[0] = (char *)"ambit-init";
        memcpy(args + 1, exec->args->items, exec->args->count * sizeof(*args));
        (void)syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH);
        return error_errno(error, errno, "exec of ambit-init");
    }
    int code = execute_command(exec->args->items, env, step_env_get(exec->env, "PATH"));
    return step_exec_error(exec->args->items[0], code, error);
}

void step_describe_exec(const Step *step, StrBuf *text)
{
    static const StrList nothing;
    const StrList *args = step->with.exec->args ? step->with.exec->args : &nothing;
    for (size_t i = 0; i < args->count && i < 8; i++)
        strbuf_printf(text, "%s%s", i ? " " : "", args->items[i]);
    if (args->count > 8)
        strbuf_add(text, " ...");
}
