/*
 * The commands of `ambit`: one file each, which exports its own row. commands.c lists them in the
 * order in which --help shows them.
 */
#pragma once

#include "base/command.h"

/* What stands before the command: CommandCall.globals points to it. */
typedef struct AmbitGlobals {
    const char *root;  /* images, layers, containers, volumes: survives a reboot */
    const char *state; /* what runs now: gone with a reboot */
    bool version;
} AmbitGlobals;

/* The words this program was called with, to execute itself anew (linux/sealed.h). */
extern char **main_arguments;

extern const Command ambit_command; /* the program itself, with all commands as children */

extern const Command commit_command;
extern const Command completion_command;
extern const Command container_command;
extern const Command diff_command;
extern const Command enter_command;
extern const Command exec_command;
extern const Command explain_command;
extern const Command export_command;
extern const Command help_command;
extern const Command history_command;
extern const Command image_command;
extern const Command images_command;
extern const Command import_command;
extern const Command info_command;
extern const Command inspect_command;
extern const Command kill_command;
extern const Command load_command;
extern const Command login_command;
extern const Command logout_command;
extern const Command manifest_command;
extern const Command ns_command;
extern const Command ps_command;
extern const Command pull_command;
extern const Command push_command;
extern const Command rm_command;
extern const Command rmi_command;
extern const Command run_command;
extern const Command save_command;
extern const Command search_command;
extern const Command stop_command;
extern const Command system_command;
extern const Command tag_command;
extern const Command unshare_command;
extern const Command version_command;

/* At the top and below `container`, in the order of --help; `inspect` is not the same there. */
#define COMMANDS_ON_CONTAINERS(inspect)                                                  \
    &run_command, &exec_command, &ps_command, &kill_command, &stop_command, &rm_command, \
        (inspect), &diff_command, &commit_command, &export_command

/* What docker and podman have there and we do not: why. */
#define COMMANDS_DETACHED      "not supported yet: containers run in the foreground for now"
#define COMMANDS_NETWORK       "not supported yet: there are no bridge networks for now"
#define COMMANDS_EVENTS        "not supported yet: nothing runs that could tell of them"
#define COMMANDS_BUILD         "not supported yet: buildah or docker build images that `ambit load` takes"
#define COMMANDS_ONE_CONTAINER "not supported yet: `ambit run` starts one container"
#define COMMANDS_ONE_HOST      "not supported: ambit works on the host it is called on"
#define COMMANDS_CLUSTER       "not supported: Kubernetes is the cluster, with ambit-oci as its runtime"
#define COMMANDS_UNTAG         "not supported yet: `ambit rmi NAME` takes a name away"
#define COMMANDS_TRUST         "not supported yet: `ambit manifest referrers` lists an image's signatures"

#define COMMANDS_REFUSED_ON_CONTAINERS                                                             \
    COMMAND_REFUSE("create", COMMANDS_DETACHED), COMMAND_REFUSE("start", COMMANDS_DETACHED),       \
        COMMAND_REFUSE("restart", COMMANDS_DETACHED), COMMAND_REFUSE("attach", COMMANDS_DETACHED), \
        COMMAND_REFUSE("wait", COMMANDS_DETACHED), COMMAND_REFUSE("init", COMMANDS_DETACHED),      \
        COMMAND_REFUSE("logs",                                                                     \
                       "not supported yet: a container's output goes to the terminal for now"),    \
        COMMAND_REFUSE(                                                                            \
            "cp", "not supported yet: use `ambit export`, a volume, or `ambit exec -i C tar`"),    \
        COMMAND_REFUSE("top", "not supported yet: `ambit exec C ps`, or `ambit explain C`"),       \
        COMMAND_REFUSE("stats", "not supported yet: `ambit explain C` shows limits and usage"),    \
        COMMAND_REFUSE("pause",                                                                    \
                       "not supported yet: `ambit kill --signal STOP C` stops the first process"), \
        COMMAND_REFUSE("unpause", "not supported yet: there is no `pause`"),                       \
        COMMAND_REFUSE("rename", "not supported yet: the name is given by `ambit run --name`"),    \
        COMMAND_REFUSE("update", "not supported yet: limits are given to `ambit run`"),            \
        COMMAND_REFUSE("port", COMMANDS_NETWORK),                                                  \
        COMMAND_REFUSE("mount", "not supported yet: `ambit image mount` shows an image's files"),  \
        COMMAND_REFUSE("checkpoint", "not supported yet: `ambit-oci checkpoint` does it"),         \
        COMMAND_REFUSE("restore", "not supported yet: `ambit-oci restore` does it")

/* Children of `container` alone. */
extern const Command container_inspect_command;
extern const Command container_prune_command;

/* The children of `image`; some are at the top as well, as in docker. */
extern const Command image_check_command;
extern const Command image_history_command;
extern const Command image_import_command;
extern const Command image_inspect_command;
extern const Command image_pull_command;
extern const Command image_push_command;
extern const Command image_load_command;
extern const Command image_ls_command;
extern const Command image_mount_command;
extern const Command image_prune_command;
extern const Command image_rm_command;
extern const Command image_save_command;
extern const Command image_tag_command;
extern const Command image_unmount_command;
extern const Command image_verify_command;

/* The children of `system` with files of their own. */
extern const Command system_df_command;
extern const Command system_prune_command;
