/*
 * The program's own row: runc's global options, so that what calls runc can call this.
 */
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/program/output.h"
#include "linux/namespace.h"
#include "revision.h"

static const char *const oci_log_formats[] = { "text", "json", NULL };
static const char *const oci_log_levels[] = { "warning", "error", "debug", NULL };
static const char *const oci_cgroup_managers[] = { "cgroupfs", "systemd", "disabled", NULL };

/* Absolute from here on; "/" is what an empty variable in a script becomes. */
static int oci_parse_root(void *values, const Option *option, const char *value, Arena *arena,
                          Error *error)
{
    char here[PATH_MAX];
    const char *path = value;
    if (value[0] != '/') {
        if (!getcwd(here, sizeof(here)))
            return error_errno(error, errno, "working directory");
        path = value[0] ? arena_printf(arena, "%s/%s", here, value) : "/";
    }
    if (path[strspn(path, "/.")] == '\0')
        return error_set(error, ERROR_USAGE, EINVAL, "'%s': the argument should not be set to /",
                         value);
    *(const char **)option_member(values, option) = path;
    return 0;
}

static int oci_parse_rootless(void *values, const Option *option, const char *value,
                              Arena *arena UNUSED, Error *error)
{
    static const char *const words[] = { "auto", "true", "false", "1", "0", "t", "f", "" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *(const char **)option_member(values, option) = value;
            return 0;
        }
    }
    return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not true, false or auto", value);
}

static const Option oci_options[] = {
    { 0, "root", OPTION_CUSTOM(OciGlobals, root, oci_parse_root), "DIR",
      "Keep the containers' state in DIR (default /run/ambit/oci, for an ordinary user "
      "$XDG_RUNTIME_DIR/ambit/oci)",
      .completes = "directory" },
    { 0, "log", OPTION_STRING(OciGlobals, log), "FILE",
      "Write errors and warnings to FILE, or to syslog:NAME or journald:NAME (default: standard "
      "error)",
      .completes = "file" },
    { 0, "log-format", OPTION_ENUM(OciGlobals, log_format, oci_log_formats), "FORMAT",
      "How they are written: text or json" },
    { 0, "log-level", OPTION_ENUM(OciGlobals, log_level, oci_log_levels), "LEVEL",
      "What is written: error, warning (default) or debug, each with those before it" },
    { 0, "debug", OPTION_FLAG(OciGlobals, debug), NULL, "Write what is done as well" },
    { 0, "cgroup-manager", OPTION_ENUM(OciGlobals, cgroup_manager, oci_cgroup_managers), "MANAGER",
      "Who makes cgroups: cgroupfs (this program), systemd, or disabled (nobody)" },
    { 0, "rootless", OPTION_CUSTOM(OciGlobals, rootless, oci_parse_rootless), "WORD",
      "true, false or auto: the caller is no root of the host" },
    { 0, "criu", OPTION_STRING(OciGlobals, criu), "FILE", "The program for checkpoint and restore",
      .hidden = true },
    { 0, "systemd-cgroup", OPTION_FLAG(OciGlobals, systemd_cgroup), NULL,
      "Cgroups are scopes of systemd: linux.cgroupsPath is \"slice:prefix:name\"" },
    { 'v', "version", OPTION_FLAG(OciGlobals, version), NULL, "Print the version" },
    OPTION_END,
};

/* Root of a user namespace is an ordinary user to the host's /run. */
const char *commands_root(const OciGlobals *globals, Arena *arena)
{
    if (globals->root)
        return globals->root;
    const char *own = getenv("XDG_RUNTIME_DIR");
    if (str_empty(own) || (geteuid() == 0 && namespace_user_is_initial()))
        return "/run/ambit/oci";
    return arena_printf(arena, "%s/ambit/oci", own);
}

static const Command *const oci_children[] = {
    &create_command, &start_command,      &run_command,     &state_command,      &kill_command,
    &delete_command, &list_command,       &exec_command,    &ps_command,         &pause_command,
    &resume_command, &update_command,     &events_command,  &features_command,   &plan_command,
    &spec_command,   &checkpoint_command, &restore_command, &completion_command, NULL,
};

static int oci_run(CommandCall *call, Error *error)
{
    const OciGlobals *globals = call->globals;
    if (!globals->version)
        return COMMAND_HELP;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&text, "ambit-oci version " AMBIT_VERSION "\n");
    if (*revision_text) /* a line by which docker info tells the build */
        strbuf_printf(&text, "commit: %s\n", revision_text);
    strbuf_add(&text, "spec: 1.3.0\n");
    return output_write(strbuf_text(&text), error);
}

const Command oci_command = {
    .name = "ambit-oci",
    .summary = "Run containers from OCI bundles: an OCI runtime with runc's command line",
    .options = oci_options,
    .values_size = sizeof(OciGlobals),
    .children = oci_children,
    .run = oci_run,
    .go_spelling = true,
};
