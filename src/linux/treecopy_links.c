/*
 * A hash table of inodes. An image can have as many as it likes with more names than one, so a list
 * would make its copy quadratic.
 */
#include "linux/treecopy_links.h"

#include <stdint.h>
#include <stdlib.h>

typedef struct TreecopyLink {
    dev_t device;
    ino_t inode;
    char *path; /* NULL: the slot is free */
} TreecopyLink;

/* The slot of the file, or the free one where it belongs; the table is never full. */
static TreecopyLink *treecopy_links_slot(const TreecopyLinks *links, dev_t device, ino_t inode)
{
    uint64_t hash = ((uint64_t)inode ^ ((uint64_t)device << 32)) * 0x9e3779b97f4a7c15U;
    size_t mask = links->capacity - 1;
    for (size_t i = (size_t)(hash >> 32) & mask;; i = (i + 1) & mask) {
        TreecopyLink *slot = &links->slots[i];
        if (!slot->path || (slot->device == device && slot->inode == inode))
            return slot;
    }
}

static void treecopy_links_grow(TreecopyLinks *links)
{
    TreecopyLinks grown = { .count = links->count,
                            .capacity = links->capacity ? 2 * links->capacity : 64 };
    grown.slots = mem_alloc(grown.capacity * sizeof(*grown.slots));
    for (size_t i = 0; i < links->capacity; i++) {
        const TreecopyLink *old = &links->slots[i];
        if (old->path)
            *treecopy_links_slot(&grown, old->device, old->inode) = *old;
    }
    free(links->slots);
    *links = grown;
}

const char *treecopy_links_find(const TreecopyLinks *links, const struct stat *st)
{
    return links->count ? treecopy_links_slot(links, st->st_dev, st->st_ino)->path : NULL;
}

void treecopy_links_add(TreecopyLinks *links, const struct stat *st, const char *path)
{
    if (links->count >= TREECOPY_LINKS_MAX)
        return;
    if (2 * (links->count + 1) > links->capacity)
        treecopy_links_grow(links);
    *treecopy_links_slot(links, st->st_dev, st->st_ino) =
        (TreecopyLink){ st->st_dev, st->st_ino, mem_strdup(path) };
    links->count++;
}

void treecopy_links_done(TreecopyLinks *links)
{
    for (size_t i = 0; i < links->capacity; i++)
        free(links->slots[i].path);
    free(links->slots);
    *links = (TreecopyLinks){ 0 };
}
