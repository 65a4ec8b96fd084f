/*
 * An allow-list by groups; each says why it is there. Three answers to the rest:
 *
 * - ENOSYS by default: for calls that are old, rare or newer than this list. Programs have a way
 *   without them, since there are kernels without them.
 * - EPERM for calls that a program knows to need privileges: mount, setns, bpf, ... The capability
 *   that the kernel asks for brings them back.
 * - EAFNOSUPPORT for socket families, as from a kernel that was built without them.
 *
 * Traps. Conditions on int parameters compare the low word only (MASKED_EQ with mask 0xffffffff):
 * the kernel ignores the high one, so an equality on 64 bits would let AF_ALG + 2^32 through a rule
 * for everything else. A condition that always holds (GE 0) means "otherwise": it is asked last,
 * here as in libseccomp. Rules stay within what libseccomp can express, so that other runtimes
 * compile the same filter from the config.json.
 */
#include "spec/seccomp_default.h"

#include <errno.h>

/* Several names per line: */
/* clang-format off */

/* A StrList of an array that ends with NULL. */
#define LIST(array) { (char **)(array), ARRAY_LEN(array) - 1 }
#define ARGS(array) { (SpecSeccompArg *)(array), ARRAY_LEN(array) }
#define ALLOW       .action = "SCMP_ACT_ALLOW"
#define DENY(code)  .action = "SCMP_ACT_ERRNO", .errno_ret = { true, code }

#define ALLOWED(calls)              { .names = LIST(calls), ALLOW }
#define ALLOWED_IF(calls, arg)      { .names = LIST(calls), ALLOW, .args = ARGS(arg) }
#define DENIED(calls, code)         { .names = LIST(calls), DENY(code) }
#define DENIED_IF(calls, arg, code) { .names = LIST(calls), DENY(code), .args = ARGS(arg) }

#define WITH(capability)    .includes.caps = LIST(capability)
#define WITHOUT(capability) .excludes.caps = LIST(capability)
/* Two rules: with the capability allowed, without it EPERM. */
#define PRIVILEGED(calls, capability)                  \
    { .names = LIST(calls), ALLOW, WITH(capability) }, \
    { .names = LIST(calls), DENY(EPERM), WITHOUT(capability) }

#define INT_IS(argument, number) { argument, UINT32_MAX, number, "SCMP_CMP_MASKED_EQ" }
#define OTHERWISE(argument)      { argument, 0, 0, "SCMP_CMP_GE" }

/* Reading and writing what is open. No vmsplice: hardly used, and it hands pages of a process to a
 * pipe, the start of several page cache exploits. */
static const char *const descriptor_calls[] = {
    "_llseek", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "fadvise64",
    "fadvise64_64", "fallocate", "fcntl", "fcntl64", "fdatasync", "flock", "fsync", "ftruncate",
    "ftruncate64", "lseek", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev",
    "pwritev2", "read", "readahead", "readv", "sendfile", "sendfile64", "splice", "sync",
    "sync_file_range", "syncfs", "tee", "write", "writev", "arm_fadvise64_64",
    "arm_sync_file_range", "cachestat", NULL,
};

/* Names, attributes and metadata of files. Devices (mknod) are the device cgroup's business, owners
 * and modes the capabilities'. A handle (name_to_handle_at) is of use only to who may open it. */
static const char *const file_calls[] = {
    "access", "chdir", "chmod", "chown", "chown32", "creat", "faccessat", "faccessat2", "fchdir",
    "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fgetxattr",
    "file_getattr", "file_setattr", "flistxattr", "fremovexattr", "fsetxattr", "fstat", "fstat64",
    "fstatat64", "fstatfs", "fstatfs64", "futimesat", "getcwd", "getdents", "getdents64",
    "getxattr", "getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1",
    "inotify_rm_watch", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listxattr",
    "listxattrat", "llistxattr", "lremovexattr", "lsetxattr", "lstat", "lstat64", "memfd_create",
    "memfd_secret", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat",
    "open", "openat", "openat2", "readlink", "readlinkat", "removexattr", "removexattrat", "rename",
    "renameat", "renameat2", "rmdir", "setxattr", "setxattrat", "stat", "stat64", "statfs",
    "statfs64", "statx", "symlink", "symlinkat", "truncate", "truncate64", "umask", "unlink",
    "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes",
    /* What is mounted in the own namespace: the same as /proc/self/mountinfo. */
    "listmount", "statmount", NULL,
};

/* Waiting for many things; asynchronous reads of the classic kind, which databases use. Not
 * io_uring: a second way to make nearly every call, past this filter, with a long list of
 * vulnerabilities; programs test for it and go on without. */
static const char *const event_calls[] = {
    "_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "eventfd", "eventfd2", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
    "io_pgetevents_time64", "io_setup", "io_submit", "poll", "ppoll", "ppoll_time64", "pselect6",
    "pselect6_time64", "select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime",
    "timerfd_gettime64", "timerfd_settime", "timerfd_settime64", NULL,
};

static const char *const memory_calls[] = {
    "brk", "madvise", "map_shadow_stack", "membarrier", "mincore", "mlock", "mlock2", "mlockall",
    "mmap", "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap",
    "pkey_alloc", "pkey_free", "pkey_mprotect", "remap_file_pages", NULL,
};

/* Processes, threads, their ids, limits and scheduling: all within what the process may do to
 * itself and its like. personality, clone and unshare are below. */
static const char *const process_calls[] = {
    "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "get_robust_list",
    "get_thread_area", "getcpu", "getegid", "getegid32", "geteuid", "geteuid32", "getgid",
    "getgid32", "getgroups", "getgroups32", "getpgid", "getpgrp", "getpid", "getppid",
    "getpriority", "getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage",
    "getsid", "gettid", "getuid", "getuid32", "ioprio_get", "ioprio_set", "landlock_add_rule",
    "landlock_create_ruleset", "landlock_restrict_self", "lsm_get_self_attr", "lsm_list_modules",
    "nice", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "process_mrelease", "rseq",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
    "sched_getparam", "sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
    "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
    "seccomp", "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsgid32",
    "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setpgid",
    "setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32",
    "setreuid", "setreuid32", "setrlimit", "setsid", "setuid", "setuid32", "ugetrlimit", "vfork",
    "wait4", "waitid", "waitpid",
    /* Called by the kernel's own trampolines: refusing them kills who is being traced. */
    "uprobe", "uretprobe",
    /* The architectures' own. */
    "arch_prctl", "breakpoint", "cacheflush", "get_tls", "set_tls", NULL,
};

static const char *const signal_calls[] = {
    "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
    "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
    "rt_tgsigqueueinfo", "sigaction", "sigaltstack", "signal", "sigpending", "sigprocmask",
    "sigreturn", "sigsuspend", "tgkill", "tkill", NULL,
};

/* Reading clocks, sleeping, timers. adjtimex reads without a capability and sets with one. */
static const char *const time_calls[] = {
    "adjtimex", "alarm", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
    "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer",
    "gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
    "times", NULL,
};

/* System V and POSIX IPC: in the container's own IPC namespace. ipc is i386's way to the former. */
static const char *const ipc_calls[] = {
    "ipc", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
    "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd",
    "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt",
    "shmget", NULL,
};

/* What is done with a socket once there is one; which ones there can be is decided below. */
static const char *const socket_calls[] = {
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg",
    "sendto", "setsockopt", "shutdown", NULL,
};

static const char *const system_calls[] = { "getrandom", "sysinfo", "uname", NULL };

/* clang-format on */

/*
 * Sockets: the families that programs use, and of netlink the protocols that need no privilege.
 * What is left out is where attackers find kernel code that nobody needed: AF_ALG (CVE-2026-31431),
 * AF_VSOCK (a way to the hypervisor and other guests), and dozens of dead protocols.
 */
static const char *const socket_call[] = { "socket", NULL };
enum { UNIX = 1, INET = 2, INET6 = 10, NETLINK = 16, PACKET = 17 };
static const SpecSeccompArg family_unix[] = { INT_IS(0, UNIX) };
static const SpecSeccompArg family_inet[] = { INT_IS(0, INET) };
static const SpecSeccompArg family_inet6[] = { INT_IS(0, INET6) };
static const SpecSeccompArg family_packet[] = { INT_IS(0, PACKET) };
static const SpecSeccompArg netlink_route[] = { INT_IS(0, NETLINK), INT_IS(2, 0) };
static const SpecSeccompArg netlink_sock_diag[] = { INT_IS(0, NETLINK), INT_IS(2, 4) };
static const SpecSeccompArg netlink_xfrm[] = { INT_IS(0, NETLINK), INT_IS(2, 6) };
static const SpecSeccompArg netlink_audit[] = { INT_IS(0, NETLINK), INT_IS(2, 9) };
static const SpecSeccompArg netlink_netfilter[] = { INT_IS(0, NETLINK), INT_IS(2, 12) };
static const SpecSeccompArg netlink_uevent[] = { INT_IS(0, NETLINK), INT_IS(2, 15) };
static const SpecSeccompArg netlink_generic[] = { INT_IS(0, NETLINK), INT_IS(2, 16) };
static const SpecSeccompArg other_family[] = { OTHERWISE(0) };
/* SOCK_DCCP, of whatever family: the type without its flags. */
static const SpecSeccompArg type_dccp[] = { { 1, 0xf, 6, "SCMP_CMP_MASKED_EQ" } };
/* i386's single entry to all socket calls hides the family in memory, where no filter can look. C
 * libraries use it only where the direct calls are missing (Linux before 4.3). */
static const char *const socketcall_call[] = { "socketcall", NULL };
static const char *const socketpair_call[] = { "socketpair", NULL };

/* Namespaces are the way to the parts of the kernel that root in a namespace may use: a container
 * makes none without CAP_SYS_ADMIN. clone3 has its flags in memory, so it "does not exist", and the
 * C library takes clone. unshare without a new namespace (Samba: CLONE_FS) is harmless. */
static const char *const clone_call[] = { "clone", NULL };
static const char *const clone3_call[] = { "clone3", NULL };
static const char *const unshare_call[] = { "unshare", NULL };
/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; for unshare also NEWTIME, which
 * in clone's flags is part of the signal. */
static const SpecSeccompArg no_namespaces[] = { { 0, 0x7e020000, 0, "SCMP_CMP_MASKED_EQ" } };
static const SpecSeccompArg unshare_none[] = { { 0, 0x7e020080, 0, "SCMP_CMP_MASKED_EQ" } };
static const SpecSeccompArg some_namespace[] = { OTHERWISE(0) };

/* Linux, 32-bit Linux, both with an old version number, and the question. Others switch off
 * protections (READ_IMPLIES_EXEC, MMAP_PAGE_ZERO). */
static const char *const personality_call[] = { "personality", NULL };
static const SpecSeccompArg personality_linux[] = { INT_IS(0, 0) };
static const SpecSeccompArg personality_linux32[] = { INT_IS(0, 8) };
static const SpecSeccompArg personality_uname26[] = { INT_IS(0, 0x20000) };
static const SpecSeccompArg personality_both[] = { INT_IS(0, 0x20008) };
static const SpecSeccompArg personality_query[] = { INT_IS(0, UINT32_MAX) };
static const SpecSeccompArg personality_other[] = { OTHERWISE(0) };

/* Everything but typing into a terminal that is shared with the host (CVE-2016-10124 class), and
 * pasting from the console's selection, which is another way to it. */
static const char *const ioctl_call[] = { "ioctl", NULL };
static const SpecSeccompArg ioctl_tiocsti[] = { INT_IS(1, 0x5412) };
static const SpecSeccompArg ioctl_tioclinux[] = { INT_IS(1, 0x541c) };
static const SpecSeccompArg ioctl_other[] = { OTHERWISE(1) };

/* Debuggers, in the container's own processes. Before Linux 4.8 a tracer could change a call after
 * the filter had seen it. */
static const char *const trace_calls[] = { "process_vm_readv", "process_vm_writev", "ptrace",
                                           NULL };

/* With the capability that the kernel asks for; EPERM without. */
static const char *const admin_calls[] = {
    "fanotify_init",  "fanotify_mark", "fsconfig",      "fsmount",     "fsopen",
    "fspick",         "mount",         "mount_setattr", "move_mount",  "open_tree",
    "open_tree_attr", "pivot_root",    "quotactl",      "quotactl_fd", "setdomainname",
    "sethostname",    "setns",         "umount",        "umount2",     NULL,
};
static const char *const bpf_calls[] = { "bpf", NULL };
static const char *const perf_calls[] = { "perf_event_open", NULL };
static const char *const log_calls[] = { "syslog", NULL };
static const char *const module_calls[] = { "delete_module", "finit_module", "init_module", NULL };
static const char *const boot_calls[] = { "reboot", NULL };
static const char *const account_calls[] = { "acct", NULL };
static const char *const port_calls[] = { "ioperm", "iopl", NULL };
static const char *const chroot_calls[] = { "chroot", NULL };
static const char *const handle_calls[] = { "open_by_handle_at", NULL };
static const char *const clock_calls[] = {
    "clock_settime", "clock_settime64", "settimeofday", "stime", NULL,
};
static const char *const hangup_calls[] = { "vhangup", NULL };
static const char *const peer_calls[] = { "kcmp", "pidfd_getfd", "process_madvise", NULL };
/* Without it ENOSYS: libnuma then knows that there is nothing to place. */
static const char *const node_calls[] = {
    "get_mempolicy",           "mbind", "migrate_pages", "move_pages", "set_mempolicy",
    "set_mempolicy_home_node", NULL,
};

/* Never: keys are not in a namespace, userfaultfd holds the kernel still in the middle of a copy,
 * the others are the host's. */
static const char *const denied_calls[] = {
    "add_key", "kexec_file_load", "kexec_load",  "keyctl",   "request_key", "swapoff",
    "swapon",  "uselib",          "userfaultfd", "vmsplice", NULL,
};

#define CAPABILITY(name) static const char *const name[]
CAPABILITY(audit_control) = { "CAP_AUDIT_CONTROL", NULL };
CAPABILITY(audit_write) = { "CAP_AUDIT_WRITE", NULL };
CAPABILITY(bpf) = { "CAP_BPF", NULL };
CAPABILITY(bpf_or_admin) = { "CAP_BPF", "CAP_SYS_ADMIN", NULL };
CAPABILITY(dac_read_search) = { "CAP_DAC_READ_SEARCH", NULL };
CAPABILITY(net_admin) = { "CAP_NET_ADMIN", NULL };
CAPABILITY(net_raw) = { "CAP_NET_RAW", NULL };
CAPABILITY(perfmon) = { "CAP_PERFMON", NULL };
CAPABILITY(perfmon_or_admin) = { "CAP_PERFMON", "CAP_SYS_ADMIN", NULL };
CAPABILITY(sys_admin) = { "CAP_SYS_ADMIN", NULL };
CAPABILITY(sys_boot) = { "CAP_SYS_BOOT", NULL };
CAPABILITY(sys_chroot) = { "CAP_SYS_CHROOT", NULL };
CAPABILITY(sys_module) = { "CAP_SYS_MODULE", NULL };
CAPABILITY(sys_nice) = { "CAP_SYS_NICE", NULL };
CAPABILITY(sys_pacct) = { "CAP_SYS_PACCT", NULL };
CAPABILITY(sys_ptrace) = { "CAP_SYS_PTRACE", NULL };
CAPABILITY(sys_rawio) = { "CAP_SYS_RAWIO", NULL };
CAPABILITY(sys_time) = { "CAP_SYS_TIME", NULL };
CAPABILITY(sys_tty_config) = { "CAP_SYS_TTY_CONFIG", NULL };
CAPABILITY(syslog) = { "CAP_SYSLOG", NULL };

static const SeccompProfileRule rules[] = {
    ALLOWED(descriptor_calls),
    ALLOWED(file_calls),
    ALLOWED(event_calls),
    ALLOWED(memory_calls),
    ALLOWED(process_calls),
    ALLOWED(signal_calls),
    ALLOWED(time_calls),
    ALLOWED(ipc_calls),
    ALLOWED(socket_calls),
    ALLOWED(system_calls),

    DENIED(socketcall_call, ENOSYS),
    DENIED_IF(socket_call, type_dccp, ESOCKTNOSUPPORT),
    ALLOWED_IF(socket_call, family_unix),
    ALLOWED_IF(socket_call, family_inet),
    ALLOWED_IF(socket_call, family_inet6),
    { .names = LIST(socket_call), ALLOW, .args = ARGS(family_packet), WITH(net_raw) },
    ALLOWED_IF(socket_call, netlink_route),
    ALLOWED_IF(socket_call, netlink_sock_diag),
    ALLOWED_IF(socket_call, netlink_uevent),
    ALLOWED_IF(socket_call, netlink_generic),
    { .names = LIST(socket_call), ALLOW, .args = ARGS(netlink_xfrm), WITH(net_admin) },
    { .names = LIST(socket_call), ALLOW, .args = ARGS(netlink_netfilter), WITH(net_admin) },
    { .names = LIST(socket_call), ALLOW, .args = ARGS(netlink_audit), WITH(audit_write) },
    { .names = LIST(socket_call),
      ALLOW,
      .args = ARGS(netlink_audit),
      WITH(audit_control),
      WITHOUT(audit_write) },
    DENIED_IF(socket_call, other_family, EAFNOSUPPORT),
    ALLOWED_IF(socketpair_call, family_unix),
    DENIED_IF(socketpair_call, other_family, EAFNOSUPPORT),

    { .names = LIST(clone_call), ALLOW, WITH(sys_admin) },
    { .names = LIST(clone_call), ALLOW, .args = ARGS(no_namespaces), WITHOUT(sys_admin) },
    { .names = LIST(clone_call), DENY(EPERM), .args = ARGS(some_namespace), WITHOUT(sys_admin) },
    { .names = LIST(clone3_call), ALLOW, WITH(sys_admin) },
    { .names = LIST(clone3_call), DENY(ENOSYS), WITHOUT(sys_admin) },
    { .names = LIST(unshare_call), ALLOW, WITH(sys_admin) },
    { .names = LIST(unshare_call), ALLOW, .args = ARGS(unshare_none), WITHOUT(sys_admin) },
    { .names = LIST(unshare_call), DENY(EPERM), .args = ARGS(some_namespace), WITHOUT(sys_admin) },

    ALLOWED_IF(personality_call, personality_linux),
    ALLOWED_IF(personality_call, personality_linux32),
    ALLOWED_IF(personality_call, personality_uname26),
    ALLOWED_IF(personality_call, personality_both),
    ALLOWED_IF(personality_call, personality_query),
    DENIED_IF(personality_call, personality_other, EPERM),

    { .names = LIST(ioctl_call), ALLOW, WITH(sys_admin) },
    { .names = LIST(ioctl_call), DENY(EPERM), .args = ARGS(ioctl_tiocsti), WITHOUT(sys_admin) },
    { .names = LIST(ioctl_call), DENY(EPERM), .args = ARGS(ioctl_tioclinux), WITHOUT(sys_admin) },
    { .names = LIST(ioctl_call), ALLOW, .args = ARGS(ioctl_other), WITHOUT(sys_admin) },

    { .names = LIST(trace_calls), ALLOW, .includes.min_kernel = "4.8" },
    { .names = LIST(trace_calls), DENY(EPERM), .excludes.min_kernel = "4.8" },

    PRIVILEGED(admin_calls, sys_admin),
    { .names = LIST(bpf_calls), ALLOW, WITH(bpf) },
    { .names = LIST(bpf_calls), ALLOW, WITH(sys_admin), WITHOUT(bpf) },
    { .names = LIST(bpf_calls), DENY(EPERM), WITHOUT(bpf_or_admin) },
    { .names = LIST(perf_calls), ALLOW, WITH(perfmon) },
    { .names = LIST(perf_calls), ALLOW, WITH(sys_admin), WITHOUT(perfmon) },
    { .names = LIST(perf_calls), DENY(EPERM), WITHOUT(perfmon_or_admin) },
    PRIVILEGED(log_calls, syslog),
    PRIVILEGED(module_calls, sys_module),
    PRIVILEGED(boot_calls, sys_boot),
    PRIVILEGED(account_calls, sys_pacct),
    PRIVILEGED(port_calls, sys_rawio),
    PRIVILEGED(chroot_calls, sys_chroot),
    PRIVILEGED(handle_calls, dac_read_search),
    PRIVILEGED(clock_calls, sys_time),
    PRIVILEGED(hangup_calls, sys_tty_config),
    PRIVILEGED(peer_calls, sys_ptrace),
    { .names = LIST(node_calls), ALLOW, WITH(sys_nice) },
    DENIED(denied_calls, EPERM),
};

/* No x32: nobody ships programs for it, and it doubles the ways to call everything. */
static const char *const below_x86_64[] = { "SCMP_ARCH_X86", NULL };
static const char *const below_aarch64[] = { "SCMP_ARCH_ARM", NULL };
static const SeccompProfileArch architectures[] = {
    { "SCMP_ARCH_X86_64", LIST(below_x86_64) },
    { "SCMP_ARCH_AARCH64", LIST(below_aarch64) },
};

/*
 * What applies with the capabilities that containers usually have (of those that matter here that
 * is CAP_SYS_CHROOT alone) on Linux 4.8 and later. A copy of what the rules above give, so that
 * starting a container does not need to work it out; a unit test compares them.
 */
static const SpecSyscall usual_calls[] = {
    ALLOWED(descriptor_calls),
    ALLOWED(file_calls),
    ALLOWED(event_calls),
    ALLOWED(memory_calls),
    ALLOWED(process_calls),
    ALLOWED(signal_calls),
    ALLOWED(time_calls),
    ALLOWED(ipc_calls),
    ALLOWED(socket_calls),
    ALLOWED(system_calls),
    DENIED(socketcall_call, ENOSYS),
    DENIED_IF(socket_call, type_dccp, ESOCKTNOSUPPORT),
    ALLOWED_IF(socket_call, family_unix),
    ALLOWED_IF(socket_call, family_inet),
    ALLOWED_IF(socket_call, family_inet6),
    ALLOWED_IF(socket_call, netlink_route),
    ALLOWED_IF(socket_call, netlink_sock_diag),
    ALLOWED_IF(socket_call, netlink_uevent),
    ALLOWED_IF(socket_call, netlink_generic),
    DENIED_IF(socket_call, other_family, EAFNOSUPPORT),
    ALLOWED_IF(socketpair_call, family_unix),
    DENIED_IF(socketpair_call, other_family, EAFNOSUPPORT),
    ALLOWED_IF(clone_call, no_namespaces),
    DENIED_IF(clone_call, some_namespace, EPERM),
    DENIED(clone3_call, ENOSYS),
    ALLOWED_IF(unshare_call, unshare_none),
    DENIED_IF(unshare_call, some_namespace, EPERM),
    ALLOWED_IF(personality_call, personality_linux),
    ALLOWED_IF(personality_call, personality_linux32),
    ALLOWED_IF(personality_call, personality_uname26),
    ALLOWED_IF(personality_call, personality_both),
    ALLOWED_IF(personality_call, personality_query),
    DENIED_IF(personality_call, personality_other, EPERM),
    DENIED_IF(ioctl_call, ioctl_tiocsti, EPERM),
    DENIED_IF(ioctl_call, ioctl_tioclinux, EPERM),
    ALLOWED_IF(ioctl_call, ioctl_other),
    ALLOWED(trace_calls),
    DENIED(admin_calls, EPERM),
    DENIED(bpf_calls, EPERM),
    DENIED(perf_calls, EPERM),
    DENIED(log_calls, EPERM),
    DENIED(module_calls, EPERM),
    DENIED(boot_calls, EPERM),
    DENIED(account_calls, EPERM),
    DENIED(port_calls, EPERM),
    ALLOWED(chroot_calls),
    DENIED(handle_calls, EPERM),
    DENIED(clock_calls, EPERM),
    DENIED(hangup_calls, EPERM),
    DENIED(peer_calls, EPERM),
    DENIED(denied_calls, EPERM),
};

#if defined(__x86_64__)
static const char *const usual_architectures[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", NULL };
#elif defined(__aarch64__)
static const char *const usual_architectures[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL };
#endif

const SpecSeccomp *seccomp_default_usual(void)
{
    static const SpecSeccomp usual = {
        .default_action = "SCMP_ACT_ERRNO",
        .default_errno_ret = { true, ENOSYS },
        .architectures = LIST(usual_architectures),
        .syscalls = { (SpecSyscall *)usual_calls, ARRAY_LEN(usual_calls) },
    };
    return &usual;
}

bool seccomp_default_is_usual(const SpecSeccomp *seccomp)
{
    const SpecSeccomp *usual = seccomp_default_usual();
    return seccomp->syscalls.items == usual->syscalls.items &&
           seccomp->syscalls.count == usual->syscalls.count &&
           seccomp->architectures.items == usual->architectures.items &&
           seccomp->architectures.count == usual->architectures.count &&
           seccomp->default_action == usual->default_action && !seccomp->flags.items &&
           seccomp->default_errno_ret.set && seccomp->default_errno_ret.value == ENOSYS &&
           !seccomp->listener_path && !seccomp->listener_metadata;
}

/* Do the rules that depend on capabilities come out as in usual_calls? */
static bool target_is_usual(const SeccompProfileTarget *target)
{
    static const char *const *const lists[] = {
        audit_control, audit_write, bpf,      dac_read_search, net_admin, net_raw,
        perfmon,       sys_admin,   sys_boot, sys_module,      sys_nice,  sys_pacct,
        sys_ptrace,    sys_rawio,   sys_time, sys_tty_config,  syslog,
    };
    if (!str_eq(target->architecture, SECCOMP_PROFILE_NATIVE) || !target->capabilities ||
        target->kernel_major < 4 || (target->kernel_major == 4 && target->kernel_minor < 8))
        return false;
    bool has_chroot = false;
    for (size_t i = 0; i < target->capabilities->count; i++) {
        const char *name = target->capabilities->items[i];
        has_chroot |= str_eq(name, sys_chroot[0]);
        for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
            if (str_eq(name, lists[l][0]))
                return false;
        }
    }
    return has_chroot;
}

const SpecSeccomp *seccomp_default_resolve(const SeccompProfileTarget *target, Arena *arena)
{
    if (target_is_usual(target))
        return seccomp_default_usual();
    return seccomp_profile_resolve(seccomp_default_profile(), target, arena);
}

const SeccompProfile *seccomp_default_profile(void)
{
    static const SeccompProfile profile = {
        .default_action = "SCMP_ACT_ERRNO",
        .default_errno_ret = { true, ENOSYS },
        .arch_map = { (SeccompProfileArch *)architectures, ARRAY_LEN(architectures) },
        .syscalls = { (SeccompProfileRule *)rules, ARRAY_LEN(rules) },
    };
    return &profile;
}
