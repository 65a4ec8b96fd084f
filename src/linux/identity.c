/*
 * Small setters for the calling thread, all by raw system call. They are used between clone and
 * exec, where nothing of the libc's thread machinery may run.
 *
 * The trap is the order, which is the caller's: groups, then gid, then uid; no_new_privs, dumpable
 * and the parent-death signal are reset by changes of ids or by exec (prctl(2) says which).
 */
#include "linux/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/syscalls.h"

/* 32-bit architectures have a second, wide set of these calls. */
#ifdef SYS_setresuid32
enum {
    IDENTITY_SETGROUPS = SYS_setgroups32,
    IDENTITY_SETRESGID = SYS_setresgid32,
    IDENTITY_SETRESUID = SYS_setresuid32
};
#else
enum {
    IDENTITY_SETGROUPS = SYS_setgroups,
    IDENTITY_SETRESGID = SYS_setresgid,
    IDENTITY_SETRESUID = SYS_setresuid
};
#endif

int identity_set_groups(const gid_t *groups, size_t count, Error *error)
{
    if (syscall(IDENTITY_SETGROUPS, count, groups) == 0)
        return 0;
    if (errno == EINVAL)
        return error_errno(error, errno,
                           "set %zu supplementary groups (is one of them not mapped "
                           "in the user namespace?)",
                           count);
    return error_errno(error, errno, "set %zu supplementary groups", count);
}

static int identity_refused(const char *what, unsigned id, Error *error)
{
    if (errno == EINVAL)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "become %s %u: it is not mapped in the user namespace", what, id);
    return error_errno(error, errno, "become %s %u", what, id);
}

/* The highest number means "no change" to the kernel, which is never what is meant here. */
int identity_set_gid(gid_t gid, Error *error)
{
    if (gid == (gid_t)-1)
        return error_errno(error, EINVAL, "become group %u", gid);
    if (syscall(IDENTITY_SETRESGID, gid, gid, gid) < 0)
        return identity_refused("group", gid, error);
    return 0;
}

int identity_set_uid(uid_t uid, Error *error)
{
    if (uid == (uid_t)-1)
        return error_errno(error, EINVAL, "become user %u", uid);
    if (syscall(IDENTITY_SETRESUID, uid, uid, uid) < 0)
        return identity_refused("user", uid, error);
    return 0;
}

void identity_set_umask(mode_t mask)
{
    (void)umask(mask & 0777);
}

static int identity_prctl(int option, unsigned long value, const char *what, Error *error)
{
    if (prctl(option, value, 0UL, 0UL, 0UL) < 0)
        return error_errno(error, errno, "%s", what);
    return 0;
}

int identity_set_no_new_privs(Error *error)
{
    return identity_prctl(PR_SET_NO_NEW_PRIVS, 1, "set no_new_privs", error);
}

int identity_set_dumpable(bool dumpable, Error *error)
{
    return identity_prctl(PR_SET_DUMPABLE, dumpable, "set the dumpable flag", error);
}

int identity_set_parent_death_signal(int signal, Error *error)
{
    return identity_prctl(PR_SET_PDEATHSIG, (unsigned long)signal, "set the parent-death signal",
                          error);
}

int identity_new_keyring(const char *name, Error *error)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0 || errno == ENOSYS)
        return 0;
    if (errno == EDQUOT)
        return error_errno(error, errno,
                           "make a session keyring (a limit in /proc/sys/kernel/keys)");
    return error_errno(error, errno, "make a session keyring");
}

/* ---- personality ---- */

int identity_personality_from_name(const char *name, unsigned long *ret_domain)
{
    enum { DOMAIN_LINUX = 0x0000, DOMAIN_LINUX32 = 0x0008 };
    if (str_eq(name, "LINUX"))
        *ret_domain = DOMAIN_LINUX;
    else if (str_eq(name, "LINUX32"))
        *ret_domain = DOMAIN_LINUX32;
    else
        return -EINVAL;
    return 0;
}

int identity_set_personality(unsigned long domain, Error *error)
{
    if (syscall(SYS_personality, domain) < 0)
        return error_errno(error, errno, "set the personality 0x%lx", domain);
    return 0;
}

/* ---- scheduling ---- */

typedef struct IdentityWord {
    const char *name;
    uint64_t value;
} IdentityWord;

static int identity_word(const IdentityWord *words, size_t count, const char *name,
                         uint64_t *ret_value)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, words[i].name)) {
            *ret_value = words[i].value;
            return 0;
        }
    return -EINVAL;
}

static const IdentityWord identity_policies[] = {
    { "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },       { "SCHED_BATCH", 3 },
    { "SCHED_ISO", 4 },   { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
};

static const IdentityWord identity_flags[] = {
    { "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
    { "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
    { "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
};

static const IdentityWord identity_ioprio_classes[] = {
    { "IOPRIO_CLASS_RT", 1 },
    { "IOPRIO_CLASS_BE", 2 },
    { "IOPRIO_CLASS_IDLE", 3 },
};

int identity_scheduler_policy_from_name(const char *name, uint32_t *ret_policy)
{
    uint64_t value;
    int r = identity_word(identity_policies, ARRAY_LEN(identity_policies), name, &value);
    if (r == 0)
        *ret_policy = (uint32_t)value;
    return r;
}

int identity_scheduler_flag_from_name(const char *name, uint64_t *ret_flag)
{
    return identity_word(identity_flags, ARRAY_LEN(identity_flags), name, ret_flag);
}

int identity_ioprio_class_from_name(const char *name, uint32_t *ret_class)
{
    uint64_t value;
    int r =
        identity_word(identity_ioprio_classes, ARRAY_LEN(identity_ioprio_classes), name, &value);
    if (r == 0)
        *ret_class = (uint32_t)value;
    return r;
}

int identity_set_scheduler(pid_t pid, const IdentityScheduler *scheduler, Error *error)
{
    /* struct sched_attr in its first published size, which every kernel takes. */
    const struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {
        .size = 48,
        .policy = scheduler->policy,
        .flags = scheduler->flags,
        .nice = scheduler->nice,
        .priority = scheduler->priority,
        .runtime = scheduler->runtime_ns,
        .deadline = scheduler->deadline_ns,
        .period = scheduler->period_ns,
    };
    _Static_assert(sizeof(attr) == 48, "sched_attr, version 0");
    if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
        return error_errno(error, errno, "set the scheduling policy %u", scheduler->policy);
    return 0;
}

int identity_set_ioprio(pid_t pid, uint32_t ioprio_class, uint32_t priority, Error *error)
{
    enum { WHO_PROCESS = 1, CLASS_SHIFT = 13, PRIORITY_MAX = 7 };
    if (priority > PRIORITY_MAX)
        return error_set(error, ERROR_USAGE, EINVAL, "an I/O priority of %u, allowed are 0 to 7",
                         priority);
    if (syscall(SYS_ioprio_set, WHO_PROCESS, pid, ioprio_class << CLASS_SHIFT | priority) < 0)
        return error_errno(error, errno, "set the I/O priority %u:%u", ioprio_class, priority);
    return 0;
}

/* A decimal number at *position, which moves behind it and the blanks around. */
static int identity_cpu_number(const char **position, unsigned *ret_cpu)
{
    unsigned value = 0;
    const char *p = *position + strspn(*position, " ");
    if (*p < '0' || *p > '9')
        return -EINVAL;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = 10 * value + (unsigned)(*p - '0');
        if (value >= 8 * sizeof(cpu_set_t)) /* musl's CPU_SETSIZE is 128, for the same type */
            return -ERANGE;
    }
    *position = p + strspn(p, " ");
    *ret_cpu = value;
    return 0;
}

int identity_cpu_list(const char *list, cpu_set_t *ret_set)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *p = list;; p++) {
        unsigned first, last;
        int r = identity_cpu_number(&p, &first);
        if (r < 0)
            return r;
        last = first;
        if (*p == '-') {
            p++;
            r = identity_cpu_number(&p, &last);
            if (r < 0)
                return r;
        }
        if (last < first)
            return -EINVAL;
        for (unsigned cpu = first; cpu <= last; cpu++)
            CPU_SET(cpu, &set);
        if (*p == '\0')
            break;
        if (*p != ',')
            return -EINVAL;
    }
    *ret_set = set;
    return 0;
}

int identity_set_affinity(const cpu_set_t *set, Error *error)
{
    if (sched_setaffinity(0, sizeof(*set), set) < 0)
        return error_errno(error, errno, "set the CPU affinity");
    return 0;
}

/* ---- session ---- */

int identity_new_session(Error *error)
{
    if (setsid() >= 0)
        return 0;
    if (getsid(0) != getpid())
        return error_errno(error, EPERM, "make a session (the caller leads a process group)");
    int tty CLEANUP(fd_closep) = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty >= 0)
        (void)ioctl(tty, TIOCNOTTY);
    return 0;
}
