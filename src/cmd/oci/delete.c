/*
 * `delete`: what lives is killed with --force only, or when it was never started; what a crash left
 * half made is removed as well.
 */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/fd.h"
#include "instance.h"
#include "linux/clone.h"

typedef struct DeleteOptions {
    bool force, regex;
} DeleteOptions;

static const Option delete_options[] = {
    { 'f', "force", OPTION_FLAG(DeleteOptions, force), NULL,
      "Kill it first; one that does not exist is no error" },
    { 'r', "regex", OPTION_FLAG(DeleteOptions, regex), NULL,
      "Remove all containers whose id matches ID, a regular expression" },
    OPTION_END,
};

/*
 * A state that cannot be read: without one nothing was made. With a damaged one the container's
 * configuration, which is beside it, says where its processes are.
 */
static int delete_damaged(Instance *instance, const char *id, const Error *failure, Error *error)
{
    bool made = failure->kind != ERROR_NOT_FOUND;
    if (!made || record_read_spec(&instance->place, instance->arena, &instance->spec, NULL) < 0 ||
        !instance->spec->linux)
        return record_remove(&instance->place, error);
    instance->record = (Record){
        .oci_version = instance->spec->oci_version,
        .id = id,
        .cgroup_path = instance->spec->linux->cgroups_path,
    };
    return instance_destroy(instance, error);
}

/*
 * Who makes or starts a container has the lock, and may wait for a hook without end. Its process is
 * killed then, and without it nobody waits any longer.
 */
static int delete_lock(Instance *instance, Error *error)
{
    enum { PAUSE_US = 20000 };
    for (;;) {
        int r = record_try_lock(&instance->place, error);
        if (r != -EWOULDBLOCK)
            return r;
        Arena arena CLEANUP(arena_done) = { 0 };
        Record record;
        int pidfd CLEANUP(fd_closep) = record_read(&instance->place, &arena, &record, NULL) < 0
                                           ? -1
                                           : record_pidfd(&record, NULL);
        if (pidfd >= 0)
            (void)!clone_pidfd_signal(pidfd, SIGKILL, NULL);
        clock_pause_us(PAUSE_US);
    }
}

static int delete_one(CommandCall *call, Error *error)
{
    const DeleteOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.arena = call->arena;
    Error failure = { 0 };
    const char *root = commands_root(instance.globals, call->arena);
    int r = record_open(root, call->arguments[0], !options->force, &instance.place, &failure);
    if (r == 0 && options->force)
        r = delete_lock(&instance, &failure);
    if (r < 0 && options->force && failure.kind == ERROR_NOT_FOUND) {
        record_sweep(root, call->arguments[0]);
        return 0;
    }
    bool locked = r == 0;
    if (locked)
        r = record_read(&instance.place, call->arena, &instance.record, &failure);
    if (r < 0 && locked && options->force)
        return delete_damaged(&instance, call->arguments[0], &failure, error);
    if (r < 0) {
        *error = failure;
        return r;
    }
    OciStatus status = instance_status(&instance);
    if (!options->force && status != OCI_STATUS_STOPPED && status != OCI_STATUS_CREATED)
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "cannot delete container %s that is not stopped: %s", instance.record.id,
                         oci_state_status_name(status));
    return instance_destroy(&instance, error);
}

static int delete_run(CommandCall *call, Error *error)
{
    const DeleteOptions *options = call->values;
    return instance_each(call, options->regex, delete_one, error);
}

const Command delete_command = {
    .name = "delete",
    .summary = "Remove a container that has stopped",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .options = delete_options,
    .values_size = sizeof(DeleteOptions),
    .run = delete_run,
};
