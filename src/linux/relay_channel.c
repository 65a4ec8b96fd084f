/*
 * One direction of copying.
 *
 * Invariants: at most one read and one write follow a poll, so that also a blocking descriptor
 * (one we may not change) does not block; a byte leaves the buffer only after write(2) took it.
 *
 * The trap: a pty master says EIO (poll: POLLHUP, forever) while no process has the slave open.
 * That is the end if the container's process has exited, and just a moment in the life of an init
 * that closes /dev/console and opens it again.
 */
#include "linux/relay_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* What a blocking sink takes without blocking once poll says POLLOUT. */
enum {
    RELAY_BLOCKING_TERMINAL_MAX = 256,
    RELAY_BLOCKING_PIPE_MAX = 4096, /* pipe(7): PIPE_BUF */
};

void relay_channel_start(RelayChannel *channel, RelayChannelKind kind, int source, int sink)
{
    *channel = (RelayChannel){ .kind = kind, .source = source, .sink = sink };
    channel->buffer = mem_alloc(RELAY_CHANNEL_SIZE);
    channel->write_max = RELAY_CHANNEL_SIZE;
    struct stat st;
    if (sink < 0 || fstat(sink, &st) < 0)
        return;
    channel->sink_socket = S_ISSOCK(st.st_mode);
    if (fcntl(sink, F_GETFL) & O_NONBLOCK)
        return;
    if (S_ISFIFO(st.st_mode))
        channel->write_max = RELAY_BLOCKING_PIPE_MAX;
    else if (S_ISCHR(st.st_mode) && isatty(sink))
        channel->write_max = RELAY_BLOCKING_TERMINAL_MAX;
}

static void relay_channel_close_sink(RelayChannel *channel)
{
    if (channel->sink >= 0 && channel->owns_sink) {
        if (channel->sink_socket)
            (void)shutdown(channel->sink, SHUT_WR); /* a duplicate may still be read from */
        fd_close(channel->sink);
    }
    channel->sink = -1;
}

void relay_channel_end_source(RelayChannel *channel)
{
    if (channel->source < 0)
        return;
    if (channel->owns_source)
        fd_close(channel->source);
    channel->source = -1;
    channel->hung_up = false;
    relay_channel_release_keys(channel);
}

void relay_channel_done(RelayChannel *channel)
{
    relay_channel_end_source(channel);
    relay_channel_close_sink(channel);
    mem_freep(&channel->buffer);
}

bool relay_channel_ended(const RelayChannel *channel)
{
    return channel->source < 0 && (channel->sink < 0 || channel->start == channel->end);
}

bool relay_channel_wants_source(const RelayChannel *channel)
{
    size_t used = channel->end - channel->start;
    /* What the detach keys hold may be released in front of what is read. */
    size_t room = RELAY_CHANNEL_SIZE - used;
    if (channel->source < 0 || channel->hung_up || channel->detached || room <= DETACH_KEYS_MAX)
        return false;
    /* Input is a person's: what the program has not taken yet stays with the terminal, where it
     * is not lost when the program ends. */
    return channel->kind != RELAY_INPUT || used == 0;
}

bool relay_channel_wants_sink(const RelayChannel *channel)
{
    return channel->sink >= 0 && channel->start < channel->end;
}

/* Puts bytes after those in the buffer; there is room (relay_channel_wants_source). */
static void relay_channel_take(RelayChannel *channel, const unsigned char *data, size_t size)
{
    unsigned char *end = channel->buffer + channel->end;
    if (channel->detach) {
        channel->end += detach_keys_feed(channel->detach, data, size, end, &channel->detached);
    } else {
        memcpy(end, data, size);
        channel->end += size;
    }
    if (channel->sink < 0)
        channel->start = channel->end = 0;
}

static void relay_channel_compact(RelayChannel *channel)
{
    if (channel->start == 0)
        return;
    memmove(channel->buffer, channel->buffer + channel->start, channel->end - channel->start);
    channel->end -= channel->start;
    channel->start = 0;
}

void relay_channel_release_keys(RelayChannel *channel)
{
    if (!channel->detach || channel->detach->held == 0 || !channel->buffer)
        return;
    relay_channel_compact(channel);
    if (RELAY_CHANNEL_SIZE - channel->end >= DETACH_KEYS_MAX)
        channel->end += detach_keys_release(channel->detach, channel->buffer + channel->end);
}

static int relay_channel_read(RelayChannel *channel, Error *error)
{
    unsigned char data[16 * 1024];
    relay_channel_compact(channel);
    size_t size = RELAY_CHANNEL_SIZE - channel->end - DETACH_KEYS_MAX;
    size = size < sizeof(data) ? size : sizeof(data);
    if (channel->drain_left > 0 && size > channel->drain_left)
        size = channel->drain_left;
    ssize_t n = read(channel->source, data, size);
    if (n > 0) {
        relay_channel_take(channel, data, (size_t)n);
        if (channel->drain_left > 0 && (channel->drain_left -= (size_t)n) == 0)
            relay_channel_end_source(channel);
        return 0;
    }
    int code = n < 0 ? errno : 0;
    if (code == EINTR || (code == EAGAIN && channel->drain_left == 0))
        return 0;
    if (code == EIO && channel->kind == RELAY_TERMINAL && channel->drain_left == 0) {
        channel->hung_up = true;
        return 0;
    }
    /* The end: no bytes, a terminal that is gone (EIO), a peer that is gone. */
    relay_channel_end_source(channel);
    if (code == 0 || code == EAGAIN || code == EIO || code == ECONNRESET)
        return 0;
    return error_errno(error, code, "read");
}

static int relay_channel_write(RelayChannel *channel, Error *error)
{
    size_t size = channel->end - channel->start;
    size = size < channel->write_max ? size : channel->write_max;
    const unsigned char *data = channel->buffer + channel->start;
    ssize_t n = channel->sink_socket ? send(channel->sink, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                     : write(channel->sink, data, size);
    if (n >= 0) {
        channel->start += (size_t)n;
        if (channel->start == channel->end)
            channel->start = channel->end = 0;
        return 0;
    }
    int code = errno;
    if (code == EINTR || code == EAGAIN)
        return 0;
    relay_channel_close_sink(channel);
    channel->start = channel->end = 0;
    if (channel->kind != RELAY_TERMINAL)
        relay_channel_end_source(channel);
    if (code == EPIPE || code == EIO || code == ECONNRESET)
        return 0;
    return error_errno(error, code, "write");
}

int relay_channel_move(RelayChannel *channel, bool source_ready, bool sink_ready, Error *error)
{
    bool wanted = relay_channel_wants_source(channel);
    int r = 0;
    if (source_ready && wanted)
        r = relay_channel_read(channel, error);
    else if (wanted && channel->drain_left > 0)
        relay_channel_end_source(channel);
    if (r >= 0 && sink_ready && relay_channel_wants_sink(channel))
        r = relay_channel_write(channel, error);
    if (relay_channel_ended(channel))
        relay_channel_close_sink(channel);
    return r;
}

void relay_channel_drain(RelayChannel *channel)
{
    if (channel->source >= 0 && channel->drain_left == 0)
        channel->drain_left = RELAY_CHANNEL_DRAIN_MAX;
    channel->hung_up = false; /* one more look: it may have been opened, written and closed */
}

int relay_channel_reopen(int fd, bool for_writing, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "descriptor %d", fd);
    if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd))) {
        char path[FD_PATH_SIZE];
        int own = open(fd_path(fd, path),
                       (for_writing ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0)
            return own;
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? error_errno(error, errno, "duplicate descriptor %d", fd) : copy;
}
