/*
 * Every step is fatal when it fails: there is no weaker sandbox to fall back to.
 *
 * The trap is the order in the child: mounts need CAP_SYS_ADMIN, dropping the bounding set needs
 * CAP_SETPCAP, the filter needs no_new_privs, and after the filter none of these calls is left.
 */
#include "cmd/image/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/capability.h"
#include "linux/clone.h"
#include "linux/mount.h"
#include "linux/seccomp.h"
#include "linux/syscalls.h"

#define SANDBOX_BIT(capability) (1ULL << (capability))

/* What creating arbitrary inodes takes. */
#define SANDBOX_WRITER_CAPABILITIES                                                     \
    (SANDBOX_BIT(CAP_CHOWN) | SANDBOX_BIT(CAP_DAC_OVERRIDE) | SANDBOX_BIT(CAP_FOWNER) | \
     SANDBOX_BIT(CAP_FSETID) | SANDBOX_BIT(CAP_MKNOD) | SANDBOX_BIT(CAP_SETFCAP))
/* The parent's: mounts and trusted.* attributes, and giving up the rest. */
#define SANDBOX_PARENT_CAPABILITIES \
    (SANDBOX_WRITER_CAPABILITIES | SANDBOX_BIT(CAP_SYS_ADMIN) | SANDBOX_BIT(CAP_SETPCAP))

static const char *const sandbox_compute_calls[] = {
    "read",          "write",      "readv",        "writev",         "brk",
    "mmap",          "munmap",     "mremap",       "madvise",        "mprotect",
    "futex",         "close",      "fstat",        "newfstatat",     "lseek",
    "exit",          "exit_group", "rt_sigreturn", "rt_sigprocmask", "sendmsg",
    "sendto",        "getpid",     "gettid",       "tgkill",         "restart_syscall",
    "clock_gettime", "getrandom",
};

/* In addition, for the writer. */
static const char *const sandbox_writer_calls[] = {
    "openat",     "openat2",    "dup",        "fcntl",        "statx",     "fstatfs",
    "mkdirat",    "mknodat",    "symlinkat",  "linkat",       "unlinkat",  "unlink",
    "rmdir",      "readlinkat", "fchown",     "fchownat",     "fchmod",    "fchmodat",
    "fchmodat2",  "utimensat",  "ftruncate",  "pwrite64",     "pread64",   "fsetxattr",
    "getdents64", "faccessat",  "faccessat2", "memfd_create", "fallocate", "copy_file_range",
};

static int sandbox_capabilities(uint64_t keep, Error *error)
{
    CapabilitySets sets = { .bounding = keep, .effective = keep, .permitted = keep };
    int r = capability_apply_bounding(&sets, error);
    return r < 0 ? r : capability_apply(&sets, error);
}

static int sandbox_filter(SandboxProfile profile, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    SeccompRule *rules = NULL;
    size_t count = 0;
    size_t extra = profile == SANDBOX_WRITER ? ARRAY_LEN(sandbox_writer_calls) : 0;
    for (size_t i = 0; i < ARRAY_LEN(sandbox_compute_calls) + extra; i++) {
        const char *name = i < ARRAY_LEN(sandbox_compute_calls)
                               ? sandbox_compute_calls[i]
                               : sandbox_writer_calls[i - ARRAY_LEN(sandbox_compute_calls)];
        if (seccomp_syscall_number(seccomp_native_architecture(), name) < 0)
            continue; /* this architecture has no such call (unlink on arm64) */
        SeccompRule *rule = arena_append(&arena, &rules, &count, sizeof(*rules));
        *rule = (SeccompRule){ .syscall = name, .action = SECCOMP_RET_ALLOW };
    }
    SeccompPolicy policy = {
        .default_action = SECCOMP_RET_ERRNO | EPERM,
        .rules = rules,
        .rule_count = count,
    };
    SeccompProgram program;
    int r = seccomp_compile(&policy, &arena, &program, error);
    return r < 0 ? r : seccomp_load(&program, 0, error);
}

int sandbox_detach_tree(int fd, bool read_only, Error *error)
{
    int tree CLEANUP(fd_closep) = mount_clone(fd, "", false, error);
    if (tree < 0)
        return tree;
    MountAttributes attributes = {
        .set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
               (read_only ? MOUNT_ATTR_RDONLY : 0),
        .userns_fd = -1,
    };
    int r = mount_change(tree, &attributes, error);
    return r < 0 ? r : TAKE_FD(tree);
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
    if (tree < 0)
        return error_wrap(error, "sandbox");
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
        return error_errno(error, errno, "unshare");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_errno(error, errno, "no_new_privs");
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
    return sys_close_range(child->fd_count, ~0U, 0) < 0 ? -errno : 0;
}

static int sandbox_confine(const SandboxChild *child, int tree_fd, Error *error)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return error_errno(error, errno, "prctl");
    int r = sandbox_pivot(tree_fd, error);
    if (r < 0)
        return r;
    r = sandbox_arrange_fds(child);
    if (r < 0)
        return error_errno(error, r, "descriptors");
    (void)umask(0);
    sandbox_limit(RLIMIT_DATA, child->memory_bytes);
    sandbox_limit(RLIMIT_NPROC, 0);
    r = sandbox_capabilities(child->profile == SANDBOX_WRITER ? SANDBOX_WRITER_CAPABILITIES : 0,
                             error);
    return r < 0 ? r : sandbox_filter(child->profile, error);
}

pid_t sandbox_spawn(const SandboxChild *child, Error *error)
{
    int tree CLEANUP(fd_closep) = sandbox_detach_tree(child->root_fd, false, error);
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
