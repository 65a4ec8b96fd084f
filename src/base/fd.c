/*
 * The trap of this file: SCM_RIGHTS control buffers must be aligned and sized with CMSG_SPACE, and
 * a receiver that offers too little room loses descriptors silently (MSG_CTRUNC), so that is an
 * error here.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

void fd_close(int fd)
{
    if (fd < 0)
        return;
    int saved = errno;
    (void)close(fd); /* on Linux the descriptor is gone whatever close answers */
    errno = saved;
}

void fd_closep(int *fd)
{
    fd_close(*fd);
    *fd = -1;
}

int fd_fill_standard(void)
{
    struct pollfd fds[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };
    int r;
    do
        r = poll(fds, 3, 0);
    while (r < 0 && errno == EINTR);
    for (int fd = 0; fd <= 2; fd++)
        if (r < 0 || (fds[fd].revents & POLLNVAL))
            if (open("/dev/null", O_RDONLY | O_NOCTTY) != fd)
                return -EBADF;
    return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
    const char *p = data;
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t fd_read(int fd, void *buffer, size_t size)
{
    ssize_t n;
    do
        n = read(fd, buffer, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int fd_read_all(int fd, size_t limit, Arena *arena, char **ret_data, size_t *ret_size)
{
    struct stat st;
    size_t room = 4096;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uint64_t)st.st_size > limit)
            return -EFBIG;
        room = (size_t)st.st_size + 1; /* one byte more, so that the end shows in one read */
    }
    char *data = arena_alloc(arena, room + 1);
    size_t size = 0;
    for (;;) {
        ssize_t n = fd_read(fd, data + size, room - size);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > limit)
            return -EFBIG;
        if (size == room) {
            char *grown = arena_alloc(arena, 2 * room + 1);
            memcpy(grown, data, size);
            data = grown;
            room *= 2;
        }
    }
    data[size] = '\0';
    *ret_data = data;
    if (ret_size)
        *ret_size = size;
    return 0;
}

ssize_t fd_read_text(int fd, char *buffer, size_t size)
{
    ssize_t n = fd_read(fd, buffer, size - 1);
    if (n >= 0)
        buffer[n] = '\0';
    return n;
}

int fd_memory(const char *name, const void *data, size_t size)
{
    int fd CLEANUP(fd_closep) = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fd_write_all(fd, data, size);
    if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    return r < 0 ? r : TAKE_FD(fd);
}

int fd_send(int socket, const void *data, size_t size, const int *fds, size_t count)
{
    if (count > FD_PASS_MAX || size == 0)
        return -EINVAL;

    struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
    } control;
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (count > 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    ssize_t n;
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == size ? 0 : -EIO;
}

ssize_t fd_receive(int socket, void *data, size_t size, int *fds, size_t *count)
{
    struct iovec iov = { .iov_base = data, .iov_len = size };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
    } control;
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;

    size_t got = 0, room = *count;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
            if (got < room)
                fds[got++] = fd;
            else
                fd_close(fd);
        }
    }
    *count = got;
    if (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
        for (size_t i = 0; i < got; i++)
            fd_close(fds[i]);
        *count = 0;
        return -EMSGSIZE;
    }
    return n;
}

const char *fd_path(int fd, char buffer[FD_PATH_SIZE])
{
    (void)snprintf(buffer, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
    return buffer;
}

bool fd_is_pipe(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && (uint64_t)fs.f_type == PIPEFS_MAGIC;
}
