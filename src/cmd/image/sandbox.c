/*
 * Every step is fatal when it fails: there is no weaker sandbox to fall back to, but for Landlock,
 * which a kernel may not have, and for filesystems without idmapped mounts.
 *
 * A child's root is an id of the host that nobody has (2147483648 and up: the half that images may
 * not use), and its directory is mounted with the ids shifted back: a child that got out of its
 * directory would find every file of the host a stranger's. Where the filesystem cannot do that,
 * its user namespace has the host's ids: then only the capabilities are worth nothing outside.
 *
 * The trap is the order in the child: mounts need CAP_SYS_ADMIN over the mount namespace, which is
 * gone with entering the user namespace; dropping the bounding set needs CAP_SETPCAP, Landlock and
 * the filter need no_new_privs, and after the filter none of these calls is left.
 */
#include "cmd/image/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/capability.h"
#include "linux/clone.h"
#include "linux/descriptors.h"
#include "linux/idmap.h"
#include "linux/landlock.h"
#include "linux/mount.h"
#include "linux/seccomp_allow.h"
#include "linux/syscalls.h"

#define SANDBOX_BIT(capability) (1ULL << (capability))

/* What creating arbitrary inodes takes. */
#define SANDBOX_WRITER_CAPABILITIES                                                     \
    (SANDBOX_BIT(CAP_CHOWN) | SANDBOX_BIT(CAP_DAC_OVERRIDE) | SANDBOX_BIT(CAP_FOWNER) | \
     SANDBOX_BIT(CAP_FSETID) | SANDBOX_BIT(CAP_SETFCAP))
#define SANDBOX_READER_CAPABILITIES SANDBOX_BIT(CAP_DAC_READ_SEARCH)
/* The parent's: mounts, trusted.* attributes and device nodes, and giving up the rest. */
#define SANDBOX_PARENT_CAPABILITIES                                                      \
    (SANDBOX_WRITER_CAPABILITIES | SANDBOX_BIT(CAP_MKNOD) | SANDBOX_BIT(CAP_SYS_ADMIN) | \
     SANDBOX_BIT(CAP_SETPCAP))

/* What all children have in common, made by sandbox_enter. */
static struct {
    int userns_fd;
    bool shifted; /* its ids are not the host's: trees are to be mounted with it */
} sandbox_children = { .userns_fd = -1 };

static const char *const sandbox_compute_calls[] = {
    "read",          "write",      "readv",        "writev",         "brk",
    "mmap",          "munmap",     "mremap",       "madvise",        "mprotect",
    "futex",         "close",      "fstat",        "newfstatat",     "lseek",
    "exit",          "exit_group", "rt_sigreturn", "rt_sigprocmask", "sendmsg",
    "sendto",        "getpid",     "gettid",       "tgkill",         "restart_syscall",
    "clock_gettime", "getrandom",
};

/* In addition, for the reader. */
static const char *const sandbox_reader_calls[] = {
    "openat",  "dup",       "fcntl",      "statx",      "fstatfs",   "readlinkat",
    "pread64", "fgetxattr", "flistxattr", "getdents64", "faccessat", "faccessat2",
};

/* In addition, for the writer. */
static const char *const sandbox_writer_calls[] = {
    "openat",     "openat2",    "dup",        "fcntl",        "statx",     "fstatfs",
    "mkdirat",    "mknodat",    "symlinkat",  "linkat",       "unlinkat",  "unlink",
    "rmdir",      "readlinkat", "fchown",     "fchownat",     "fchmod",    "fchmodat",
    "fchmodat2",  "utimensat",  "ftruncate",  "pwrite64",     "pread64",   "fsetxattr",
    "getdents64", "faccessat",  "faccessat2", "memfd_create", "fallocate", "copy_file_range",
    "recvmsg",
};

static int sandbox_capabilities(uint64_t keep, Error *error)
{
    CapabilitySets sets = { .bounding = keep, .effective = keep, .permitted = keep };
    int r = capability_apply_bounding(&sets, error);
    return r < 0 ? r : capability_apply(&sets, error);
}

/* Adds what a profile may call besides computing. */
static void sandbox_allow(const char **names, size_t *count, const char *const *more,
                          size_t more_count)
{
    memcpy(names + *count, more, more_count * sizeof(*more));
    *count += more_count;
}

static int sandbox_filter(SandboxProfile profile, Error *error)
{
    const char *names[ARRAY_LEN(sandbox_compute_calls) + ARRAY_LEN(sandbox_writer_calls)];
    SeccompAllow allow = { .names = names };
    _Static_assert(ARRAY_LEN(sandbox_reader_calls) <= ARRAY_LEN(sandbox_writer_calls),
                   "there is room for the longer list");
    sandbox_allow(names, &allow.name_count, sandbox_compute_calls,
                  ARRAY_LEN(sandbox_compute_calls));
    if (profile == SANDBOX_READER)
        sandbox_allow(names, &allow.name_count, sandbox_reader_calls,
                      ARRAY_LEN(sandbox_reader_calls));
    if (profile == SANDBOX_WRITER)
        sandbox_allow(names, &allow.name_count, sandbox_writer_calls,
                      ARRAY_LEN(sandbox_writer_calls));
    return seccomp_allow_only(&allow, error);
}

int sandbox_detach_tree(int fd, bool read_only, Error *error)
{
    int tree CLEANUP(fd_closep) = mount_clone(fd, "", false, error);
    if (tree < 0)
        return tree;
    MountAttributes attributes = {
        .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
               (read_only ? MOUNT_ATTR_RDONLY : 0),
        .propagation = MS_PRIVATE, /* with systemd all mounts are shared, and their clones too */
        .userns_fd = -1,
    };
    int r = mount_change(tree, &attributes, error);
    return r < 0 ? r : TAKE_FD(tree);
}

int sandbox_detach_mapped(int fd, bool read_only, Error *error)
{
    int tree CLEANUP(fd_closep) = sandbox_detach_tree(fd, read_only, error);
    if (tree < 0 || !sandbox_children.shifted)
        return tree < 0 ? tree : TAKE_FD(tree);
    MountAttributes attributes = { .set = MOUNT_ATTR_IDMAP,
                                   .userns_fd = sandbox_children.userns_fd };
    int r = mount_change(tree, &attributes, error);
    return r < 0 ? r : TAKE_FD(tree);
}

/* The children's user namespace; here, because it takes a /proc. */
static int sandbox_make_userns(int root_fd, Error *error)
{
    static const IdRange shifted = { 0, 0x80000000U, 0x7fffffffU }, same = { 0, 0, 0xffffffffU };
    sandbox_children.shifted = true;
    sandbox_children.userns_fd = idmap_make_userns(&shifted, 1, &shifted, 1, error);
    if (sandbox_children.userns_fd < 0)
        return sandbox_children.userns_fd;
    int tree CLEANUP(fd_closep) = sandbox_detach_mapped(root_fd, true, NULL);
    if (tree >= 0)
        return 0;
    fd_close(sandbox_children.userns_fd);
    sandbox_children.shifted = false;
    sandbox_children.userns_fd = idmap_make_userns(&same, 1, &same, 1, error);
    return sandbox_children.userns_fd < 0 ? sandbox_children.userns_fd : 0;
}

/* A detached tree becomes the root of this mount namespace; everything else goes out of sight. It
 * is attached over "/" because no other path is known to exist in here. */
static int sandbox_pivot(int tree_fd, Error *error)
{
    int root CLEANUP(fd_closep) = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_errno(error, errno, "open /");
    int r = mount_attach(tree_fd, root, error);
    return r < 0 ? r : mount_pivot(tree_fd, error);
}

static void sandbox_limit(int resource, uint64_t value)
{
    struct rlimit limit = { value, value };
    struct rlimit now;
    /* Only ever downwards: raising a hard limit takes a privilege. */
    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
        limit = (struct rlimit){ now.rlim_max, now.rlim_max };
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

int sandbox_enter(int root_fd, int *ret_fd, Error *error)
{
    /* Trees can only be taken from the mount namespace that they are in: before leaving it. */
    int tree CLEANUP(fd_closep) = sandbox_detach_tree(root_fd, false, error);
    if (tree < 0 || sandbox_make_userns(root_fd, error) < 0)
        return error_wrap(error, "sandbox");
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
        return error_errno(error, errno, "unshare");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_errno(error, errno, "no_new_privs");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return error_errno(error, errno, "subreaper");
    int r = mount_set_propagation("/", MS_REC | MS_PRIVATE, error);
    if (r == 0)
        r = sandbox_pivot(tree, error);
    if (r == 0)
        r = sandbox_capabilities(SANDBOX_PARENT_CAPABILITIES, error);
    if (r < 0)
        return error_wrap(error, "sandbox");
    sandbox_limit(RLIMIT_CORE, 0);
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "sandbox: open /");
    *ret_fd = fd;
    return 0;
}

/* Moves the descriptors to 0, 1, 2, ... and closes all others. */
static int sandbox_arrange_fds(const SandboxChild *child)
{
    int high[SANDBOX_FDS_MAX];
    for (unsigned i = 0; i < child->fd_count; i++) {
        high[i] = child->fds[i] < 0 ? -1 : fcntl(child->fds[i], F_DUPFD_CLOEXEC, 64);
        if (child->fds[i] >= 0 && high[i] < 0)
            return -errno;
    }
    for (unsigned i = 0; i < child->fd_count; i++) {
        if (high[i] < 0)
            (void)close((int)i);
        else if (dup2(high[i], (int)i) < 0)
            return -errno;
    }
    descriptors_close_from(child->fd_count);
    return 0;
}

/* Root of the children's user namespace: its capabilities end there. */
static int sandbox_enter_userns(int userns_fd, Error *error)
{
    if (setns(userns_fd, CLONE_NEWUSER) < 0)
        return error_errno(error, errno, "user namespace");
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
        syscall(SYS_setresuid, 0, 0, 0) < 0)
        return error_errno(error, errno, "ids");
    return 0;
}

static int sandbox_restrict(SandboxProfile profile, Error *error)
{
    static const struct {
        unsigned files; /* LandlockAccess below "/" */
        uint64_t capabilities;
    } profiles[] = {
        [SANDBOX_COMPUTE] = { 0, 0 },
        [SANDBOX_READER] = { LANDLOCK_READ, SANDBOX_READER_CAPABILITIES },
        [SANDBOX_WRITER] = { LANDLOCK_READ | LANDLOCK_WRITE, SANDBOX_WRITER_CAPABILITIES },
    };
    unsigned files = profiles[profile].files;
    int root CLEANUP(fd_closep) = files ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (files && root < 0)
        return error_errno(error, errno, "open /");
    int r = landlock_confine(root, files, error);
    if (r >= 0)
        r = sandbox_capabilities(profiles[profile].capabilities, error);
    return r < 0 ? r : sandbox_filter(profile, error);
}

static int sandbox_confine(const SandboxChild *child, int tree_fd, Error *error)
{
    int r = sandbox_pivot(tree_fd, error);
    if (r < 0)
        return r;
    r = sandbox_enter_userns(sandbox_children.userns_fd, error);
    if (r < 0)
        return r;
    r = sandbox_arrange_fds(child);
    if (r < 0)
        return error_errno(error, r, "descriptors");
    /* A change of ids has taken the signal away. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return error_errno(error, errno, "prctl");
    (void)umask(0);
    sandbox_limit(RLIMIT_DATA, child->memory_bytes);
    sandbox_limit(RLIMIT_NPROC, 0);
    return sandbox_restrict(child->profile, error);
}

pid_t sandbox_spawn(const SandboxChild *child, Error *error)
{
    bool read_only = child->profile != SANDBOX_WRITER;
    int own CLEANUP(fd_closep) =
        child->root_detached ? -1 : sandbox_detach_mapped(child->root_fd, read_only, error);
    int tree = child->root_detached ? child->root_fd : own;
    if (tree < 0)
        return error_wrap(error, "sandbox");
    CloneOptions options = { .flags = CLONE_NEWPID | CLONE_NEWNS, .cgroup_fd = -1 };
    pid_t pid = clone_process(&options, error);
    if (pid != 0)
        return pid;

    Error inner = { 0 };
    if (sandbox_confine(child, tree, &inner) < 0) {
        /* Standard error is still the parent's if arranging did not get that far. */
        (void)dprintf(STDERR_FILENO, "sandbox: %s\n", inner.message);
        _exit(99);
    }
    _exit(child->run(child->context));
}

void sandbox_settle(void)
{
    while (wait(NULL) >= 0 || errno == EINTR)
        ;
}
