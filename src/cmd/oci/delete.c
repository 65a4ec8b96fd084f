/*
 * `delete`: what lives is killed with --force only, or when it was never started; what a crash left
 * half made is removed as well.
 */
#include <errno.h>

#include "instance.h"

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

static int delete_one(CommandCall *call, Error *error)
{
    const DeleteOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.arena = call->arena;
    Error failure = { 0 };
    const char *root = commands_root(instance.globals, call->arena);
    int r = record_open(root, call->arguments[0], true, &instance.place, &failure);
    if (r < 0 && options->force && failure.kind == ERROR_NOT_FOUND) {
        record_sweep(root, call->arguments[0]);
        return 0;
    }
    if (r == 0)
        r = record_read(&instance.place, call->arena, &instance.record, &failure);
    if (r < 0 && options->force && instance.place.dir >= 0)
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
