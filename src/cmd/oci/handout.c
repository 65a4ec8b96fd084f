/*
 * What a caller gets of a process that was made for him: its terminal, a pidfd, its number.
 */
#include "handout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/terminal.h"

int handout_check_console(bool terminal, bool detached, bool socket, Error *error)
{
    if (detached && terminal && !socket)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "process.terminal: cannot allocate tty if ambit-oci will detach without "
                         "setting console socket: use --console-socket");
    if (socket && !(terminal && detached))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--console-socket: cannot use console socket if ambit-oci will not detach "
                         "or allocate tty");
    return 0;
}

int handout_write_pid(const char *path, pid_t pid, Error *error)
{
    char text[24], name[PATH_MAX];
    (void)snprintf(text, sizeof(text), "%d", (int)pid);
    /* Whole or not at all: callers poll for the file. */
    int n = snprintf(name, sizeof(name), "%s.ambit-%d", path, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof(name))
        return error_errno(error, ENAMETOOLONG, "--pid-file: %s", path);
    int fd CLEANUP(fd_closep) = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_errno(error, errno, "--pid-file: %s", path);
    int r = fd_write_all(fd, text, strlen(text));
    if (r == 0 && rename(name, path) < 0)
        r = -errno;
    if (r < 0)
        (void)unlink(name);
    return r < 0 ? error_errno(error, r, "--pid-file: %s", path) : 0;
}

/* One descriptor to a listening Unix socket, with a text. */
static int handout_send_fd(const char *option, const char *path, int fd, const char *text,
                           Error *error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path))
        return error_errno(error, ENAMETOOLONG, "--%s: %s", option, path);
    (void)memcpy(address.sun_path, path, strlen(path));
    int end CLEANUP(fd_closep) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (end < 0 || connect(end, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return error_errno(error, errno, "--%s: %s", option, path);
    int r = fd_send(end, text, strlen(text), &fd, 1);
    return r < 0 ? error_errno(error, r, "--%s: %s", option, path) : 0;
}

int handout_launched(const Instance *instance, Error *error)
{
    const InstanceOptions *options = instance->options;
    const Launched *launched = &instance->launched;
    int r = 0;
    if (options->console_socket) {
        unsigned number = 0;
        char name[32];
        (void)!terminal_number(launched->terminal_fd, &number, NULL);
        (void)snprintf(name, sizeof(name), "/dev/pts/%u", number);
        r = handout_send_fd("console-socket", options->console_socket, launched->terminal_fd, name,
                            error);
    }
    if (r == 0 && options->pidfd_socket)
        r = handout_send_fd("pidfd-socket", options->pidfd_socket, launched->pidfd,
                            instance->record.id, error);
    if (r == 0 && options->pid_file)
        r = handout_write_pid(options->pid_file, launched->pid, error);
    return r;
}
