/*
 * ambit-init: pid 1 of a container run with --init.
 *
 * The kernel gives pid 1 two duties that ordinary programs do not expect: it inherits every orphan
 * and must reap it, and signals whose action is the default are ignored for it. So this program
 * starts the command as its only child, passes on every signal it gets, reaps everything, and ends
 * with the command's exit status.
 *
 * It is executed by descriptor from outside the container (no file of it exists inside) and does
 * nothing else: no files, no allocation.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int init_failed(const char *what)
{
    int code = errno;
    (void)dprintf(STDERR_FILENO, "ambit-init: %s: %s\n", what, strerror(code));
    return code == ENOENT ? 127 : 126;
}

/* In the child: its own process group, in the foreground of the terminal if there is one, so that
 * Ctrl-C reaches the command's group and not this program. */
_Noreturn static void init_command(char **argv, const sigset_t *original)
{
    (void)setpgid(0, 0);
    /* SIGTTOU would stop a background process here; it is still blocked. */
    if (isatty(STDIN_FILENO))
        (void)tcsetpgrp(STDIN_FILENO, getpid());
    (void)sigprocmask(SIG_SETMASK, original, NULL);
    (void)execvp(argv[0], argv);
    _exit(init_failed(argv[0]));
}

/* Reaps all that can be reaped. True when the command itself was among them. */
static int init_reap(pid_t command, int *ret_status)
{
    int ended = 0, status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == command) {
            *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            ended = 1;
        }
    }
    return ended;
}

static int init_supervise(pid_t command, const sigset_t *signals)
{
    int status = 0;
    for (;;) {
        int sig = sigwaitinfo(signals, NULL);
        if (sig < 0 && errno != EINTR)
            return init_failed("sigwaitinfo");
        if (sig == SIGCHLD) {
            if (init_reap(command, &status))
                return status;
        } else if (sig > 0 && sig != SIGTTIN && sig != SIGTTOU) {
            (void)kill(command, sig);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)dprintf(STDERR_FILENO, "usage: ambit-init COMMAND [ARG...]\n");
        return 125;
    }
    if (getpid() != 1) /* without a pid namespace of its own: orphans still come here */
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);

    /* Faults of this program itself must stay fatal. */
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
    sigset_t signals, original;
    (void)sigfillset(&signals);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        (void)sigdelset(&signals, faults[i]);
    (void)sigprocmask(SIG_SETMASK, &signals, &original);

    pid_t command = fork();
    if (command < 0)
        return init_failed("fork");
    if (command == 0)
        init_command(argv + 1, &original);
    return init_supervise(command, &signals);
}
