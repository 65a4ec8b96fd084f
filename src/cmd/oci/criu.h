/*
 * The program criu(8), which takes processes apart and puts them together again: its options from
 * ours, one call, and what it said.
 */
#pragma once

#include "instance.h"

/* The options of `checkpoint` and `restore`. */
typedef struct CriuOptions {
    InstanceOptions common; /* `restore`: bundle, detach, pid_file */
    const char *image_path, *work_path, *parent_path, *page_server, *lsm_profile, *lsm_context;
    int cgroups_mode; /* index into criu_cgroup_modes */
    StrList empty_ns;
    int64_t status_fd;
    bool leave_running, tcp_established, tcp_close, tcp_skip_in_flight, link_remap, ext_unix_sk,
        shell_job, lazy_pages, file_locks, pre_dump, auto_dedup;
} CriuOptions;

extern const char *const criu_cgroup_modes[];

#define CRIU_OPTIONS                                                                              \
    { 0,                                                                                          \
      "image-path",                                                                               \
      OPTION_STRING(CriuOptions, image_path),                                                     \
      "DIR",                                                                                      \
      "Where the images are (default ./checkpoint)",                                              \
      .completes = "directory" },                                                                 \
        { 0,                                                                                      \
          "work-path",                                                                            \
          OPTION_STRING(CriuOptions, work_path),                                                  \
          "DIR",                                                                                  \
          "Where criu keeps its log and its work files (default: with the images)",               \
          .completes = "directory" },                                                             \
        { 0, "tcp-established", OPTION_FLAG(CriuOptions, tcp_established), NULL,                  \
          "Take open TCP connections along" },                                                    \
        { 0, "ext-unix-sk", OPTION_FLAG(CriuOptions, ext_unix_sk), NULL,                          \
          "Allow Unix sockets whose other end is outside" },                                      \
        { 0, "shell-job", OPTION_FLAG(CriuOptions, shell_job), NULL,                              \
          "Allow a session or a terminal from outside" },                                         \
        { 0, "file-locks", OPTION_FLAG(CriuOptions, file_locks), NULL, "Take file locks along" }, \
        { 0, "manage-cgroups-mode", OPTION_ENUM(CriuOptions, cgroups_mode, criu_cgroup_modes),    \
          "MODE", "How criu treats cgroups: soft, full, strict or ignore" },                      \
        { 0, "empty-ns", OPTION_LIST(CriuOptions, empty_ns), "NAMESPACE",                         \
          "Leave out what is in a namespace: network" },                                          \
        { 0, "auto-dedup", OPTION_FLAG(CriuOptions, auto_dedup), NULL,                            \
          "Do not keep memory twice" },                                                           \
    {                                                                                             \
        0, "lazy-pages", OPTION_FLAG(CriuOptions, lazy_pages), NULL,                              \
            "Bring memory later, when it is used (userfaultfd)"                                   \
    }

/* Makes the directory of the images; ret_path is absolute. ERROR_DENIED where a file in it, or in
 * those before them, is a link or none. */
int criu_images(const CriuOptions *options, bool make, Arena *arena, const char **ret_path,
                Error *error) MUST_CHECK;
/* The program's name and what both calls have in common. `images` and `log`: see criu_run. */
int criu_begin(const Instance *instance, const CriuOptions *options, const char *action,
               const char *images, StrList *ret_words, Error *error) MUST_CHECK;
/*
 * The name by which a mount of the container is called in the archive: made from where it is in the
 * container, and no path, so that nothing in an archive names a file of the host.
 */
const char *criu_mount_key(const char *destination, Arena *arena);
bool criu_is_bind(const SpecMount *mount);
/* Calls criu and waits; the error has the first line of its log that says one. */
int criu_run(const CriuOptions *options, const StrList *words, const char *images, Arena *arena,
             Error *error) MUST_CHECK;
