/*
 * User and group id mappings: user_namespaces(7).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

typedef struct IdRange {
    uint32_t container; /* first id inside */
    uint32_t host;      /* first id outside */
    uint32_t count;
} IdRange;

enum { IDMAP_RANGES_MAX = 340 }; /* the kernel's own limit */

/* Writes /proc/<pid>/uid_map or gid_map through a /proc/<pid> directory descriptor. */
int idmap_write(int proc_pid_fd, const char *file, const IdRange *ranges, size_t count,
                Error *error) MUST_CHECK;
/* The same through newuidmap(1) or newgidmap(1), found in PATH: set-uid programs that let an
 * ordinary user have the ids of /etc/subuid and /etc/subgid. */
int idmap_run_helper(const char *program, pid_t pid, const IdRange *ranges, size_t count,
                     Error *error) MUST_CHECK;
/* "deny" or "allow" into /proc/<pid>/setgroups. */
int idmap_setgroups(int proc_pid_fd, const char *word, Error *error) MUST_CHECK;
/* Parses a uid_map file's text; the array lives in the arena. */
int idmap_parse(const char *text, Arena *arena, IdRange **ret_ranges, size_t *ret_count,
                Error *error) MUST_CHECK;

/* Translation; -ERANGE when the id has no counterpart. */
int idmap_to_host(const IdRange *ranges, size_t count, uint32_t id, uint32_t *ret_id);
int idmap_to_container(const IdRange *ranges, size_t count, uint32_t id, uint32_t *ret_id);

/* A user namespace of its own for an idmapped mount whose mapping is not the container's: a
 * descriptor, made by a short-lived child. */
int idmap_make_userns(const IdRange *uids, size_t uid_count, const IdRange *gids, size_t gid_count,
                      Error *error) MUST_CHECK;
