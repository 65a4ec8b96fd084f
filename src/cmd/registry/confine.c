/*
 * A user namespace in which we are root and outside of it nobody; a mount namespace whose only
 * filesystem is a small read-only tmpfs with what the resolver reads; no capability; Landlock; a
 * filter. Every step is fatal when it fails, but for Landlock where the kernel has none.
 *
 * The trap is the order: ids can only be changed with privileges over the new namespace, which are
 * dropped last.
 */
#include "cmd/registry/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "linux/capability.h"
#include "linux/idmap.h"
#include "linux/landlock.h"
#include "linux/mount.h"
#include "linux/seccomp_allow.h"
#include "linux/syscalls.h"

enum { CONFINE_NOBODY = 65534, CONFINE_FILE_MAX = 1024 * 1024, CONFINE_DATA_MAX = 512 << 20 };

static const char *const confine_calls[] = {
    /* memory, threads, time */
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "futex",
    "set_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "gettimeofday",
    "time",
    "exit",
    "exit_group",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "getpid",
    "gettid",
    "tgkill",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "uname",
    "sysinfo",
    "getrandom",
    "prlimit64",
    /* descriptors, and the few files there are */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "close",
    "fcntl",
    "fstat",
    "newfstatat",
    "statx",
    "lseek",
    "ioctl",
    "openat",
    "access",
    "faccessat",
    "poll",
    "ppoll",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "pipe2",
    "eventfd2",
    "dup",
    "getdents64",
    "readlink",
    "readlinkat",
    /* the network */
    "connect",
    "bind",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    "socketpair",
};

static int confine_filter(Error *error)
{
    /* Threads, not processes; clone3's flags are in memory, where no filter looks: the libc takes
     * clone instead. */
    static const SeccompCondition thread = { 0, SECCOMP_OP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD };
    static const SeccompCondition families[] = {
        { 0, SECCOMP_OP_MASKED_EQ, 0xffffffff, AF_INET },
        { 0, SECCOMP_OP_MASKED_EQ, 0xffffffff, AF_INET6 },
        { 0, SECCOMP_OP_MASKED_EQ, 0xffffffff, AF_NETLINK }, /* getaddrinfo: have we IPv6? */
    };
    const SeccompRule rules[] = {
        { "clone", SECCOMP_RET_ALLOW, &thread, 1 },
        { "clone3", SECCOMP_RET_ERRNO | ENOSYS, NULL, 0 },
        { "socket", SECCOMP_RET_ALLOW, &families[0], 1 },
        { "socket", SECCOMP_RET_ALLOW, &families[1], 1 },
        { "socket", SECCOMP_RET_ALLOW, &families[2], 1 },
    };
    SeccompAllow allow = { confine_calls, ARRAY_LEN(confine_calls), rules, ARRAY_LEN(rules) };
    return seccomp_allow_only(&allow, error);
}

/*** The files that are left. ***/

static int confine_write(int root_fd, const char *name, const char *text, Error *error)
{
    int r = file_write_at(root_fd, name, text, strlen(text), 0444, FILE_VOLATILE);
    return r < 0 ? error_errno(error, r, "%s", name) : 0;
}

static int confine_fill(int root_fd, Error *error)
{
    static const char *const copied[] = { "etc/hosts", "etc/resolv.conf" };
    Arena arena CLEANUP(arena_done) = { 0 };
    if (mkdirat(root_fd, "etc", 0755) < 0)
        return error_errno(error, errno, "etc");
    for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
        char *text = NULL;
        const char *path = arena_printf(&arena, "/%s", copied[i]);
        int r = file_read_at(AT_FDCWD, path, CONFINE_FILE_MAX, &arena, &text, NULL);
        if (r == 0)
            r = confine_write(root_fd, copied[i], text, error);
        else if (r == -ENOENT)
            r = 0;
        else
            (void)error_errno(error, r, "%s", path);
        if (r < 0)
            return r;
    }
    /* Other modules would need libraries and sockets that are out of sight. */
    return confine_write(root_fd, "etc/nsswitch.conf", "hosts: files dns\n", error);
}

/* The new root, detached; filled by who may still read the old one. */
static int confine_make_root(Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrList options = { 0 };
    strlist_append(&arena, &options, "size=4m");
    strlist_append(&arena, &options, "mode=755");
    int root CLEANUP(fd_closep) = mount_new(
        "tmpfs", NULL, &options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
    if (root < 0)
        return root;
    int r = confine_fill(root, error);
    MountAttributes attributes = { .set = MOUNT_ATTR_RDONLY, .userns_fd = -1 };
    if (r == 0)
        r = mount_change(root, &attributes, error);
    return r < 0 ? r : TAKE_FD(root);
}

static int confine_pivot(Error *error)
{
    int r = mount_set_propagation("/", MS_REC | MS_PRIVATE, error);
    int tree CLEANUP(fd_closep) = r < 0 ? r : confine_make_root(error);
    if (tree < 0)
        return tree;
    int root CLEANUP(fd_closep) = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_errno(error, errno, "open /");
    r = mount_attach(tree, root, error);
    return r < 0 ? r : mount_pivot(tree, error);
}

/*** Ids and privileges. ***/

static int confine_ids(Error *error)
{
    const IdRange nobody = { 0, CONFINE_NOBODY, 1 };
    int userns CLEANUP(fd_closep) = idmap_make_userns(&nobody, 1, &nobody, 1, error);
    if (userns < 0)
        return userns;
    if (setns(userns, CLONE_NEWUSER) < 0)
        return error_errno(error, errno, "enter a user namespace");
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return error_errno(error, errno, "change to an id without rights");
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
        return error_errno(error, errno, "unshare");
    return 0;
}

static int confine_privileges(Error *error)
{
    const CapabilitySets none = { 0 };
    const struct rlimit no_core = { 0, 0 }, data = { CONFINE_DATA_MAX, CONFINE_DATA_MAX };
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setrlimit(RLIMIT_DATA, &data);
    int r = capability_apply_bounding(&none, error);
    if (r == 0)
        r = capability_apply(&none, error);
    if (r < 0)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_errno(error, errno, "prctl");
    return 0;
}

static int confine_landlock(Error *error)
{
    int root CLEANUP(fd_closep) = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_errno(error, errno, "open /");
    int r = landlock_confine(root, LANDLOCK_READ | LANDLOCK_CONNECT, error);
    return r < 0 ? r : 0;
}

int confine_self(Error *error)
{
    int r = confine_ids(error);
    if (r == 0)
        r = confine_pivot(error);
    if (r == 0)
        r = confine_privileges(error);
    if (r == 0)
        r = confine_landlock(error);
    if (r == 0)
        r = confine_filter(error);
    return r < 0 ? error_wrap(error, "sandbox") : 0;
}
