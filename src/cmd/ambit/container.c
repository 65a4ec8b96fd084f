/*
 * `container`: docker's group of all commands on containers. Each of them but `inspect` (which
 * finds no images here) and `prune` is the one at the top.
 */
#include "commands.h"

static const Command *const container_children[] = {
    COMMANDS_ON_CONTAINERS(&container_inspect_command),
    &container_prune_command,
    COMMANDS_REFUSED_ON_CONTAINERS,
    COMMAND_REFUSE("exists", "not supported yet: `ambit container inspect` answers by its status"),
    NULL,
};

const Command container_command = {
    .name = "container",
    .summary = "Work with containers",
    .children = container_children,
};
