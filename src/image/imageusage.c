/*
 * Every blob and layer is measured once, whoever has it: a line per image that needs it, sorted, so
 * that the sharers of one thing stand together.
 */
#include "image/imageusage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diskusage.h"
#include "base/str.h"
#include "image/imagemark.h"

typedef struct ImageUsageNeed {
    const char *name; /* of a file in blobs or a directory in layers: no two are the same */
    const char *id;   /* who needs it */
    int dirfd;
} ImageUsageNeed;

typedef struct ImageUsageRun {
    const ImageStore *store;
    Arena *arena;
    ImageUsageNeed *needs;
    size_t count;
    ImageUsedList list;
} ImageUsageRun;

static void imageusage_need(ImageUsageRun *run, const ImageMarkSet *set, int dirfd, const char *id)
{
    for (size_t i = 0; i < set->count; i++)
        *(ImageUsageNeed *)arena_append(run->arena, &run->needs, &run->count, sizeof(*run->needs)) =
            (ImageUsageNeed){ set->items[i], id, dirfd };
}

static int imageusage_compare(const void *a, const void *b)
{
    const ImageUsageNeed *one = a, *other = b;
    int order = one->dirfd - other->dirfd;
    if (order == 0)
        order = strcmp(one->name, other->name);
    return order ? order : strcmp(one->id, other->id);
}

static void imageusage_credit(ImageUsageRun *run, const char *id, uint64_t bytes, bool shared)
{
    for (size_t i = 0; i < run->list.count; i++) {
        ImageUsed *used = &run->list.items[i];
        if (str_eq(used->image->id, id))
            *(shared ? &used->shared_bytes : &used->unique_bytes) += bytes;
    }
}

/* The needs [first, end) are for the same thing. */
static int imageusage_measure(ImageUsageRun *run, size_t first, size_t end, Error *error)
{
    const ImageUsageNeed *needs = run->needs;
    DiskUsage disk CLEANUP(diskusage_done) = { 0 };
    bool shared = !str_eq(needs[first].id, needs[end - 1].id);
    /* A layer has two possible names, of which one is there. */
    int r = diskusage_add(&disk, needs[first].dirfd, needs[first].name);
    if (r < 0 && r != -ENOENT)
        return error_errno(error, r, "image store: %s", needs[first].name);
    for (size_t i = first; i < end; i++)
        if (i == first || !str_eq(needs[i].id, needs[i - 1].id))
            imageusage_credit(run, needs[i].id, disk.bytes, shared);
    return 0;
}

int imageusage_read(const ImageStore *store, const ImageList *images, Arena *arena,
                    ImageUsedList *ret_list, Error *error)
{
    ImageUsageRun run = { .store = store, .arena = arena };
    int r = 0;
    run.list.items = arena_array(arena, images->count, sizeof(*run.list.items));
    for (size_t i = 0; r == 0 && i < images->count; i++) {
        const Image *image = &images->items[i];
        ImageMarks marks;
        run.list.items[run.list.count++] = (ImageUsed){ .image = image };
        r = imagemark_one(store, &image->descriptor, arena, &marks, error);
        if (r < 0)
            return r;
        imageusage_need(&run, &marks.blobs, store->blobs_fd, image->id);
        imageusage_need(&run, &marks.layers, store->layers_fd, image->id);
    }
    if (run.count > 0)
        qsort(run.needs, run.count, sizeof(*run.needs), imageusage_compare);
    for (size_t first = 0, end; r == 0 && first < run.count; first = end) {
        for (end = first + 1; end < run.count && run.needs[end].dirfd == run.needs[first].dirfd &&
                              str_eq(run.needs[end].name, run.needs[first].name);)
            end++;
        r = imageusage_measure(&run, first, end, error);
    }
    if (r == 0)
        *ret_list = run.list;
    return r;
}
