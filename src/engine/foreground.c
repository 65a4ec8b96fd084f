/*
 * Pipes of the caller's are the program's own, and this process only waits and passes signals on.
 * Bytes of terminals and of what the container may not have (streams.h) go through linux/relay.h.
 *
 * Pid 1 of a pid namespace ignores signals it has no handler for, so a program that does not care
 * about SIGINT would keep a person at the keyboard waiting: the third SIGINT or SIGTERM kills. Not
 * so under a runtime, whose caller may have a meaning for each.
 */
#include "engine/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/clone.h"
#include "linux/relay.h"
#include "linux/terminal.h"

enum { FOREGROUND_PATIENCE = 3, FOREGROUND_HOLD_MS = 500 };

typedef struct ForegroundSignals {
    int pidfd;
    bool silent;  /* --sig-proxy=false: nothing is passed on */
    bool patient; /* none of them kills */
    int urgent;   /* SIGINT and SIGTERM so far */
} ForegroundSignals;

int foreground_check(bool interactive, bool terminal, Error *error)
{
    if (!interactive || !terminal || isatty(STDIN_FILENO))
        return 0;
    return error_set(error, ERROR_USAGE, ENOTTY,
                     "--tty: standard input is not a terminal (give --interactive alone)");
}

void foreground_block_signals(sigset_t *ret_signals)
{
    /* Not these: faults of our own, job control of our own, what cannot be blocked. SIGABRT is the
     * watchdog's of systemd, and abort(3) unblocks it. */
    static const int own[] = { SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,
                               SIGSYS,  SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN,
                               SIGTTOU, SIGCHLD, SIGPIPE, SIGPROF, SIGVTALRM };
    (void)sigfillset(ret_signals);
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        (void)sigdelset(ret_signals, own[i]);
    (void)sigprocmask(SIG_BLOCK, ret_signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error code, not our end */
}

static int foreground_on_signal(void *context, int signal, Error *error)
{
    ForegroundSignals *signals = context;
    if (signal == SIGWINCH || signal == SIGURG)
        return 0;
    if (!signals->patient && (signal == SIGINT || signal == SIGTERM) &&
        ++signals->urgent >= FOREGROUND_PATIENCE)
        signal = SIGKILL;
    else if (signals->silent)
        return 0;
    int r = clone_pidfd_signal(signals->pidfd, signal, error);
    return r == -ESRCH ? 0 : r;
}

static int foreground_relay(const Foreground *foreground, const sigset_t *signals,
                            ForegroundSignals *state, Error *error)
{
    DetachKeys keys;
    int r = detach_keys_parse(foreground->detach_keys ? foreground->detach_keys : "ctrl-p,ctrl-q",
                              &keys, error);
    if (r < 0)
        return error_wrap(error, "--detach-keys");

    RelayOptions options = RELAY_OPTIONS_EMPTY;
    options.pidfd = foreground->pidfd;
    options.signals = signals;
    options.on_signal = foreground_on_signal;
    options.context = state;
    if (foreground->terminal) {
        options.terminal = foreground->terminal_fd;
        options.user_in = foreground->interactive ? STDIN_FILENO : -1;
        options.user_out = STDOUT_FILENO;
        options.detach = foreground->transparent ? NULL : &keys;
        options.detach_hold_ms = FOREGROUND_HOLD_MS;
    } else if (foreground->streams) {
        options.user_in = STDIN_FILENO;
        options.user_out = STDOUT_FILENO;
        options.user_err = STDERR_FILENO;
        options.pipe_in = TAKE_FD(foreground->streams->ends[STDIN_FILENO]);
        options.pipe_out = TAKE_FD(foreground->streams->ends[STDOUT_FILENO]);
        options.pipe_err = TAKE_FD(foreground->streams->ends[STDERR_FILENO]);
    }
    TerminalState raw CLEANUP(terminal_restore) = TERMINAL_STATE_EMPTY;
    if (foreground->terminal && foreground->interactive && isatty(STDIN_FILENO)) {
        r = terminal_raw(STDIN_FILENO, &raw, error);
        if (r < 0)
            return r;
    }
    for (;;) {
        RelayEnd end;
        r = relay_run(&options, &end, error);
        if (r < 0 || end != RELAY_DETACHED)
            return r;
        static const char refusal[] = "\r\nambit: a foreground container cannot be detached from: "
                                      "detached containers (-d) are not there yet\r\n";
        (void)!write(STDERR_FILENO, refusal, sizeof(refusal) - 1);
    }
}

int foreground_wait(const Foreground *foreground, const sigset_t *signals, int *ret_status,
                    Error *error)
{
    ForegroundSignals state = {
        .pidfd = foreground->pidfd,
        .silent = foreground->no_signal_proxy,
        .patient = foreground->transparent,
    };
    Error failure = { 0 };
    int r = foreground_relay(foreground, signals, &state, &failure);
    if (r < 0) /* without us nobody looks after the program */
        (void)!clone_pidfd_signal(foreground->pidfd, SIGKILL, NULL);
    int status;
    int waited = clone_wait(foreground->pid, &status, error);
    if (waited < 0)
        return waited;
    if (r < 0) {
        if (error)
            *error = failure;
        return r;
    }
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}
