/*
 * A container that exists: found, started, ended. Making it: instance_make.c.
 */
#include "instance.h"

#include <errno.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <unistd.h>

#include "linux/clone.h"
#include "linux/namespace.h"
#include "linux/process.h"
#include "log.h"
#include "notify.h"
#include "runtime/channel.h"
#include "runtime/hook.h"

enum { INSTANCE_END_MS = 10000, INSTANCE_CGROUP_MS = 5000 };

void instance_done(Instance *instance)
{
    launch_done(&instance->launched);
    fd_closep(&instance->start_socket);
    fd_closep(&instance->sealed_fd);
    record_place_done(&instance->place);
}

int instance_open(Instance *instance, const CommandCall *call, bool lock, Error *error)
{
    instance->globals = call->globals;
    instance->arena = call->arena;
    int r = record_open(commands_root(instance->globals, call->arena), call->arguments[0], lock,
                        &instance->place, error);
    return r < 0 ? r : record_read(&instance->place, call->arena, &instance->record, error);
}

int instance_each(CommandCall *call, bool regex, CommandRun *one, Error *error)
{
    const char *pattern = call->arguments[0];
    regex_t compiled;
    StrList ids;
    if (!regex)
        return one(call, error);
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return error_set(error, ERROR_USAGE, EINVAL, "--regex: '%s' is no regular expression",
                         pattern);
    int r = record_list(commands_root(call->globals, call->arena), call->arena, &ids, error);
    for (size_t i = 0; r == 0 && i < ids.count; i++) {
        if (regexec(&compiled, ids.items[i], 0, NULL, 0) != 0)
            continue;
        char *words[] = { ids.items[i], call->argument_count > 1 ? call->arguments[1] : NULL,
                          NULL };
        CommandCall single = *call;
        single.arguments = words;
        Error failure = { 0 };
        int end = one(&single, &failure);
        if (end < 0)
            r = error_set(error, failure.kind, failure.code, "%s", failure.message);
    }
    regfree(&compiled);
    return r;
}

int instance_cgroup(Instance *instance, Cgroup *ret_cgroup, Error *error)
{
    if (!instance->record.cgroup_path)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "container %s has no cgroup",
                         instance->record.id);
    int r = instance->cgroup_host.mode == CGROUP_NONE
                ? cgroup_host_read(instance->arena, &instance->cgroup_host, error)
                : 0;
    return r < 0 ? r
                 : cgroup_open(&instance->cgroup_host, instance->record.cgroup_path, ~0u,
                               instance->arena, ret_cgroup, error);
}

/* Of those that may be looked at: the caller started them, or has power over them. */
static int instance_pids_of_namespace(Instance *instance, pid_t **ret_pids, size_t *ret_count,
                                      Error *error)
{
    uint64_t id;
    pid_t *pids;
    size_t all, count = 0;
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance->record, error);
    if (pidfd < 0)
        return pidfd;
    int r = namespace_id_of_pid(instance->record.pid, NAMESPACE_PID, &id, error);
    if (r == 0)
        r = process_list(-1, instance->arena, &pids, &all, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < all; i++) {
        int fd CLEANUP(fd_closep) = namespace_open(pids[i], NAMESPACE_PID, NULL);
        if (fd >= 0 && namespace_is_within(fd, id))
            pids[count++] = pids[i];
    }
    *ret_pids = pids;
    *ret_count = count;
    return 0;
}

int instance_pids(Instance *instance, pid_t **ret_pids, size_t *ret_count, Error *error)
{
    if (!instance->record.cgroup_path && instance->record.own_pidns)
        return instance_pids_of_namespace(instance, ret_pids, ret_count, error);
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = instance_cgroup(instance, &cgroup, error);
    return r < 0 ? r : cgroup_pids(&cgroup, instance->arena, ret_pids, ret_count, error);
}

OciStatus instance_status(Instance *instance)
{
    OciStatus status = record_status(&instance->place, &instance->record);
    if (status != OCI_STATUS_RUNNING && status != OCI_STATUS_CREATED)
        return status;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    if (instance_cgroup(instance, &cgroup, NULL) == 0 && cgroup_is_frozen(&cgroup, NULL) == 1)
        return OCI_STATUS_PAUSED;
    return status;
}

/* Whether the process has ended within the time. */
static bool instance_wait_end(int pidfd, int timeout_ms)
{
    struct pollfd poller = { .fd = pidfd, .events = POLLIN };
    int r;
    do
        r = clone_pidfd_poll(&poller, 1, timeout_ms);
    while (r < 0 && errno == EINTR);
    return r > 0;
}

/* On v1 a process that somebody moved to a frozen cgroup does not take the signal; back in its own
 * it does, and nobody else in the frozen one is touched. */
static void instance_bring_home(Instance *instance)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    if (instance_cgroup(instance, &cgroup, NULL) == 0 && cgroup.mode != CGROUP_V2)
        (void)!cgroup_attach(&cgroup, instance->record.pid, NULL);
}

static int instance_end_process(Instance *instance, Error *error)
{
    enum { PATIENCE_MS = 500 };
    int pidfd CLEANUP(fd_closep) = record_pidfd(&instance->record, NULL);
    if (pidfd < 0)
        return 0;
    int r = clone_pidfd_signal(pidfd, SIGKILL, error);
    if (r < 0)
        return r == -ESRCH ? 0 : r;
    if (instance_wait_end(pidfd, PATIENCE_MS))
        return 0;
    instance_bring_home(instance);
    return instance_wait_end(pidfd, INSTANCE_END_MS)
               ? 0
               : error_set(error, ERROR_SYSTEM, ETIMEDOUT, "container %s: process %d does not end",
                           instance->record.id, instance->record.pid);
}

/* runtime.md#lifecycle, 7 and 9: where a hook has failed the container is destroyed. */
static int instance_start_failed(Instance *instance, int r)
{
    Error failure = { 0 };
    if (instance_destroy(instance, &failure) < 0)
        log_line(LOG_LEVEL_WARNING, "%s", failure.message);
    return r;
}

int instance_poststart(Instance *instance, Error *error)
{
    int r = instance->spec
                ? 0
                : record_read_spec(&instance->place, instance->arena, &instance->spec, error);
    OciState state = record_state(&instance->record, OCI_STATUS_RUNNING);
    record_unlock(&instance->place); /* who deletes it must not wait for a hook */
    if (r == 0)
        r = hook_run(instance->spec->hooks, HOOK_POSTSTART, &state, -1, error);
    if (r < 0)
        instance_kill_launched(instance);
    return r < 0 && record_relock(&instance->place) ? instance_start_failed(instance, r) : r;
}

static const char *instance_cannot_start(Instance *instance, OciStatus status)
{
    if (status == OCI_STATUS_STOPPED)
        return "cannot start a container that has stopped";
    if (status == OCI_STATUS_RUNNING)
        return "cannot start an already running container";
    return arena_printf(instance->arena, "cannot start a container in the %s state",
                        oci_state_status_name(status));
}

/* NOTIFY_SOCKET of `start`, for a container that was created with one. */
static int instance_start_notify(const Instance *instance, int *ret_socket, Error *error)
{
    int fd = notify_host() ? notify_bind(instance->place.dir, error) : -ENOENT;
    if (fd == -ENOENT) /* created without one */
        error_clear(error);
    *ret_socket = fd < 0 ? -1 : fd;
    return fd < 0 && fd != -ENOENT ? fd : 0;
}

int instance_start(Instance *instance, Error *error)
{
    OciStatus status = record_status(&instance->place, &instance->record);
    if (status != OCI_STATUS_CREATED)
        return error_set(error, ERROR_CONFLICT, EINVAL, "%s",
                         instance_cannot_start(instance, instance_status(instance)));
    int notify CLEANUP(fd_closep) = -1;
    int r = instance_start_notify(instance, &notify, error);
    if (r < 0)
        return r;
    int end = channel_connect(instance->place.dir, RECORD_START, error);
    bool unhooked = false;
    r = end < 0 ? end : launch_start(end, instance->record.pid, &unhooked, error);
    if (r < 0)
        return unhooked ? instance_start_failed(instance, r) : r;
    if (unlinkat(instance->place.dir, RECORD_START, 0) < 0)
        return error_errno(error, errno, "container %s: remove %s", instance->record.id,
                           RECORD_START);
    r = instance_poststart(instance, error);
    if (r < 0)
        return r;
    int pidfd CLEANUP(fd_closep) = notify >= 0 ? record_pidfd(&instance->record, NULL) : -1;
    if (pidfd < 0)
        return 0;
    return notify_forward(notify, pidfd, instance->record.pid, NULL, error);
}

/* ---- its end ---- */

static int instance_end_cgroup(Instance *instance, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    if (!instance->record.cgroup_path)
        return 0;
    Error missing = { 0 };
    int r = instance_cgroup(instance, &cgroup, &missing);
    if (r < 0 && missing.kind == ERROR_NOT_FOUND)
        return 0;
    if (r == 0)
        r = cgroup_kill(&cgroup, SIGKILL, error);
    else if (error)
        *error = missing;
    if (r == 0)
        r = placement_stop(&instance->record, instance->arena, error);
    return r < 0 ? r : cgroup_remove(&cgroup, INSTANCE_CGROUP_MS, error);
}

/*
 * The usual end of `run`: process 1 was reaped, and no process of its pid namespace outlives that.
 * So the cgroup is empty and goes at once; if strangers were moved into it, the long way is taken.
 */
static bool instance_ended(const Instance *instance)
{
    return instance->reaped && instance->record.own_pidns &&
           cgroup_remove(&instance->launched.cgroup, 0, NULL) == 0;
}

static int instance_end_resctrl(const Instance *instance, Error *error)
{
    const Record *record = &instance->record;
    if (!record->rdt_group || !(record->rdt_own || record->rdt_monitor))
        return 0;
    const ResctrlGroup group = {
        .name = record->rdt_group,
        .own = record->rdt_own,
        .monitor = record->rdt_monitor ? record->id : NULL,
    };
    int root_fd CLEANUP(fd_closep) = resctrl_open(NULL);
    return root_fd < 0 ? 0 : resctrl_remove(root_fd, &group, error); /* or all of it is gone */
}

static int instance_end(Instance *instance, Error *error)
{
    int r = 0;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    /* A frozen process does not take the signal (v1): its cgroup is thawed for it. */
    if (instance_cgroup(instance, &cgroup, NULL) == 0 && cgroup_is_frozen(&cgroup, NULL) == 1)
        r = cgroup_kill(&cgroup, SIGKILL, error);
    if (r == 0)
        r = instance_end_process(instance, error);
    if (r == 0)
        r = instance_end_cgroup(instance, error);
    return r < 0 ? r : instance_end_resctrl(instance, error);
}

int instance_destroy(Instance *instance, Error *error)
{
    int r = instance_ended(instance) ? 0 : instance_end(instance, error);
    if (r == 0 && !instance->spec) /* half made ones have none */
        (void)!record_read_spec(&instance->place, instance->arena, &instance->spec, NULL);
    if (r == 0)
        r = record_remove(&instance->place, error);
    if (r < 0 || !instance->spec)
        return r;
    OciState state = record_state(&instance->record, OCI_STATUS_STOPPED);
    Error failure = { 0 };
    if (hook_run(instance->spec->hooks, HOOK_POSTSTOP, &state, -1, &failure) < 0)
        log_line(LOG_LEVEL_WARNING, "%s", failure.message);
    return 0;
}
