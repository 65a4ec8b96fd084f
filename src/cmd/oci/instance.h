/*
 * A container from bundle to end, over src/runtime: what create, start, run, kill and delete share.
 */
#pragma once

#include "commands.h"
#include "placement.h"
#include "record.h"
#include "runtime/launch.h"
#include "runtime/plan_build.h"

/* The options of `create`, which `run` has too. */
typedef struct InstanceOptions {
    const char *bundle; /* NULL: the working directory */
    const char *console_socket, *pid_file, *pidfd_socket;
    const char *config; /* NULL: config.json of the bundle */
    uint64_t preserve_fds;
    bool no_new_keyring;
    bool no_pivot;
    bool no_subreaper;
    bool trace;
    bool keep, detach; /* `run` only */
} InstanceOptions;

#define INSTANCE_OPTIONS                                                                          \
    { 'b',                                                                                        \
      "bundle",                                                                                   \
      OPTION_STRING(InstanceOptions, bundle),                                                     \
      "DIR",                                                                                      \
      "The bundle: config.json and what it names (default: here)",                                \
      .completes = "directory" },                                                                 \
        { 0,                                                                                      \
          "console-socket",                                                                       \
          OPTION_STRING(InstanceOptions, console_socket),                                         \
          "SOCKET",                                                                               \
          "Send the terminal's descriptor to this Unix socket",                                   \
          .completes = "file" },                                                                  \
        { 0,                                                                                      \
          "pid-file",                                                                             \
          OPTION_STRING(InstanceOptions, pid_file),                                               \
          "FILE",                                                                                 \
          "Write the process id to FILE",                                                         \
          .completes = "file" },                                                                  \
        { 0,                                                                                      \
          "pidfd-socket",                                                                         \
          OPTION_STRING(InstanceOptions, pidfd_socket),                                           \
          "SOCKET",                                                                               \
          "Send a pidfd of the process to this Unix socket",                                      \
          .completes = "file" },                                                                  \
        { 0,                                                                                      \
          "preserve-fds",                                                                         \
          OPTION_U64(InstanceOptions, preserve_fds),                                              \
          "N",                                                                                    \
          "Pass N descriptors after standard error on",                                           \
          .max = 1024 },                                                                          \
        { 0, "no-new-keyring", OPTION_FLAG(InstanceOptions, no_new_keyring), NULL,                \
          "Keep the caller's session keyring" },                                                  \
        { 0, "no-pivot", OPTION_FLAG(InstanceOptions, no_pivot), NULL,                            \
          "Do not use pivot_root: for a root on a ramdisk only, the host's tree stays beneath" }, \
        { 0, "no-subreaper", OPTION_FLAG(InstanceOptions, no_subreaper), NULL,                    \
          "Taken for compatibility" },                                                            \
        { 0, "trace", OPTION_FLAG(InstanceOptions, trace), NULL,                                  \
          "Show what was done, with times, on standard error" },                                  \
    {                                                                                             \
        'f', "config", OPTION_STRING(InstanceOptions, config), "FILE",                            \
            "Read FILE instead of the bundle's config.json", .completes = "file"                  \
    }

typedef struct Instance {
    const OciGlobals *globals;
    const InstanceOptions *options;
    Arena *arena;
    RecordPlace place;
    Record record;
    Spec *spec;
    CgroupHost cgroup_host;
    uint64_t listen_fds; /* of socket activation, handed on after standard error */
    Placement placement;
    Plan plan;
    OciState hook_state;
    int start_socket;
    int sealed_fd;   /* what this program runs from: sealed_take() */
    int *ret_notify; /* run: where the bound notification socket goes; NULL: `start` binds it */
    Launched launched;
    bool reaped; /* its process has ended, and was ours */
} Instance;
#define INSTANCE_NONE                        \
    ((Instance){ .place = RECORD_PLACE_NONE, \
                 .start_socket = -1,         \
                 .sealed_fd = -1,            \
                 .launched = LAUNCHED_NONE })

/* The spec of the bundle in the options, judged. `ret_path` is the bundle's absolute path. */
int instance_read_bundle(const InstanceOptions *options, Arena *arena, Spec **ret_spec,
                         const char **ret_path, Error *error) MUST_CHECK;

/* Says what of the spec the plan leaves out. */
void instance_warn(const Instance *instance);

/* Spec, record and plan for the bundle in the options; nothing is made. */
int instance_read(Instance *instance, const char *id, Error *error) MUST_CHECK;

/*
 * Executes this program anew, out of the container's reach (CVE-2019-5736); returns 0 where that is
 * done already. The first thing of a command that puts a process into a container: what is done
 * before is done twice, so nobody looks first whether the container has a user namespace of its
 * own and could do without.
 */
int instance_seal(Instance *instance, const InstanceOptions *options, Error *error) MUST_CHECK;
/* LaunchOptions.idle, with the instance as context: lets go of what the program runs from. */
void instance_idle(void *context);

/*
 * Makes the container: with `hold` its process waits for instance_start(), without it runs. The
 * place stays locked. On failure nothing is left.
 */
int instance_make(Instance *instance, const char *id, bool hold, Error *error) MUST_CHECK;
void instance_done(Instance *instance);

/* Opens a container that exists, with its record. */
int instance_open(Instance *instance, const CommandCall *call, bool lock, Error *error) MUST_CHECK;
/* Calls `one` for the container of the first argument, or for each whose id matches that extended
 * regular expression, through the first error, which is the answer. */
int instance_each(CommandCall *call, bool regex, CommandRun *one, Error *error) MUST_CHECK;
/* Its cgroup; ERROR_NOT_FOUND without one. */
int instance_cgroup(Instance *instance, Cgroup *ret_cgroup, Error *error) MUST_CHECK;
/* All processes, those of `exec` too, ascending, of the instance's arena: of its cgroup or, where
 * it has none, of its pid namespace. ERROR_NOT_FOUND where it has neither. */
int instance_pids(Instance *instance, pid_t **ret_pids, size_t *ret_count, Error *error) MUST_CHECK;
OciStatus instance_status(Instance *instance);

/* Lets the held process go on. */
int instance_start(Instance *instance, Error *error) MUST_CHECK;
/* The poststart hooks, after the program runs; from here on the place is not locked. Where one
 * fails the container is destroyed, unless somebody has removed it meanwhile. */
int instance_poststart(Instance *instance, Error *error) MUST_CHECK;
/* Kills what lives and removes everything. Missing parts are no error. */
int instance_destroy(Instance *instance, Error *error) MUST_CHECK;

/* Ends the process that was launched, if there is one, where that or another thing failed. */
void instance_kill_launched(const Instance *instance);
