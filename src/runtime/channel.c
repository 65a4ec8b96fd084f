/*
 * Packets, not a stream: one send is one receive, so there is no framing to get wrong. A message
 * is sent only as long as its kind needs; an Error travels whole.
 */
#include "runtime/channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct {
    const char *name;
    size_t size; /* of the part of Message that travels */
} channel_messages[MESSAGE_KIND_MAX] = {
    [MESSAGE_END] = { "END", 0 },
    [MESSAGE_JOINED] = { "JOINED", offsetof(Message, slots) },
    [MESSAGE_PLACED] = { "PLACED", sizeof(MessageKind) },
    [MESSAGE_MAPPED] = { "MAPPED", sizeof(MessageKind) },
    [MESSAGE_SUPPLIED] = { "SUPPLIED", offsetof(Message, error) },
    [MESSAGE_TERMINAL] = { "TERMINAL", sizeof(MessageKind) },
    [MESSAGE_HOOKS] = { "HOOKS", sizeof(MessageKind) },
    [MESSAGE_HOOKED] = { "HOOKED", offsetof(Message, slots) },
    [MESSAGE_READY] = { "READY", sizeof(MessageKind) },
    [MESSAGE_START] = { "START", sizeof(MessageKind) },
    [MESSAGE_UNHOOKED] = { "UNHOOKED", sizeof(Message) },
    [MESSAGE_FAILED] = { "FAILED", sizeof(Message) },
};

int channel_open(int ret_ends[2], Error *error)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0)
        return error_errno(error, errno, "handshake: socketpair");
    return 0;
}

/* By way of the descriptor: a path of any length fits into sun_path so. */
static int channel_address(int dirfd, const char *name, struct sockaddr_un *address, Error *error)
{
    char directory[FD_PATH_SIZE];
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s",
                     fd_path(dirfd, directory), name);
    if (n < 0 || (size_t)n >= sizeof(address->sun_path))
        return error_set(error, ERROR_SYSTEM, ENAMETOOLONG, "handshake: %s", name);
    return 0;
}

static int channel_socket(Error *error)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return fd < 0 ? error_errno(error, errno, "handshake: socket") : fd;
}

int channel_listen(int dirfd, const char *name, Error *error)
{
    struct sockaddr_un address;
    int r = channel_address(dirfd, name, &address, error);
    int fd CLEANUP(fd_closep) = r < 0 ? r : channel_socket(error);
    if (fd < 0)
        return fd;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
        return error_errno(error, errno, "handshake: listen at %s", name);
    return TAKE_FD(fd);
}

int channel_accept(int socket, Error *error)
{
    int fd;
    do
        fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? error_errno(error, errno, "handshake: accept") : fd;
}

int channel_connect(int dirfd, const char *name, Error *error)
{
    struct sockaddr_un address;
    int r = channel_address(dirfd, name, &address, error);
    int fd CLEANUP(fd_closep) = r < 0 ? r : channel_socket(error);
    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return error_errno(error, errno, "handshake: connect to %s", name);
    return TAKE_FD(fd);
}

int channel_send(int end, const Message *message, const int *fds, size_t count, Error *error)
{
    int r = fd_send(end, message, channel_messages[message->kind].size, fds, count);
    if (r < 0)
        return error_errno(error, r, "handshake: send %s", channel_messages[message->kind].name);
    return 0;
}

void channel_last_words(int end, const Message *message)
{
    (void)!write(end, message, channel_messages[message->kind].size);
}

int channel_tell(int end, MessageKind kind, Error *error)
{
    Message message = { .kind = kind };
    return channel_send(end, &message, NULL, 0, error);
}

int channel_receive(int end, Message *ret_message, int *fds, size_t *count, Error *error)
{
    Message message;
    memset(&message, 0, sizeof(message));
    ssize_t n = fd_receive(end, &message, sizeof(message), fds, count);
    /* The other side died with our message unread. The kernel says so before it hands out what that
     * side said last, and says it once: a FAILED may still be queued. */
    if (n == -ECONNRESET)
        n = fd_receive(end, &message, sizeof(message), fds, count);
    if (n == -ECONNRESET)
        n = 0;
    if (n < 0)
        return error_errno(error, (int)n, "handshake: receive");
    if (n > 0 && (message.kind <= MESSAGE_END || message.kind >= MESSAGE_KIND_MAX ||
                  (size_t)n != channel_messages[message.kind].size))
        return error_set(error, ERROR_CORRUPT, EPROTO, "handshake: malformed message");
    *ret_message = message;
    return 0;
}

int channel_expect(int end, MessageKind kind, Error *error)
{
    Message message = { 0 };
    size_t count = 0;
    int r = channel_receive(end, &message, NULL, &count, error);
    if (r < 0)
        return r;
    if (message.kind == MESSAGE_FAILED || message.kind == MESSAGE_UNHOOKED) {
        if (error)
            *error = message.error;
        return -message.error.code;
    }
    if (message.kind != kind)
        return error_set(error, ERROR_SYSTEM, EPROTO, "handshake: expected %s, got %s",
                         channel_messages[kind].name, channel_messages[message.kind].name);
    return 0;
}
