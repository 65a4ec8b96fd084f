/*
 * Which files with several names a copy has met, and where the first name of each is in the target.
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include "base/mem.h"

/* All-zero is empty. */
typedef struct TreecopyLinks {
    struct TreecopyLink *slots; /* open addressing; a power of two of them */
    size_t count, capacity;
} TreecopyLinks;

/* The path under which the file was remembered, or NULL. */
const char *treecopy_links_find(const TreecopyLinks *links, const struct stat *st);
/* Remembers a file that is not there yet; `path` is copied. Beyond TREECOPY_LINKS_MAX nothing is:
 * such files become separate ones. */
void treecopy_links_add(TreecopyLinks *links, const struct stat *st, const char *path);
void treecopy_links_done(TreecopyLinks *links);

enum { TREECOPY_LINKS_MAX = 1 << 20 }; /* of an image's making: memory is bounded */
