/*
 * Paths inside a container's root: every resolution starts at an O_PATH descriptor of the root and
 * cannot leave it, whatever symlinks the image or a racing process put in the way:
 * openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS. Without openat2 (ENOSYS) a walk
 * component by component with O_NOFOLLOW, at most 40 symlinks, serves.
 *
 * The CVE class this closes: ../docs/security.md, class B.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Opens `path` as seen from root_fd. flags as of open(2); O_CLOEXEC is added. */
int inroot_open(int root_fd, const char *path, uint64_t flags, Error *error) MUST_CHECK;

/* mkdir -p as seen from root_fd, following in-root symlinks; opens the last one O_PATH. A dangling
 * symlink's target is made inside the root. */
int inroot_make_dir(int root_fd, const char *path, mode_t mode, Error *error) MUST_CHECK;
/* The parents by inroot_make_dir, then an empty file if nothing is there; opens it O_PATH. */
int inroot_make_file(int root_fd, const char *path, mode_t mode, Error *error) MUST_CHECK;
/* The parent directory of `path` (made with mode 0755 if absent) as O_PATH, and its last name in
 * ret_name[256]. For creating nodes and links there with *at() calls that do not follow. */
int inroot_open_parent(int root_fd, const char *path, char ret_name[256], Error *error) MUST_CHECK;
