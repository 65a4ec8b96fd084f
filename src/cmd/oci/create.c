/*
 * `create`: everything but the program. Its process waits, whoever made it may go; `start` brings
 * the word.
 */
#include "instance.h"

static const Option create_options[] = {
    INSTANCE_OPTIONS,
    OPTION_END,
};

static int create_run(CommandCall *call, Error *error)
{
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    instance.globals = call->globals;
    instance.options = call->values;
    instance.arena = call->arena;
    int r = instance_seal(&instance, call->values, error);
    return r < 0 ? r : instance_make(&instance, call->arguments[0], true, error);
}

const Command create_command = {
    .name = "create",
    .summary = "Make a container whose process waits for `start`",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .options = create_options,
    .values_size = sizeof(InstanceOptions),
    .run = create_run,
};
