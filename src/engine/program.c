/*
 * One pipe tells the caller how it went: the stage sends the child's pid, whoever fails sends the
 * error, and the end of the pipe without an error means that exec has succeeded.
 *
 * The trap: a change of ids and exec of a privileged program forget the parent-death signal, and a
 * parent may die before it is set. So it is set last, and the parent is asked for afterwards,
 * through a pidfd: its pid may mean nothing in the child's pid namespace.
 */
#include "engine/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/foreground.h"
#include "linux/clone.h"
#include "linux/descriptors.h"
#include "linux/execute.h"
#include "linux/identity.h"
#include "linux/terminal.h"

const char *program_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

int program_exec(const StrList *command, char *const *environment, int keep_fd, Error *error)
{
    int r = descriptors_close(0, &keep_fd, 1, error);
    if (r < 0)
        return r;
    const char *name = command->items[0];
    int code = execute_command(command->items, environment, program_variable(environment, "PATH"));
    if (code == ENOENT || code == ENOTDIR)
        return error_set(error, ERROR_NO_COMMAND, ENOENT,
                         !strchr(name, '/') ? "'%s': command not found" : "'%s': no such file",
                         name);
    return error_set(error, ERROR_NOT_EXECUTABLE, code, "'%s': cannot be executed: %s", name,
                     strerror(code));
}

/* What goes through the pipe: smaller than PIPE_BUF, so it comes whole. */
typedef struct ProgramReport {
    pid_t pid; /* > 0: of the child; else it failed */
    Error error;
} ProgramReport;

typedef struct ProgramRun {
    const Program *program;
    int report_fds[2];       /* pipe; the write end is closed by the caller after the fork */
    int parent_fd;           /* pidfd of the caller */
    int child_fd;            /* pidfd of the child, where the child is made here */
    int master_fd, slave_fd; /* the program's terminal, or -1 */
    sigset_t signals;        /* the caller's mask before */
    sigset_t blocked;        /* what it blocks while it waits */
} ProgramRun;

static void program_run_done(ProgramRun *run)
{
    fd_closep(&run->report_fds[0]);
    fd_closep(&run->report_fds[1]);
    fd_closep(&run->parent_fd);
    fd_closep(&run->child_fd);
    fd_closep(&run->master_fd);
    fd_closep(&run->slave_fd);
}

_Noreturn static void program_fail(const ProgramRun *run, const Error *error)
{
    ProgramReport report = { .error = *error };
    (void)!fd_write_all(run->report_fds[1], &report, sizeof(report));
    _exit(error_exit_status(error));
}

/* In the child. */
static int program_tie(const ProgramRun *run, Error *error)
{
    int r = identity_set_parent_death_signal(SIGKILL, error);
    struct pollfd parent = { .fd = run->parent_fd, .events = POLLIN };
    if (r == 0 && clone_pidfd_poll(&parent, 1, 0) != 0)
        r = error_set(error, ERROR_SYSTEM, ESRCH, "the calling process has ended");
    return r;
}

_Noreturn static void program_child(const ProgramRun *run)
{
    const Program *program = run->program;
    Error error = { 0 };
    int r = 0;
    if (run->slave_fd >= 0)
        r = terminal_make_controlling(run->slave_fd, &error);
    else if (program->session)
        r = identity_new_session(&error);
    if (r == 0 && program->prepare)
        r = program->prepare(program->context, &error);
    if (r == 0)
        r = program_tie(run, &error);
    if (r == 0) {
        (void)signal(SIGPIPE, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &run->signals, NULL);
        (void)program_exec(program->command, program->environment, run->report_fds[1], &error);
    }
    program_fail(run, &error);
}

_Noreturn static void program_stage(const ProgramRun *run)
{
    Error error = { 0 };
    int r = run->program->stage(run->program->context, &error);
    if (r < 0)
        program_fail(run, &error);
    CloneOptions options = { .flags = CLONE_PARENT, .cgroup_fd = -1 };
    ProgramReport report = { .pid = clone_process(&options, &error) };
    if (report.pid < 0)
        program_fail(run, &error);
    if (report.pid == 0)
        program_child(run);
    _exit(fd_write_all(run->report_fds[1], &report, sizeof(report)) < 0);
}

/* One report; 0 at the end of the pipe. */
static int program_listen(int fd, ProgramReport *ret_report, Error *error)
{
    for (;;) {
        ssize_t n = read(fd, ret_report, sizeof(*ret_report));
        if (n == 0)
            return 0;
        if (n == (ssize_t)sizeof(*ret_report))
            return 1;
        if (n >= 0 || errno != EINTR)
            return error_errno(error, n < 0 ? errno : EPROTO, "waiting for the program");
    }
}

/* Forks; the child's pid. With a stage it is a grandchild that is made our child (CLONE_PARENT). */
static pid_t program_fork(ProgramRun *run, Error *error)
{
    CloneOptions options = { .cgroup_fd = -1 };
    /* With the child itself: once it has mounted a proc of its new pid namespace, and we share the
     * mount namespace, its number is not to be found any more. */
    options.ret_pidfd = run->program->stage ? NULL : &run->child_fd;
    pid_t pid = clone_process(&options, error);
    if (pid == 0 && run->program->stage)
        program_stage(run);
    if (pid == 0)
        program_child(run);
    fd_closep(&run->report_fds[1]);
    fd_closep(&run->slave_fd);
    if (pid < 0 || !run->program->stage)
        return pid;

    ProgramReport report;
    int status;
    int r = program_listen(run->report_fds[0], &report, error);
    int waited = clone_wait(pid, &status, NULL);
    if (r < 0 || waited < 0)
        return r < 0 ? r : waited;
    if (r == 0)
        return error_set(error, ERROR_SYSTEM, EPROTO, "the process between was killed");
    if (report.pid > 0)
        return report.pid;
    if (error)
        *error = report.error;
    return -report.error.code;
}

/* Until exec has succeeded or failed, then until the program ends. */
static int program_wait(ProgramRun *run, pid_t pid, int *ret_status, Error *error)
{
    ProgramReport report;
    int pidfd CLEANUP(fd_closep) =
        run->child_fd >= 0 ? TAKE_FD(run->child_fd) : clone_pidfd_open(pid, error);
    if (pidfd < 0)
        return pidfd;
    int r = program_listen(run->report_fds[0], &report, error);
    if (r != 0) {
        int status;
        if (r < 0)
            (void)!clone_pidfd_signal(pidfd, SIGKILL, NULL);
        (void)!clone_wait(pid, &status, NULL);
        if (r > 0 && error)
            *error = report.error;
        return r > 0 ? -report.error.code : r;
    }
    Foreground foreground = {
        .interactive = true,
        .terminal = run->program->terminal,
        .terminal_fd = run->master_fd,
        .pid = pid,
        .pidfd = pidfd,
    };
    return foreground_wait(&foreground, &run->blocked, ret_status, error);
}

/* All descriptors that are needed on the way. */
static int program_open(ProgramRun *run, Error *error)
{
    if (run->program->terminal) {
        run->master_fd = terminal_open_master(AT_FDCWD, "/dev/ptmx", error);
        if (run->master_fd < 0)
            return run->master_fd;
        run->slave_fd = terminal_open_peer(run->master_fd, error);
        if (run->slave_fd < 0)
            return run->slave_fd;
    }
    if (pipe2(run->report_fds, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    run->parent_fd = clone_pidfd_open(getpid(), error);
    return run->parent_fd < 0 ? run->parent_fd : 0;
}

int program_run(const Program *program, int *ret_status, Error *error)
{
    ProgramRun run CLEANUP(program_run_done) = {
        .program = program,
        .report_fds = { -1, -1 },
        .parent_fd = -1,
        .child_fd = -1,
        .master_fd = -1,
        .slave_fd = -1,
    };
    int r = program_open(&run, error);
    if (r < 0)
        return r;
    (void)sigprocmask(SIG_SETMASK, NULL, &run.signals);
    foreground_block_signals(&run.blocked);
    pid_t pid = program_fork(&run, error);
    r = pid < 0 ? pid : program_wait(&run, pid, ret_status, error);
    (void)sigprocmask(SIG_SETMASK, &run.signals, NULL);
    return r;
}
