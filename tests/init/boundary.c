/* Trying what a boundary should refuse. Success is told by the exit status, the reason of a refusal
 * by the message. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "words.h"

static int unshare_run(int count, char **words)
{
    int flags = 0;
    for (int i = 0; i < count; i++)
        flags |= (int)words_namespace(words[i]);
    return unshare(flags) == 0 ? 0 : command_failed("unshare", words[0]);
}

static int setns_run(int count, char **words)
{
    (void)count;
    int fd = open(words[0], O_RDONLY | O_CLOEXEC);
    return fd >= 0 && setns(fd, 0) == 0 ? 0 : command_failed("setns", words[0]);
}

static int socket_run(int count, char **words)
{
    (void)count;
    int fd = socket((int)words_family(words[0]), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && (errno == ESOCKTNOSUPPORT || errno == EPROTONOSUPPORT))
        fd = socket((int)words_family(words[0]), SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 ? close(fd) : command_failed("socket", words[0]);
}

static int mount_run(int count, char **words)
{
    (void)count;
    unsigned long flags = strcmp(words[0], "bind") == 0 ? MS_BIND : 0;
    bool done = mount(words[1], words[2], words[0], flags, NULL) == 0;
    return done ? 0 : command_failed("mount", words[2]);
}

static int remount_run(int count, char **words)
{
    (void)count;
    bool done = mount(NULL, words[0], NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
    return done ? 0 : command_failed("remount", words[0]);
}

static int umount_run(int count, char **words)
{
    (void)count;
    return umount2(words[0], MNT_DETACH) == 0 ? 0 : command_failed("umount", words[0]);
}

static int chroot_run(int count, char **words)
{
    (void)count;
    return chroot(words[0]) == 0 ? 0 : command_failed("chroot", words[0]);
}

static int setuid_run(int count, char **words)
{
    (void)count;
    return setuid((uid_t)command_number(words[0])) == 0 ? 0 : command_failed("setuid", words[0]);
}

static int tiocsti_run(int count, char **words)
{
    (void)count;
    return ioctl(STDIN_FILENO, TIOCSTI, words[0]) == 0 ? 0 : command_failed("tiocsti", words[0]);
}

/* syscall NUMBER [ARGUMENT...]: any system call, for filters; prints the answer */
static int syscall_run(int count, char **words)
{
    long a[6] = { 0 };
    for (int i = 1; i < count && i <= 6; i++)
        a[i - 1] = command_number(words[i]);
    long answer = syscall(command_number(words[0]), a[0], a[1], a[2], a[3], a[4], a[5]);
    if (answer < 0)
        return command_failed("syscall", words[0]);
    printf("%ld\n", answer);
    return 0;
}

const Command boundary_commands[] = {
    { "chroot", "DIR", 1, chroot_run },
    { "mount", "bind|TYPE SOURCE TARGET", 3, mount_run },
    { "remount", "TARGET", 1, remount_run },
    { "setns", "PATH", 1, setns_run },
    { "setuid", "UID", 1, setuid_run },
    { "socket", "FAMILY", 1, socket_run },
    { "syscall", "NUMBER [ARGUMENT...]", 1, syscall_run },
    { "tiocsti", "CHARACTER", 1, tiocsti_run },
    { "umount", "TARGET", 1, umount_run },
    { "unshare", "NAMESPACE...", 1, unshare_run },
    { NULL, NULL, 0, NULL },
};
