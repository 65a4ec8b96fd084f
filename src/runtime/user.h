/*
 * Users by name: the container's own /etc/passwd and /etc/group, which are hostile input: opened
 * inside the root, regular files only, at most USER_FILE_MAX bytes, lines longer than the format
 * allows are skipped.
 *
 * Grammar: "name", "uid", "name:group", "uid:gid", ... as docker's --user. A number is an id and
 * never looked up as a name (CVE-2026-46680); ids go up to 2^31-1.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum { USER_FILE_MAX = 4 * 1024 * 1024, USER_ID_MAX = 0x7fffffff, USER_GROUPS_MAX = 1024 };

typedef struct User {
    uint32_t uid, gid;
    uint32_t *groups; /* supplementary ones, gid first; in the arena */
    size_t group_count;
    const char *home; /* "/" where passwd says nothing */
} User;

/* `spec` may be NULL or "" (root). extra_groups: names or numbers to add. */
/* The home of a uid: what passwd says, "/" where it says nothing or cannot be read. */
const char *user_home(int root_fd, uint32_t uid, Arena *arena);
int user_lookup(int root_fd, const char *spec, const StrList *extra_groups, Arena *arena,
                User *ret_user, Error *error) MUST_CHECK;
