/*
 * /proc/PID/mountinfo as data: proc_pid_mountinfo(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

enum { MOUNTINFO_LIMIT = 64 * 1024 * 1024 }; /* bytes read at most: 100,000 mounts and more */

typedef struct MountinfoEntry {
    uint64_t id, parent_id;
    uint32_t major, minor;
    const char *root;    /* the part of the filesystem that is mounted; octal escapes undone */
    const char *target;  /* relative to the process's root; octal escapes undone */
    const char *options; /* per mount: "rw,nosuid" */
    const char *type;    /* "ext4", "fuse.sshfs" */
    const char *source;
    const char *super_options;
    uint32_t shared; /* peer group, 0: private */
    uint32_t master; /* the group it receives from, 0: none */
    bool unbindable;
} MountinfoEntry;

/* `text` is changed in place and must outlive the entries. A malformed line: -EBADMSG. */
int mountinfo_parse(char *text, Arena *arena, MountinfoEntry **ret_entries, size_t *ret_count,
                    Error *error) MUST_CHECK;
/* Reads "mountinfo" in a /proc/PID directory descriptor (process_open). */
int mountinfo_read(int proc_pid_fd, Arena *arena, MountinfoEntry **ret_entries, size_t *ret_count,
                   Error *error) MUST_CHECK;
/* "ro" in "rw,ro": one word of a comma-separated list. */
bool mountinfo_has_option(const char *options, const char *word);
