/*
 * The foreground loop: one poll over the signals, the container's pidfd and three channels at most.
 *
 * Invariants: nothing here blocks but the poll; and what the container's process wrote before it
 * exited is written before relay_run returns. The trap: its exit and its last output come by
 * different ways. After the pidfd said so, each output is read until a poll finds nothing in it
 * (on a pty the kernel itself finishes what is under way before it says so), and no timer decides.
 */
#include "linux/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "linux/clone.h"
#include "linux/relay_channel.h"
#include "linux/terminal.h"

enum {
    RELAY_IN,
    RELAY_OUT,
    RELAY_ERR,
    RELAY_CHANNELS,

    /* Until a pty that nobody has open is looked at again: doubled up to the longest. */
    RELAY_PAUSE_FIRST_MS = 10,
    RELAY_PAUSE_LONGEST_MS = 320,
};

static const char *const relay_channel_names[RELAY_CHANNELS] = {
    [RELAY_IN] = "standard input",
    [RELAY_OUT] = "standard output",
    [RELAY_ERR] = "standard error",
};

/* Where each descriptor is in the array for poll. */
enum { POLL_PIDFD, POLL_SIGNALS, POLL_CHANNELS, POLL_MAX = POLL_CHANNELS + 2 * RELAY_CHANNELS };

typedef struct Relay {
    const RelayOptions *options;
    RelayChannel channels[RELAY_CHANNELS];
    DetachKeys detach;
    int signal_fd;
    bool exited;
    unsigned pause_ms;      /* of a pty that is hung up */
    uint64_t held_since_ms; /* when the detach keys began to hold what they hold */
} Relay;

static void relay_done(Relay *relay)
{
    for (int i = 0; i < RELAY_CHANNELS; i++)
        relay_channel_done(&relay->channels[i]);
    fd_close(relay->signal_fd);
}

/* The user's size becomes the container's. A user without a terminal has none. */
static void relay_resize(const RelayOptions *options)
{
    uint16_t rows, columns;
    if (options->terminal < 0)
        return;
    if ((options->user_in >= 0 && terminal_size(options->user_in, &rows, &columns) == 0) ||
        (options->user_out >= 0 && terminal_size(options->user_out, &rows, &columns) == 0))
        (void)!terminal_resize(options->terminal, rows, columns, NULL);
}

static int relay_set_nonblocking(int fd, Error *error)
{
    int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);
    if (fd >= 0 && (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
        return error_errno(error, errno, "make descriptor %d non-blocking", fd);
    return 0;
}

/* One channel between the user's descriptor and the container's; `taken`: it closes the latter. */
static int relay_start_channel(Relay *relay, int index, int user, int container, bool taken,
                               Error *error)
{
    if (container < 0)
        return 0;
    int r = relay_set_nonblocking(container, error), own = -1;
    bool input = index == RELAY_IN;
    if (r >= 0 && user >= 0)
        own = r = relay_channel_reopen(user, !input, error);
    RelayChannel *channel = &relay->channels[index];
    RelayChannelKind kind = RELAY_INPUT;
    if (!input) /* a pty's EIO is an end if nothing else tells the end */
        kind = taken || relay->options->pidfd < 0 ? RELAY_OUTPUT : RELAY_TERMINAL;
    relay_channel_start(channel, kind, input ? own : container, input ? container : own);
    channel->owns_source = input || taken;
    channel->owns_sink = !input || taken;
    if (relay_channel_ended(channel)) /* no input at all: the program is to see its end at once */
        relay_channel_done(channel);
    return r < 0 ? r : 0;
}

static int relay_start(Relay *relay, const RelayOptions *options, Error *error)
{
    *relay = (Relay){ .options = options, .signal_fd = -1, .pause_ms = RELAY_PAUSE_FIRST_MS };
    for (int i = 0; i < RELAY_CHANNELS; i++)
        relay->channels[i].source = relay->channels[i].sink = -1;
    /* The container's descriptors first, all of them: from here on relay_done closes them. */
    bool pty = options->terminal >= 0;
    int r = 0, result = 0;
    if (pty && options->user_in >= 0)
        result =
            relay_start_channel(relay, RELAY_IN, options->user_in, options->terminal, false, error);
    else if (!pty)
        result =
            relay_start_channel(relay, RELAY_IN, options->user_in, options->pipe_in, true, error);
    r = relay_start_channel(relay, RELAY_OUT, options->user_out,
                            pty ? options->terminal : options->pipe_out, !pty,
                            result < 0 ? NULL : error);
    result = result < 0 ? result : r;
    r = pty ? 0
            : relay_start_channel(relay, RELAY_ERR, options->user_err, options->pipe_err, true,
                                  result < 0 ? NULL : error);
    result = result < 0 ? result : r;
    if (result < 0)
        return result;

    if (options->detach && options->detach->count > 0) {
        relay->detach = *options->detach;
        relay->detach.held = 0;
        relay->channels[RELAY_IN].detach = &relay->detach;
    }
    if (options->signals) {
        relay->signal_fd = signalfd(-1, options->signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (relay->signal_fd < 0)
            return error_errno(error, errno, "signalfd");
    }
    relay_resize(options);
    return 0;
}

static void relay_wants(const Relay *relay, struct pollfd fds[POLL_MAX])
{
    fds[POLL_PIDFD] =
        (struct pollfd){ .fd = relay->exited ? -1 : relay->options->pidfd, .events = POLLIN };
    fds[POLL_SIGNALS] = (struct pollfd){ .fd = relay->signal_fd, .events = POLLIN };
    for (int i = 0; i < RELAY_CHANNELS; i++) {
        const RelayChannel *channel = &relay->channels[i];
        struct pollfd *source = &fds[POLL_CHANNELS + 2 * i], *sink = source + 1;
        *source = (struct pollfd){ .fd = relay_channel_wants_source(channel) ? channel->source : -1,
                                   .events = POLLIN };
        *sink = (struct pollfd){ .fd = relay_channel_wants_sink(channel) ? channel->sink : -1,
                                 .events = POLLOUT };
    }
}

/* How long the poll may take, in ms; -1: until something happens. */
static int relay_timeout(const Relay *relay)
{
    int timeout = -1;
    for (int i = 0; i < RELAY_CHANNELS; i++) {
        const RelayChannel *channel = &relay->channels[i];
        if (channel->drain_left > 0 && relay_channel_wants_source(channel))
            return 0;
        if (channel->hung_up)
            timeout = (int)relay->pause_ms;
    }
    if (relay->detach.held > 0 && relay->options->detach_hold_ms > 0) {
        uint64_t end = relay->held_since_ms + relay->options->detach_hold_ms;
        uint64_t now = clock_ms();
        int left = end > now ? (int)(end - now) : 0;
        timeout = timeout < 0 || left < timeout ? left : timeout;
    }
    return timeout;
}

/* 1: the callback wants an end. */
static int relay_take_signals(Relay *relay, Error *error)
{
    const RelayOptions *options = relay->options;
    struct signalfd_siginfo info;
    while (read(relay->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        int signal = (int)info.ssi_signo;
        if (signal == SIGWINCH || signal == SIGCONT)
            relay_resize(options); /* it may have changed while we were stopped */
        if (!options->on_signal || (signal == SIGWINCH && options->terminal >= 0))
            continue;
        int r = options->on_signal(options->context, signal, error);
        if (r != 0)
            return r < 0 ? r : 1;
    }
    return 0;
}

static int relay_move_all(Relay *relay, const struct pollfd fds[POLL_MAX], Error *error)
{
    RelayChannel *out = &relay->channels[RELAY_OUT];
    bool was_hung_up = out->hung_up;
    out->hung_up = false; /* the pause is over, or something happened: worth another look */
    for (int i = 0; i < RELAY_CHANNELS; i++) {
        RelayChannel *channel = &relay->channels[i];
        const struct pollfd *source = &fds[POLL_CHANNELS + 2 * i], *sink = source + 1;
        int r = relay_channel_move(channel, source->fd >= 0 && source->revents,
                                   sink->fd >= 0 && sink->revents, error);
        if (r < 0)
            return error_wrap(error, "%s", relay_channel_names[i]);
    }
    if (!out->hung_up && !was_hung_up)
        relay->pause_ms = RELAY_PAUSE_FIRST_MS;
    else if (out->hung_up && relay->pause_ms < RELAY_PAUSE_LONGEST_MS)
        relay->pause_ms *= 2;

    uint64_t now = relay->detach.held > 0 ? clock_ms() : 0;
    if (fds[POLL_CHANNELS + 2 * RELAY_IN].revents)
        relay->held_since_ms = now;
    else if (relay->detach.held > 0 && relay->options->detach_hold_ms > 0 &&
             now >= relay->held_since_ms + relay->options->detach_hold_ms)
        relay_channel_release_keys(&relay->channels[RELAY_IN]);
    return 0;
}

static void relay_note_exit(Relay *relay)
{
    relay->exited = true;
    relay_channel_drain(&relay->channels[RELAY_OUT]);
    relay_channel_drain(&relay->channels[RELAY_ERR]);
    /* What a person types from now on is for the shell that started us. */
    relay_channel_done(&relay->channels[RELAY_IN]);
}

static bool relay_ended(const Relay *relay, RelayEnd *ret_end)
{
    if (relay->channels[RELAY_IN].detached &&
        !relay_channel_wants_sink(&relay->channels[RELAY_IN])) {
        *ret_end = RELAY_DETACHED;
        return true;
    }
    if (!relay_channel_ended(&relay->channels[RELAY_OUT]) ||
        !relay_channel_ended(&relay->channels[RELAY_ERR]))
        return false;
    *ret_end = relay->exited ? RELAY_EXITED : RELAY_CLOSED;
    return relay->exited || relay->options->pidfd < 0;
}

int relay_run(const RelayOptions *options, RelayEnd *ret_end, Error *error)
{
    Relay relay CLEANUP(relay_done);
    int r = relay_start(&relay, options, error);
    if (r < 0)
        return r;
    while (!relay_ended(&relay, ret_end)) {
        struct pollfd fds[POLL_MAX];
        relay_wants(&relay, fds);
        int ready = clone_pidfd_poll(fds, POLL_MAX, relay_timeout(&relay));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return error_errno(error, errno, "poll");
        r = fds[POLL_SIGNALS].revents ? relay_take_signals(&relay, error) : 0;
        if (r > 0) {
            *ret_end = RELAY_STOPPED;
            return 0;
        }
        if (r >= 0)
            r = relay_move_all(&relay, fds, error);
        if (r < 0)
            return r;
        if (fds[POLL_PIDFD].revents)
            relay_note_exit(&relay);
    }
    return 0;
}
