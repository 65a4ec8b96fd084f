/*
 * The program's own row: its global options and the list of its commands.
 */
#include "commands.h"

#include "cmd/program/output.h"

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
    .root = "/var/lib/ambit",
    .state = "/run/ambit",
};

static const Command *const ambit_children[] = {
    &run_command,
    &exec_command,
    &ps_command,
    &kill_command,
    &stop_command,
    &rm_command,
    &inspect_command,
    &diff_command,
    &commit_command,
    &export_command,
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
