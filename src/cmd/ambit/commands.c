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

#define AMBIT_DETACHED "not supported yet: containers run in the foreground for now"
#define AMBIT_NETWORK  "not supported yet: there are no bridge networks for now"
#define AMBIT_BUILD    "not supported yet: buildah or docker build images that `ambit load` takes"
#define AMBIT_ONE_HOST "not supported yet: `ambit run` starts one container"

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
    COMMAND_REFUSE("create", AMBIT_DETACHED),
    COMMAND_REFUSE("start", AMBIT_DETACHED),
    COMMAND_REFUSE("restart", AMBIT_DETACHED),
    COMMAND_REFUSE("attach", AMBIT_DETACHED),
    COMMAND_REFUSE("wait", AMBIT_DETACHED),
    COMMAND_REFUSE("logs", "not supported yet: a container's output goes to the terminal for now"),
    COMMAND_REFUSE("events", "not supported yet: nothing runs that could tell of them"),
    COMMAND_REFUSE("cp",
                   "not supported yet: use `ambit export`, a volume, or `ambit exec -i C tar`"),
    COMMAND_REFUSE("top", "not supported yet: `ambit exec C ps`, or `ambit explain C`"),
    COMMAND_REFUSE("stats", "not supported yet: `ambit explain C` shows limits and usage"),
    COMMAND_REFUSE("pause",
                   "not supported yet: `ambit kill --signal STOP C` stops the first process"),
    COMMAND_REFUSE("unpause", "not supported yet: there is no `pause`"),
    COMMAND_REFUSE("rename", "not supported yet: the name is given by `ambit run --name`"),
    COMMAND_REFUSE("update", "not supported yet: limits are given to `ambit run`"),
    COMMAND_REFUSE("port", AMBIT_NETWORK),
    COMMAND_REFUSE("network", AMBIT_NETWORK),
    COMMAND_REFUSE("volume", "not supported yet: volumes are made by `ambit run --volume`"),
    COMMAND_REFUSE("build", AMBIT_BUILD),
    COMMAND_REFUSE("buildx", AMBIT_BUILD),
    COMMAND_REFUSE("compose", AMBIT_ONE_HOST),
    COMMAND_REFUSE("pod", AMBIT_ONE_HOST),
    COMMAND_REFUSE("kube", AMBIT_ONE_HOST),
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
