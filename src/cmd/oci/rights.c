/*
 * Mounts are compared by where they are, what they are of, and their flags; filters by their
 * instructions, which the kernel gives to a tracer with CAP_SYS_ADMIN. A process may have dropped
 * rights and added filters since it began: less is fine.
 *
 * The trap: what is looked at must be all that the archive made. Ids, capabilities and filters are
 * a thread's own, and the archive names the cgroup of each process, so they are found by descent.
 */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/capability.h"
#include "linux/namespace_of.h"
#include "linux/process.h"
#include "log.h"

static const char *const rights_map_files[RIGHTS_MAP_MAX] = { "uid_map", "gid_map" };

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

/* ---- noting ---- */

static int rights_note_namespaces(Rights *rights, int proc, Arena *arena, Error *error)
{
    uint64_t theirs[NAMESPACE_MAX];
    int own CLEANUP(fd_closep) = process_open(-1, getpid(), error);
    int r = own < 0 ? own : namespace_of_ids(own, rights->host, error);
    if (r == 0)
        r = namespace_of_ids(proc, theirs, error);
    for (int type = 0; r == 0 && type < NAMESPACE_MAX; type++)
        if (theirs[type] == rights->host[type])
            rights->host[type] = 0; /* shared on purpose */
    for (int i = 0; r == 0 && i < RIGHTS_MAP_MAX; i++) {
        char *text;
        r = process_text(proc, rights_map_files[i], arena, &text, error);
        rights->maps[i] = text;
    }
    return r;
}

/* The number that the caller sees for one of the container's. */
static int rights_outer_id(const Rights *rights, int map, uint32_t id, Arena *arena,
                           uint32_t *ret_id, Error *error)
{
    IdRange *ranges;
    size_t count;
    int r = idmap_parse(arena_strdup(arena, rights->maps[map]), arena, &ranges, &count, error);
    if (r < 0)
        return r;
    if (idmap_to_host(ranges, count, id, ret_id) < 0)
        return error_set(error, ERROR_USAGE, ERANGE, "process.user: %u is not mapped",
                         (unsigned)id);
    return 0;
}

/* Without the capability, and without set-id programs, ids are what they began with. */
static int rights_note_ids(Rights *rights, const SpecUser *user, bool keeps_groups, Arena *arena,
                           Error *error)
{
    rights->fixed_uid = rights->no_new_privs && !(rights->capabilities & 1ULL << CAP_SETUID);
    rights->fixed_gid =
        rights->no_new_privs && !keeps_groups && !(rights->capabilities & 1ULL << CAP_SETGID);
    int r = rights_outer_id(rights, RIGHTS_MAP_UID, user->uid, arena, &rights->uid, error);
    const U32List *more = &user->additional_gids;
    rights->gids = arena_alloc(arena, (more->count + 1) * sizeof(*rights->gids));
    for (size_t i = 0; r == 0 && i <= more->count; i++)
        r = rights_outer_id(rights, RIGHTS_MAP_GID, i ? more->items[i - 1] : user->gid, arena,
                            &rights->gids[rights->gid_count++], error);
    return r;
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
        r = rights_note_namespaces(&rights, proc, instance->arena, error);
    if (r == 0)
        r = rights_note_ids(&rights, &process->user, instance->plan.keep_groups, instance->arena,
                            error);
    if (r == 0)
        *ret_rights = rights;
    return r;
}

/* ---- comparing ---- */

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

static int rights_check_namespaces(const Rights *rights, int proc, pid_t pid, Arena *arena,
                                   Error *error)
{
    uint64_t theirs[NAMESPACE_MAX];
    int r = namespace_of_ids(proc, theirs, error);
    for (int type = 0; r == 0 && type < NAMESPACE_MAX; type++)
        if (rights->host[type] && theirs[type] == rights->host[type])
            return error_set(error, ERROR_DENIED, EPERM,
                             "linux.namespaces: process %d of the archive is in the host's %s "
                             "namespace",
                             (int)pid, namespace_table[type].name);
    for (int i = 0; r == 0 && rights->host[NAMESPACE_USER] && i < RIGHTS_MAP_MAX; i++) {
        char *text;
        r = process_text(proc, rights_map_files[i], arena, &text, error);
        if (r == 0 && !str_eq(text, rights->maps[i]))
            return error_set(error, ERROR_DENIED, EPERM,
                             "linux.uidMappings: %s of process %d of the archive is another",
                             rights_map_files[i], (int)pid);
    }
    return r;
}

static bool rights_has_gid(const Rights *rights, uint32_t gid)
{
    for (size_t i = 0; i < rights->gid_count; i++)
        if (rights->gids[i] == gid)
            return true;
    return false;
}

static int rights_check_ids(const Rights *rights, const ProcessStatus *status, Error *error)
{
    bool fine = true;
    for (size_t i = 0; i < ARRAY_LEN(status->uid); i++)
        fine = fine && (!rights->fixed_uid || status->uid[i] == rights->uid) &&
               (!rights->fixed_gid || status->gid[i] == rights->gids[0]);
    for (size_t i = 0; rights->fixed_gid && i < status->group_count; i++)
        fine = fine && rights_has_gid(rights, status->groups[i]);
    return fine ? 0
                : error_set(error, ERROR_DENIED, EPERM,
                            "process.user: process %d of the archive is another user, or in other "
                            "groups",
                            (int)status->pid);
}

static int rights_check_capabilities(const Rights *rights, const ProcessStatus *status,
                                     Error *error)
{
    uint64_t has = status->cap_bounding | status->cap_effective | status->cap_permitted |
                   status->cap_inheritable | status->cap_ambient;
    if (has & ~rights->capabilities)
        return error_set(error, ERROR_DENIED, EPERM,
                         "process.capabilities: process %d of the archive "
                         "has more than configured",
                         (int)status->pid);
    if (rights->no_new_privs && !status->no_new_privs) /* nobody can set it from outside */
        log_line(
            LOG_LEVEL_WARNING,
            "process.noNewPrivileges: this criu does not restore it (process %d): the bounding "
            "set still holds",
            (int)status->pid);
    return 0;
}

/* A process, or another of its threads by that one's number. */
static int rights_check_thread(const Rights *rights, pid_t pid, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ProcessStatus status;
    int proc CLEANUP(fd_closep) = process_open(-1, pid, error);
    int r = proc < 0 ? proc : process_status(proc, &arena, &status, error);
    if (r < 0)
        return r;
    status.pid = pid;
    r = rights_check_capabilities(rights, &status, error);
    if (r == 0)
        r = rights_check_ids(rights, &status, error);
    if (r == 0)
        r = rights_check_namespaces(rights, proc, pid, &arena, error);
    if (r < 0)
        return r;
    if (!str_empty(rights->label) && !str_starts(rights_label(proc, &arena), rights->label))
        return error_set(error, ERROR_DENIED, EPERM,
                         "process %d of the archive has not the label %s", (int)pid, rights->label);
    r = rights_check_mounts(rights, proc, &arena, error);
    return r < 0 ? r : rights_check_filter(rights, pid, &arena, error);
}

static int rights_check_process(const Rights *rights, pid_t pid, Arena *arena, Error *error)
{
    pid_t *threads;
    size_t count;
    int proc CLEANUP(fd_closep) = process_open(-1, pid, error);
    int tasks CLEANUP(fd_closep) =
        proc < 0 ? -1 : openat(proc, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tasks < 0)
        return proc < 0 ? proc : error_errno(error, errno, "threads of process %d", (int)pid);
    int r = process_list(tasks, arena, &threads, &count, error);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = rights_check_thread(rights, threads[i], error);
    return r;
}

/* ---- finding ---- */

static bool rights_contains(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static pid_t rights_parent(pid_t pid)
{
    ProcessStat stat;
    int proc CLEANUP(fd_closep) = process_open(-1, pid, NULL);
    return proc >= 0 && process_stat(proc, &stat, NULL) == 0 ? stat.parent : 0;
}

static bool rights_descends(pid_t pid, pid_t from)
{
    enum { DEPTH_MAX = 4096 }; /* numbers that are used again could make a ring */
    for (int i = 0; i < DEPTH_MAX && pid > 1; i++, pid = rights_parent(pid))
        if (pid == from)
            return true;
    return false;
}

/* The first process is in the cgroup, and so are all its descendants. One that is not would outlive
 * the cgroup's removal where there is no pid namespace. */
static int rights_check_place(pid_t first, const pid_t *pids, size_t count, Arena *arena,
                              Error *error)
{
    pid_t *all, stray = 0;
    size_t all_count;
    int r = process_list(-1, arena, &all, &all_count, error);
    for (size_t i = 0; r == 0 && i < all_count; i++)
        if (!rights_contains(pids, count, all[i]) && rights_descends(all[i], first)) {
            stray = all[i];
            (void)kill(stray, SIGKILL);
        }
    return stray ? error_set(error, ERROR_DENIED, EPERM,
                             "linux.cgroupsPath: process %d of the archive is not in the "
                             "configured cgroup",
                             (int)stray)
                 : r;
}

int rights_check(Instance *instance, const Rights *rights, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    pid_t *pids = NULL;
    size_t count = 0;
    int r = instance_cgroup(instance, &cgroup, error);
    if (r == 0)
        r = cgroup_pids(&cgroup, instance->arena, &pids, &count, error);
    if (r == 0)
        r = rights_check_place(instance->record.pid, pids, count, instance->arena, error);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = rights_check_process(rights, pids[i], instance->arena, error);
    return r < 0 ? error_wrap(error, "restore") : 0;
}

int rights_let_go(Instance *instance, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_cgroup(instance, &cgroup, error);
    return r < 0 ? r : cgroup_kill(&cgroup, SIGCONT, error);
}
