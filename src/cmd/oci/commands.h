/*
 * The commands of `ambit-oci`: one file each, which exports its own row. commands.c lists them.
 */
#pragma once

#include "base/command.h"

typedef enum OciLogFormat { OCI_LOG_TEXT, OCI_LOG_JSON } OciLogFormat;
typedef enum OciLogLevel {
    OCI_LOG_LEVEL_WARNING,
    OCI_LOG_LEVEL_ERROR,
    OCI_LOG_LEVEL_DEBUG,
} OciLogLevel;
typedef enum OciCgroupManager {
    OCI_CGROUP_CGROUPFS,
    OCI_CGROUP_SYSTEMD,
    OCI_CGROUP_DISABLED,
} OciCgroupManager;

/* What stands before the command: CommandCall.globals points to it. */
typedef struct OciGlobals {
    const char *root;     /* one directory per container; NULL: see commands_root */
    const char *log;      /* errors are written there too; NULL: standard error only */
    int log_format;       /* OciLogFormat */
    int log_level;        /* OciLogLevel */
    int cgroup_manager;   /* OciCgroupManager */
    const char *rootless; /* as it was written; NULL is auto */
    bool systemd_cgroup;  /* the same as OCI_CGROUP_SYSTEMD */
    const char *criu;     /* the program's path */
    bool debug;           /* the same as OCI_LOG_LEVEL_DEBUG */
    bool version;
} OciGlobals;

/* The words this program was called with, to execute itself anew (linux/sealed.h). */
extern char **main_arguments;

/* The directory with the containers' state: --root, or the default of this user. In the arena. */
const char *commands_root(const OciGlobals *globals, Arena *arena);

extern const Command oci_command; /* the program itself, with all commands as children */

extern const Command checkpoint_command;
extern const Command completion_command;
extern const Command create_command;
extern const Command delete_command;
extern const Command events_command;
extern const Command exec_command;
extern const Command features_command;
extern const Command kill_command;
extern const Command list_command;
extern const Command pause_command;
extern const Command plan_command;
extern const Command ps_command;
extern const Command restore_command;
extern const Command resume_command;
extern const Command run_command;
extern const Command spec_command;
extern const Command start_command;
extern const Command state_command;
extern const Command update_command;
