/*
 * The program's own row: runc's global options, so that what calls runc can call this.
 */
#include "commands.h"

#include "cmd/ambit/output.h"

static const char *const oci_log_formats[] = { "text", "json", NULL };
static const char *const oci_cgroup_managers[] = { "cgroupfs", "disabled", NULL };

static const Option oci_options[] = {
    { 0, "root", OPTION_STRING(OciGlobals, root), "DIR",
      "Keep the containers' state in DIR (default /run/ambit/oci)", .completes = "directory" },
    { 0, "log", OPTION_STRING(OciGlobals, log), "FILE", "Add errors to FILE as well",
      .completes = "file" },
    { 0, "log-format", OPTION_ENUM(OciGlobals, log_format, oci_log_formats), "FORMAT",
      "How FILE is written: text or json" },
    { 0, "debug", OPTION_FLAG(OciGlobals, debug), NULL, "Taken for compatibility" },
    { 0, "cgroup-manager", OPTION_ENUM(OciGlobals, cgroup_manager, oci_cgroup_managers), "MANAGER",
      "Who makes cgroups: cgroupfs (this program), or disabled (nobody)" },
    { 0, "rootless", OPTION_STRING(OciGlobals, rootless), "WORD",
      "true, false or auto: taken for compatibility" },
    OPTION_REFUSE(0, "systemd-cgroup",
                  "cgroups made by systemd are not supported yet: use the cgroupfs manager"),
    { 'v', "version", OPTION_FLAG(OciGlobals, version), NULL, "Print the version" },
    OPTION_END,
};

static const OciGlobals oci_defaults = { .root = "/run/ambit/oci" };

static const Command *const oci_children[] = {
    &create_command,   &start_command,  &run_command,    &state_command,
    &kill_command,     &delete_command, &list_command,   &exec_command,
    &ps_command,       &pause_command,  &resume_command, &update_command,
    &features_command, &plan_command,   &spec_command,   NULL,
};

static int oci_run(CommandCall *call, Error *error)
{
    const OciGlobals *globals = call->globals;
    if (!globals->version)
        return COMMAND_HELP;
    return output_write("ambit-oci version " AMBIT_VERSION "\nspec: 1.3.0\n", error);
}

const Command oci_command = {
    .name = "ambit-oci",
    .summary = "Run containers from OCI bundles: an OCI runtime with runc's command line",
    .options = oci_options,
    .values_size = sizeof(OciGlobals),
    .defaults = &oci_defaults,
    .children = oci_children,
    .run = oci_run,
};
