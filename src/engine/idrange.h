/*
 * A range of 65,536 host ids for each running container, used by no other.
 *
 * The ranges come from 1879048192 to 2147352575 (0x70000000 to 0x7ffdffff), which the field's map
 * of ids (systemd, "Users, Groups, UIDs and GIDs") leaves unused: 4,093 ranges. Because layers,
 * upper directories and volumes are idmapped, nothing on disk holds these ids: a container may get
 * another range at its next start.
 *
 * A range is taken by making the symlink idranges/<index> -> <id> in the state directory:
 * symlink(2) is atomic, so no lock is needed, and a crash leaves a link that names its dead owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/engine.h"

enum {
    IDRANGE_SIZE = 65536,
    IDRANGE_FIRST = 0x70000000,
    IDRANGE_COUNT = 0xffd,
};

/* Takes a free range for container `id`; ERROR_LIMIT when all are taken. */
int idrange_take(const Engine *engine, const char *id, uint32_t *ret_first, Error *error)
    MUST_CHECK;
void idrange_release(const Engine *engine, uint32_t first);
/* Its symlink, below the state directory. */
enum { IDRANGE_PATH_SIZE = 32 };
void idrange_path(uint32_t first, char ret_path[IDRANGE_PATH_SIZE]);

/* Calls `visit` for each taken range until it answers other than 0; for `system check`. */
int idrange_each(const Engine *engine, int (*visit)(void *context, uint32_t first, const char *id),
                 void *context, Error *error) MUST_CHECK;

/* The owner of a range that a process has for itself (`unshare --map-auto`), in place of a
 * container's id; ticks: its start time (clone.h). */
enum { IDRANGE_OWNER_SIZE = 64 };
void idrange_process_owner(pid_t pid, uint64_t ticks, char ret_owner[IDRANGE_OWNER_SIZE]);
/* Whether an owner is such a process, and is still there. */
bool idrange_process_lives(const char *owner);
