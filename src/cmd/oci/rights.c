/*
 * Mounts are compared by where they are, what they are of, and their flags; filters by their
 * instructions, which the kernel gives to a tracer with CAP_SYS_ADMIN. A process may have dropped
 * rights and added filters since it began: less is fine.
 */
#include "rights.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "linux/capability.h"
#include "linux/process.h"
#include "log.h"

static uint64_t rights_mask(const StrList *names)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < names->count; i++) {
        int capability = capability_from_name(names->items[i]);
        if (capability != CAPABILITY_INVALID)
            mask |= 1ULL << capability;
    }
    return mask;
}

static const char *rights_label(int proc, Arena *arena)
{
    char *text;
    return process_text(proc, "attr/current", arena, &text, NULL) < 0 ? "" : text;
}

int rights_note(Instance *instance, Rights *ret_rights, Error *error)
{
    const SpecProcess *process = instance->spec->process;
    Rights rights = { .no_new_privs = process->no_new_privileges };
    if (process->capabilities)
        rights.capabilities = rights_mask(&process->capabilities->bounding) |
                              rights_mask(&process->capabilities->permitted);
    for (size_t i = 0; i < instance->plan.step_count; i++)
        if (instance->plan.steps[i].kind == STEP_SECCOMP)
            rights.filter = instance->plan.steps[i].with.seccomp;
    int proc CLEANUP(fd_closep) = process_open(-1, instance->record.pid, error);
    if (proc < 0)
        return proc;
    rights.label =
        str_empty(process->apparmor_profile) ? process->selinux_label : process->apparmor_profile;
    int r = mountinfo_read(proc, instance->arena, &rights.mounts, &rights.mount_count, error);
    if (r == 0)
        *ret_rights = rights;
    return r;
}

static bool rights_same_mount(const MountinfoEntry *a, const MountinfoEntry *b)
{
    static const char *const flags[] = { "ro", "nosuid", "nodev", "noexec" };
    if (!str_eq(a->target, b->target) || !str_eq(a->type, b->type))
        return false;
    /* The root is where it was bound for criu; what a tmpfs or proc shows is its own. */
    if (!str_eq(a->root, b->root) && !str_eq(a->target, "/"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (mountinfo_has_option(a->options, flags[i]) &&
            !mountinfo_has_option(b->options, flags[i]))
            return false; /* noted with it, restored without */
    return true;
}

/* Each mount one that was noted, and each that was noted there. */
static int rights_check_mounts(const Rights *rights, int proc, Arena *arena, Error *error)
{
    MountinfoEntry *mounts;
    size_t count;
    int r = mountinfo_read(proc, arena, &mounts, &count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < rights->mount_count; i++) {
        bool found = false;
        for (size_t j = 0; j < count && !found; j++)
            found = rights_same_mount(&rights->mounts[i], &mounts[j]);
        if (!found)
            return error_set(error, ERROR_DENIED, EPERM, "the mount on %s is not as configured",
                             rights->mounts[i].target);
    }
    for (size_t j = 0; j < count; j++) {
        bool found = false;
        for (size_t i = 0; i < rights->mount_count && !found; i++)
            found = rights_same_mount(&rights->mounts[i], &mounts[j]);
        if (!found)
            return error_set(error, ERROR_DENIED, EPERM, "the mount on %s is not configured",
                             mounts[j].target);
    }
    return 0;
}

/* Is the configuration's filter one of the process's? */
static bool rights_has_filter(pid_t pid, const SeccompProgram *filter, Arena *arena)
{
    enum { FILTERS_MAX = 64, INSTRUCTIONS_MAX = 4096 };
    struct sock_filter *got = arena_alloc(arena, INSTRUCTIONS_MAX * sizeof(*got));
    bool found = false;
    for (unsigned long i = 0; i < FILTERS_MAX && !found; i++) {
        long count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, NULL);
        if (count < 0 || count > INSTRUCTIONS_MAX)
            break;
        found = count == filter->count &&
                ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, got) == count &&
                memcmp(got, filter->instructions, (size_t)count * sizeof(*got)) == 0;
    }
    return found;
}

static int rights_check_filter(const Rights *rights, pid_t pid, Arena *arena, Error *error)
{
    if (!rights->filter)
        return 0;
    int status;
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
        return error_errno(error, errno, "look at the filters of process %d", (int)pid);
    (void)waitpid(pid, &status, __WALL);
    bool found = rights_has_filter(pid, rights->filter, arena);
    (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return found ? 0
                 : error_set(error, ERROR_DENIED, EPERM,
                             "linux.seccomp: process %d of the archive "
                             "has not the configured filter",
                             (int)pid);
}

static int rights_check_process(const Rights *rights, pid_t pid, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ProcessStatus status;
    int proc CLEANUP(fd_closep) = process_open(-1, pid, error);
    int r = proc < 0 ? proc : process_status(proc, &arena, &status, error);
    if (r < 0)
        return r;
    uint64_t has = status.cap_bounding | status.cap_effective | status.cap_permitted |
                   status.cap_inheritable | status.cap_ambient;
    if (has & ~rights->capabilities)
        return error_set(error, ERROR_DENIED, EPERM,
                         "process.capabilities: process %d of the archive "
                         "has more than configured",
                         (int)pid);
    if (rights->no_new_privs && !status.no_new_privs) /* nobody can set it from outside */
        log_line(
            LOG_LEVEL_WARNING,
            "process.noNewPrivileges: this criu does not restore it (process %d): the bounding "
            "set still holds",
            (int)pid);
    if (!str_empty(rights->label) && !str_starts(rights_label(proc, &arena), rights->label))
        return error_set(error, ERROR_DENIED, EPERM,
                         "process %d of the archive has not the label %s", (int)pid, rights->label);
    r = rights_check_mounts(rights, proc, &arena, error);
    return r < 0 ? r : rights_check_filter(rights, pid, &arena, error);
}

int rights_check(Instance *instance, const Rights *rights, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    pid_t *pids;
    size_t count;
    bool first = false;
    int r = instance_cgroup(instance, &cgroup, error);
    if (r == 0)
        r = cgroup_pids(&cgroup, instance->arena, &pids, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++) {
        first = first || pids[i] == instance->record.pid;
        r = rights_check_process(rights, pids[i], error);
    }
    if (r == 0 && !first)
        r = error_set(
            error, ERROR_DENIED, EPERM,
            "linux.cgroupsPath: the archive's processes are not in the configured cgroup");
    return r < 0 ? error_wrap(error, "restore") : 0;
}

int rights_let_go(Instance *instance, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_cgroup(instance, &cgroup, error);
    return r < 0 ? r : cgroup_kill(&cgroup, SIGCONT, error);
}
