/*
 * Mounts of other mount namespaces. open_tree(2) clones only what is mounted in the caller's own
 * namespace (EINVAL otherwise, whatever path leads there), so a short-lived child joins the other
 * one and sends the clone back; a detached mount belongs to no namespace and can be attached
 * anywhere.
 *
 * The trap: the tree that the child walks belongs to a container. Its paths end in the container's
 * root, because the child's root is that root, and a symlink at the end is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/clone.h"
#include "linux/mount.h"
#include "linux/namespace.h"

static int mount_foreign_clone(int namespace_fd, const char *path, bool recursive, Error *error)
{
    int r = namespace_join(namespace_fd, NAMESPACE_MOUNT, error);
    if (r < 0)
        return r;
    struct stat st;
    int fd CLEANUP(fd_closep) = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(error, errno, "open %s", path);
    if (S_ISLNK(st.st_mode)) /* O_PATH opens even that */
        return error_errno(error, ELOOP, "open %s", path);
    return mount_clone(fd, "", recursive, error);
}

int mount_clone_of(pid_t pid, const char *path, bool recursive, Error *error)
{
    int namespace_fd CLEANUP(fd_closep) = namespace_open(pid, NAMESPACE_MOUNT, error);
    if (namespace_fd < 0)
        return namespace_fd;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_errno(error, errno, "make a socket pair");
    const CloneOptions options = { .cgroup_fd = -1 };
    pid_t child = clone_process(&options, error);
    if (child == 0) {
        Error failure = { 0 };
        int fd = mount_foreign_clone(namespace_fd, path, recursive, &failure);
        _exit(fd_send(sockets[1], &failure, sizeof(failure), &fd, fd < 0 ? 0 : 1) < 0);
    }
    fd_close(sockets[1]);

    Error answer = { 0 };
    int fd = -1;
    size_t count = 1;
    ssize_t size = child < 0 ? -1 : fd_receive(sockets[0], &answer, sizeof(answer), &fd, &count);
    fd_close(sockets[0]);
    if (child < 0)
        return (int)child;
    (void)!clone_wait(child, NULL, NULL);
    if (size != sizeof(answer) || (answer.code == 0 && count != 1))
        return error_set(error, ERROR_SYSTEM, EIO, "the helper that clones a mount ended");
    if (answer.code == 0)
        return fd;
    if (error)
        *error = answer;
    return -answer.code;
}
