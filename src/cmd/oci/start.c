/*
 * `start`: the word for which the process of `create` waits. Its errors, from there to the exec,
 * come back to us.
 */
#include "instance.h"

static int start_run(CommandCall *call, Error *error)
{
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    int r = instance_open(&instance, call, true, error);
    return r < 0 ? r : instance_start(&instance, error);
}

const Command start_command = {
    .name = "start",
    .summary = "Run the program of a created container",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .completes = "container",
    .run = start_run,
};
