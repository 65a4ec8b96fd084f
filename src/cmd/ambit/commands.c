/*
 * The program's own row: its global options and the list of its commands.
 */
#include "commands.h"

#include "cmd/program/output.h"
#include "engine/engine.h"

static const Option ambit_options[] = {
    { 0, "root", OPTION_STRING(AmbitGlobals, root), "DIR",
      "Keep images, containers and volumes in DIR (default /var/lib/ambit)", .env = "AMBIT_ROOT",
      .completes = "directory" },
    { 0, "state", OPTION_STRING(AmbitGlobals, state), "DIR",
      "Keep the state of what runs in DIR (default /run/ambit)", .env = "AMBIT_STATE",
      .completes = "directory" },
    { 'v', "version", OPTION_FLAG(AmbitGlobals, version), NULL, "Print the version" },
    OPTION_END,
};

static const AmbitGlobals ambit_defaults = {
    .root = ENGINE_ROOT_DEFAULT,
    .state = ENGINE_STATE_DEFAULT,
};

static const Command *const ambit_children[] = {
    COMMANDS_ON_CONTAINERS(&inspect_command),
    &container_command,
    &images_command,
    &pull_command,
    &push_command,
    &load_command,
    &save_command,
    &import_command,
    &tag_command,
    &history_command,
    &rmi_command,
    &image_command,
    &login_command,
    &logout_command,
    &search_command,
    &manifest_command,
    /* the boundary */
    &explain_command,
    &ns_command,
    &enter_command,
    &unshare_command,
    /* the engine itself */
    &system_command,
    &version_command,
    &info_command,
    &completion_command,
    &help_command,
    /* docker's and podman's that are not there yet */
    COMMANDS_REFUSED_ON_CONTAINERS,
    COMMAND_REFUSE("events", COMMANDS_EVENTS),
    COMMAND_REFUSE("network", COMMANDS_NETWORK),
    COMMAND_REFUSE("volume", "not supported yet: volumes are made by `ambit run --volume`"),
    COMMAND_REFUSE("build", COMMANDS_BUILD),
    COMMAND_REFUSE("builder", COMMANDS_BUILD),
    COMMAND_REFUSE("buildx", COMMANDS_BUILD),
    COMMAND_REFUSE("compose", COMMANDS_ONE_CONTAINER),
    COMMAND_REFUSE("pod", COMMANDS_ONE_CONTAINER),
    COMMAND_REFUSE("kube", COMMANDS_ONE_CONTAINER),
    COMMAND_REFUSE("play", COMMANDS_ONE_CONTAINER),
    COMMAND_REFUSE("generate", COMMANDS_ONE_CONTAINER),
    COMMAND_REFUSE("auto-update", COMMANDS_DETACHED),
    COMMAND_REFUSE("healthcheck", COMMANDS_DETACHED),
    COMMAND_REFUSE("untag", COMMANDS_UNTAG),
    COMMAND_REFUSE("unmount", "`ambit image unmount` takes away what `ambit image mount` made"),
    COMMAND_REFUSE("secret", "not supported yet: mount a file with `ambit run --volume`"),
    COMMAND_REFUSE("trust", COMMANDS_TRUST),
    COMMAND_REFUSE("context", COMMANDS_ONE_HOST),
    COMMAND_REFUSE("machine", COMMANDS_ONE_HOST),
    COMMAND_REFUSE("plugin", "not supported: there are no plugins"),
    COMMAND_REFUSE("swarm", COMMANDS_CLUSTER),
    COMMAND_REFUSE("node", COMMANDS_CLUSTER),
    COMMAND_REFUSE("service", COMMANDS_CLUSTER),
    COMMAND_REFUSE("stack", COMMANDS_CLUSTER),
    COMMAND_REFUSE("config", COMMANDS_CLUSTER),
    NULL,
};

static int ambit_run(CommandCall *call, Error *error)
{
    const AmbitGlobals *globals = call->globals;
    if (!globals->version)
        return COMMAND_HELP;
    return output_write("ambit " AMBIT_VERSION "\n", error);
}

const Command ambit_command = {
    .name = "ambit",
    .summary = "Run Linux containers: processes with a boundary around them",
    .options = ambit_options,
    .values_size = sizeof(AmbitGlobals),
    .defaults = &ambit_defaults,
    .children = ambit_children,
    .run = ambit_run,
};
