/*
 * The words of runtime-spec config.md#mounts: what "ro", "rnosuid", "rbind" or "private" means.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What one word asks for: "ro", "rnosuid", "rbind". Of contrary words the later one counts. */
typedef struct MountOption {
    uint64_t set, clear;         /* attributes */
    uint64_t rec_set, rec_clear; /* recursive attributes ("rro") */
    uint64_t propagation;        /* MS_... | MS_REC */
    uint64_t extra;              /* MOUNT_OPTION_... */
} MountOption;
enum {
    MOUNT_OPTION_BIND = 1,
    MOUNT_OPTION_RBIND = 2,
    MOUNT_OPTION_TMPCOPYUP = 4,
    MOUNT_OPTION_IDMAP = 8,
    MOUNT_OPTION_RIDMAP = 16,
    MOUNT_OPTION_REMOUNT = 32,
    /* crun's, of binds and symbolic links: the source is the link itself; so is the destination; in
     * place of the mount a link like the source is made. */
    MOUNT_OPTION_OF_LINK = 64,
    MOUNT_OPTION_ON_LINK = 128,
    MOUNT_OPTION_COPY_LINK = 256,
};
/* True and *ret filled if the word is known; false: it is data for the filesystem. */
bool mount_option_lookup(const char *word, MountOption *ret_option);
/* All known words, in order, for `features`: *ret is NULL-terminated and static. */
const char *const *mount_option_names(void);
