/*
 * Files of the engine's own: reading with a bound, atomic writing, directories. Paths here are the
 * host's, relative to a directory descriptor; nothing in this file is meant for a container's tree
 * (linux/inroot.h resolves those).
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/fd.h"
#include "base/str.h"

/* For CLEANUP. */
void file_closedirp(DIR **dir);
/* readdir(3) without "." and "..", and with an answer where it fails: 1 with an entry that lasts
 * until the next call, 0 at the end, or a negative errno. */
int file_next_entry(DIR *dir, const struct dirent **ret_entry) MUST_CHECK;

/* Opens and reads a whole regular file (fd_read_all). -EFBIG above `limit` bytes. */
int file_read_at(int dirfd, const char *path, size_t limit, Arena *arena, char **ret_data,
                 size_t *ret_size) MUST_CHECK;

/* How hard file_write_at tries to survive a power cut. A crash of the program never tears it. */
typedef enum FileDurability {
    FILE_VOLATILE, /* on tmpfs: write + rename */
    FILE_DURABLE,  /* + fsync of the file before the rename and of the directory after it */
} FileDurability;

/* Replaces `path` by `data`: temp file in the same directory, then rename. */
int file_write_at(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
                  FileDurability durability) MUST_CHECK;

/*
 * mkdir -p below dirfd, then opens the last component (O_DIRECTORY | O_PATH is not set: the
 * descriptor can be listed and synced). Returns the descriptor or a negative errno.
 */
int file_make_dirs_at(int dirfd, const char *path, mode_t mode) MUST_CHECK;

/*
 * rm -rf of `name` below dirfd: never follows a symlink, never crosses a mount point (-EBUSY
 * there), holds a few hundred descriptors at the most however deep it is. A missing name is
 * success.
 */
int file_remove_tree_at(int dirfd, const char *name) MUST_CHECK;

/* Does the name (still) lead to what is open? Asked after locking it: who had the lock may have
 * removed or renamed it. */
bool file_is_at(int dirfd, const char *name, int fd);
/* Whether `path` is a symlink to exactly `text`, of less than 256 bytes. */
bool file_link_is(int dirfd, const char *path, const char *text);

/* Writes `text` with one write(2) to an existing file: for /proc, /sys and cgroup files. */
int file_write_text_at(int dirfd, const char *path, const char *text) MUST_CHECK;
