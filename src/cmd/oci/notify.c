/*
 * The trap: the container's program writes what it likes into the socket. One line beginning with
 * READY= is taken from it, cut to what fits, and no other; MAINPID is ours to say.
 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "bundle.h"
#include "linux/clone.h"
#include "log.h"

#define NOTIFY_DIRECTORY "notify"
#define NOTIFY_SOCKET    "notify.sock"
#define NOTIFY_INSIDE    "/run/notify"

enum { NOTIFY_TEXT_MAX = 4096, NOTIFY_BARRIER_MS = 30000 };

const char *notify_host(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    return str_empty(path) ? NULL : path;
}

void notify_extend_spec(Spec *spec, const char *state, Arena *arena)
{
    static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
    SpecMount *mount =
        arena_append(arena, &spec->mounts.items, &spec->mounts.count, sizeof(*mount));
    *mount = (SpecMount){
        .destination = NOTIFY_INSIDE,
        .type = "bind",
        .source = arena_printf(arena, "%s/" NOTIFY_DIRECTORY, state),
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        strlist_append(arena, &mount->options, options[i]);
    if (spec->process)
        bundle_set_env(&spec->process->env, arena,
                       "NOTIFY_SOCKET=" NOTIFY_INSIDE "/" NOTIFY_SOCKET);
}

int notify_make_directory(int state_fd, Error *error)
{
    if (mkdirat(state_fd, NOTIFY_DIRECTORY, 0755) < 0)
        return error_errno(error, errno, "directory for the notification socket");
    return 0;
}

int notify_bind(int state_fd, Error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(address.sun_path, sizeof(address.sun_path),
                   "/proc/self/fd/%d/" NOTIFY_DIRECTORY "/" NOTIFY_SOCKET, state_fd);
    if (faccessat(state_fd, NOTIFY_DIRECTORY, F_OK, 0) < 0)
        return error_errno(error, errno, "notification socket");
    int fd CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(address.sun_path, 0777) < 0) /* whoever the program is inside */
        return error_errno(error, errno, "notification socket");
    return TAKE_FD(fd);
}

static int notify_connect(Error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = notify_host();
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path))
        return error_errno(error, ENAMETOOLONG, "NOTIFY_SOCKET: %s", path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* in the abstract namespace */
    int fd CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) < 0)
        return error_errno(error, errno, "NOTIFY_SOCKET: %s", path);
    return TAKE_FD(fd);
}

/* sd_notify_barrier(3): the manager has read everything when it closes the descriptor. */
static int notify_barrier(int host, Error *error)
{
    static const char text[] = "BARRIER=1";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "NOTIFY_SOCKET: pipe");
    int wait CLEANUP(fd_closep) = ends[0];
    int r = fd_send(host, text, strlen(text), &ends[1], 1);
    fd_close(ends[1]);
    if (r < 0)
        return error_errno(error, r, "NOTIFY_SOCKET: %s", text);
    struct pollfd poller = { .fd = wait };
    do
        r = poll(&poller, 1, NOTIFY_BARRIER_MS);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        log_line(LOG_LEVEL_WARNING, "NOTIFY_SOCKET: the barrier was not confirmed within 30 s");
    return 0;
}

static int notify_tell(const char *ready, size_t length, pid_t main_pid, Error *error)
{
    int host CLEANUP(fd_closep) = notify_connect(error);
    if (host < 0)
        return host;
    char text[NOTIFY_TEXT_MAX + 1];
    int n = snprintf(text, sizeof(text), "%.*s\n", (int)length, ready);
    if (send(host, text, (size_t)n, MSG_NOSIGNAL) < 0)
        return error_errno(error, errno, "NOTIFY_SOCKET");
    n = snprintf(text, sizeof(text), "MAINPID=%d\n", (int)main_pid);
    if (send(host, text, (size_t)n, MSG_NOSIGNAL) < 0)
        return error_errno(error, errno, "NOTIFY_SOCKET");
    return notify_barrier(host, error);
}

/*
 * What the program says from now on is taken, and thrown away: nobody reads the socket any more,
 * and a full one would hold the program. The descriptor of a barrier is closed with its message.
 */
static void notify_toss(int socket)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog filter = { .len = 1, .filter = &nothing };
    char byte;
    (void)setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
    while (recv(socket, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
        continue;
}

/* The line that begins with READY=, or NULL. */
static const char *notify_ready(const char *text, size_t *ret_length)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        *ret_length = strcspn(line, "\n");
        if (str_starts(line, "READY="))
            return line;
    }
    return NULL;
}

int notify_forward(int socket, int pidfd, pid_t main_pid, const sigset_t *signals, Error *error)
{
    int signal_fd CLEANUP(fd_closep) = signals ? signalfd(-1, signals, SFD_CLOEXEC) : -1;
    struct pollfd pollers[] = {
        { .fd = pidfd, .events = POLLIN },
        { .fd = socket, .events = POLLIN },
        { .fd = signal_fd, .events = POLLIN },
    };
    for (;;) {
        if (clone_pidfd_poll(pollers, ARRAY_LEN(pollers), -1) < 0 && errno != EINTR)
            return error_errno(error, errno, "notification socket");
        char text[NOTIFY_TEXT_MAX];
        size_t length;
        ssize_t n = recv(socket, text, sizeof(text) - 1, MSG_DONTWAIT);
        text[n > 0 ? n : 0] = '\0';
        const char *ready = notify_ready(text, &length);
        if (ready) {
            int r = notify_tell(ready, length, main_pid, error);
            notify_toss(socket);
            return r;
        }
        if (pollers[0].revents || pollers[2].revents)
            return 0;
    }
}
