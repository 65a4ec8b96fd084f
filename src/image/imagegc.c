/*
 * The invariant: whatever index.json or a container needs is marked before anything is removed, all
 * under the exclusive lock; a manifest that cannot be read for a passing reason stops the sweep.
 *
 * The trap: a half-removed layer must never be seen under its name. Layers are first renamed into a
 * temporary directory, and removed from there after the lock was released.
 */
#include "image/imagegc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diskusage.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "image/image.h"
#include "image/imageindex.h"
#include "image/imagemark.h"
#include "image/imagepartial.h"

/*** The sweep. ***/

typedef struct ImageGcSweep {
    const ImageStore *store;
    const ImageMarks *marks;
    char temp[IMAGESTORE_TEMP_NAME_SIZE]; /* where layers go before they are removed */
    int temp_fd;                          /* -1 until it is needed */
    ImageGcResult result;
} ImageGcSweep;

static int imagegc_sweep_blob(void *context, const char *name, Error *error)
{
    ImageGcSweep *sweep = context;
    struct stat st;
    if (imagemark_has(&sweep->marks->blobs, name))
        return 0;
    if (fstatat(sweep->store->blobs_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        unlinkat(sweep->store->blobs_fd, name, 0) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "remove blob %s", name);
    sweep->result.blobs++;
    sweep->result.bytes += (uint64_t)st.st_size;
    return 0;
}

static int imagegc_sweep_layer(void *context, const char *name, Error *error)
{
    ImageGcSweep *sweep = context;
    uint64_t bytes = 0;
    if (imagemark_has(&sweep->marks->layers, name))
        return 0;
    if (sweep->temp_fd < 0)
        sweep->temp_fd = imagestore_make_temp(sweep->store, sweep->temp, error);
    if (sweep->temp_fd < 0)
        return sweep->temp_fd;
    if (imagestore_layer_bytes(sweep->store, name, &bytes, NULL) == 0)
        sweep->result.bytes += bytes;
    if (renameat(sweep->store->layers_fd, name, sweep->temp_fd, name) < 0)
        return errno == ENOENT ? 0 : error_errno(error, errno, "remove layer %s", name);
    sweep->result.layers++;
    return 0;
}

static int imagegc_sweep_temporary(void *context, const char *name, Error *error)
{
    ImageGcSweep *sweep = context;
    int fd CLEANUP(fd_closep) = imagemark_open_leftover(sweep->store, name);
    if (fd < 0)
        return 0;
    int r = file_remove_tree_at(sweep->store->root_fd, name);
    if (r < 0)
        return error_errno(error, r, "remove %s", name);
    sweep->result.temporaries++;
    return 0;
}

static int imagegc_sweep_marked(ImageGcSweep *sweep, Error *error)
{
    int r = imagemark_each(sweep->store->blobs_fd, imagegc_sweep_blob, sweep, error);
    if (r == 0)
        r = imagemark_each(sweep->store->layers_fd, imagegc_sweep_layer, sweep, error);
    if (r == 0)
        r = imagemark_each(sweep->store->root_fd, imagegc_sweep_temporary, sweep, error);
    return r;
}

/* The caller holds the exclusive lock in *lock, which is released before the long part. */
static int imagegc_sweep_locked(const ImageStore *store, const OciIndex *index,
                                const ImageGcUse *use, int *lock, ImageGcResult *ret_result,
                                Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ImageMarks marks;
    int r = imagemark_all(store, index, use ? &use->layers : NULL, &arena, &marks, error);
    if (r < 0)
        return r;
    ImageGcSweep sweep = { .store = store, .marks = &marks, .temp_fd = -1 };
    r = imagegc_sweep_marked(&sweep, error);
    fd_closep(lock);
    if (sweep.temp_fd >= 0) {
        int removed = file_remove_tree_at(store->root_fd, sweep.temp);
        if (r == 0 && removed < 0)
            r = error_errno(error, removed, "remove %s", sweep.temp);
        fd_close(sweep.temp_fd);
    }
    if (r == 0)
        *ret_result = sweep.result;
    return r;
}

int imagegc_sweep(const ImageStore *store, const ImageGcUse *use, ImageGcResult *ret_result,
                  Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    OciIndex index;
    int lock CLEANUP(fd_closep) = imagestore_lock(store, true, error);
    int r = lock < 0 ? lock : imageindex_read(store, &arena, &index, error);
    return r < 0 ? r : imagegc_sweep_locked(store, &index, use, &lock, ret_result, error);
}

/*** Removal. ***/

/* By a container of it, or of a sibling in an index that is stored as a whole. */
static bool imagegc_in_use(const ImageStore *store, const ImageGcUse *use, const Image *image,
                           Arena *arena)
{
    ImageList siblings = { 0 };
    if (!use || use->ids.count == 0)
        return false;
    bool used = strlist_contains(&use->ids, image->id);
    if (!used && image_variants(store, image, arena, &siblings, NULL) < 0)
        return true; /* a disk that fails: nothing is to be taken away */
    for (size_t i = 0; !used && i < siblings.count; i++)
        used = strlist_contains(&use->ids, siblings.items[i].id);
    return used;
}

/* The names of all descriptors of the image `id`. */
static void imagegc_names(const ImageList *images, const char *id, Arena *arena, StrList *ret_names)
{
    *ret_names = (StrList){ 0 };
    for (size_t i = 0; i < images->count; i++)
        if (str_eq(images->items[i].id, id) && images->items[i].name)
            strlist_append(arena, ret_names, images->items[i].name);
}

/* Every image of the index that can be read, without a look at layers. */
static ImageList imagegc_read_all(const ImageStore *store, const OciIndex *index, Arena *arena)
{
    ImageList list = { 0 };
    for (size_t i = 0; i < index->manifests.count; i++) {
        Image image;
        if (image_read(store, &index->manifests.items[i], arena, &image, NULL) == 0)
            *(Image *)arena_append(arena, &list.items, &list.count, sizeof(image)) = image;
    }
    return list;
}

/* The image `id` goes, with all its names and manifests. */
static void imagegc_drop(OciIndex *index, const ImageList *images, const char *id, Arena *arena,
                         ImageRemoval *removal)
{
    for (size_t i = 0; i < images->count; i++) {
        if (!str_eq(images->items[i].id, id))
            continue;
        if (images->items[i].name)
            strlist_append(arena, &removal->untagged, images->items[i].name);
        (void)imageindex_remove_manifest(index, images->items[i].manifest_digest);
    }
    strlist_append(arena, &removal->removed, id);
}

/* A name that is not the image's last one: only the name goes. */
static bool imagegc_is_spare_name(const OciIndex *index, const OciDescriptor *descriptor,
                                  const char *text, size_t names, Arena *arena, bool *ret_by_name)
{
    Reference reference;
    /* A digest may lead to a tag's entry: that tag was not named. */
    bool named = reference_parse(text, arena, &reference, NULL) == 0 &&
                 imageindex_find(index, &reference, arena) == descriptor;
    if (named && reference.digest)
        reference.tag = NULL;
    *ret_by_name = named && str_eq(imageindex_name(descriptor), reference_text(&reference, arena));
    return *ret_by_name && names > 1;
}

/* An image whose documents are lost needs no questions: its descriptor goes. */
static void imagegc_drop_lost(OciIndex *index, const OciDescriptor *descriptor, Arena *arena,
                              ImageRemoval *removal)
{
    const char *name = imageindex_name(descriptor), *digest = descriptor->digest;
    if (name)
        strlist_append(arena, &removal->untagged, name);
    strlist_append(arena, &removal->removed, digest);
    (void)imageindex_remove_manifest(index, digest);
}

/* A sibling in an index that is stored as a whole goes with that. */
static int imagegc_check_listed(const OciIndex *index, const OciDescriptor *descriptor,
                                Error *error)
{
    for (size_t i = 0; i < index->manifests.count; i++)
        if (str_eq(index->manifests.items[i].digest, descriptor->digest))
            return 0;
    return error_set(error, ERROR_CONFLICT, EBUSY,
                     "%.19s belongs to an image for several platforms; remove that by its name",
                     descriptor->digest);
}

/* Changes the index in memory. */
static int imagegc_apply(const ImageStore *store, OciIndex *index,
                         const ImageRemoveRequest *request, Arena *arena, ImageRemoval *removal,
                         Error *error)
{
    const OciDescriptor *descriptor = NULL;
    Image image;
    int r = image_find(store, index, request->image, arena, &descriptor, error);
    if (r < 0)
        return r;
    if (image_read(store, descriptor, arena, &image, NULL) < 0) {
        imagegc_drop_lost(index, descriptor, arena, removal);
        return 0;
    }
    ImageList images = imagegc_read_all(store, index, arena);
    StrList names;
    bool by_name;
    r = imagegc_check_listed(index, descriptor, error);
    if (r < 0)
        return r;
    imagegc_names(&images, image.id, arena, &names);
    if (imagegc_is_spare_name(index, descriptor, request->image, names.count, arena, &by_name)) {
        strlist_append(arena, &removal->untagged, image.name);
        (void)imageindex_remove_name(index, image.name);
        return 0;
    }
    if (!by_name && names.count > 1 && !request->force)
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "image %.19s has %zu names; remove them by name, or all with --force",
                         image.id, names.count);
    if (imagegc_in_use(store, request->use, &image, arena) && !request->force)
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "image %.200s is used by a container or mounted; remove the container "
                         "first, or use --force",
                         request->image);
    imagegc_drop(index, &images, image.id, arena, removal);
    return 0;
}

int imagegc_remove(const ImageStore *store, const ImageRemoveRequest *request, Arena *arena,
                   ImageRemoval *ret_removal, Error *error)
{
    ImageRemoval removal = { 0 };
    OciIndex index;
    int lock CLEANUP(fd_closep) = request->lock;
    int r = imageindex_read(store, arena, &index, error);
    if (r == 0)
        r = imagegc_apply(store, &index, request, arena, &removal, error);
    if (r == 0)
        r = imageindex_write(store, &index, error);
    /* Also after a name that was spare: its manifest may have been another one of the same image.
     */
    if (r == 0)
        r = imagegc_sweep_locked(store, &index, request->use, &lock, &removal.swept, error);
    if (r == 0)
        *ret_removal = removal;
    return r;
}

/* Which images a prune takes: ids. */
static StrList imagegc_prunable(const ImageStore *store, const ImageList *images,
                                const ImagePruneRequest *request, Arena *arena)
{
    StrList ids = { 0 };
    for (size_t i = 0; i < images->count; i++) {
        StrList names;
        const char *id = images->items[i].id;
        imagegc_names(images, id, arena, &names);
        if ((request->all || names.count == 0) &&
            !imagegc_in_use(store, request->use, &images->items[i], arena) &&
            (!request->filter || imagefilter_fits(request->filter, &images->items[i])) &&
            !strlist_contains(&ids, id))
            strlist_append(arena, &ids, id);
    }
    return ids;
}

int imagegc_prune(const ImageStore *store, const ImagePruneRequest *request, Arena *arena,
                  ImageRemoval *ret_removal, Error *error)
{
    ImageRemoval removal = { 0 };
    OciIndex index;
    int lock CLEANUP(fd_closep) = request->lock;
    int r = imageindex_read(store, arena, &index, error);
    if (r < 0)
        return r;
    ImageList images = imagegc_read_all(store, &index, arena);
    StrList ids = imagegc_prunable(store, &images, request, arena);
    for (size_t i = 0; i < ids.count; i++)
        imagegc_drop(&index, &images, ids.items[i], arena, &removal);
    if (ids.count > 0)
        r = imageindex_write(store, &index, error);
    if (r == 0)
        r = imagegc_sweep_locked(store, &index, request->use, &lock, &removal.swept, error);
    /* Downloads that nobody continues: what a pull left, and no pull is at work with. */
    ImagePartialCount partial = { 0 };
    if (r == 0)
        r = imagepartial_abandoned(store, 0, true, &partial, error);
    removal.swept.temporaries += partial.files;
    removal.swept.bytes += partial.bytes;
    if (r == 0)
        *ret_removal = removal;
    return r;
}

/*** Usage. ***/

typedef struct ImageGcCount {
    DiskUsage disk;
    int dirfd;
    const ImageMarkSet *kept; /* what a prune of everything unused would keep */
    uint64_t reclaimable;
} ImageGcCount;

static int imagegc_count_one(void *context, const char *name, Error *error)
{
    ImageGcCount *count = context;
    uint64_t before = count->disk.bytes;
    int r = diskusage_add(&count->disk, count->dirfd, name);
    if (r < 0)
        return error_errno(error, r, "image store: %s", name);
    if (!imagemark_has(count->kept, name))
        count->reclaimable += count->disk.bytes - before;
    return 0;
}

/* What is in a directory of the store, and the directory itself. */
static int imagegc_count(int dirfd, const ImageMarkSet *kept, uint64_t *ret_bytes,
                         uint64_t *reclaimable, Error *error)
{
    struct stat st;
    ImageGcCount count = { .dirfd = dirfd, .kept = kept };
    int r = imagemark_each(dirfd, imagegc_count_one, &count, error);
    if (r == 0 && fstat(dirfd, &st) == 0)
        *ret_bytes = count.disk.bytes + (uint64_t)st.st_blocks * 512;
    *reclaimable += count.reclaimable;
    diskusage_done(&count.disk);
    return r;
}

/* The index as a prune of everything unused would leave it. */
static OciIndex imagegc_only_used(const ImageStore *store, const OciIndex *index,
                                  const ImageGcUse *use, Arena *arena, ImageUsage *usage)
{
    OciIndex used = { 0 };
    StrList seen = { 0 };
    ImageList images = imagegc_read_all(store, index, arena);
    for (size_t i = 0; i < images.count; i++) {
        const Image *image = &images.items[i];
        bool in_use = imagegc_in_use(store, use, image, arena);
        if (in_use)
            *(OciDescriptor *)arena_append(arena, &used.manifests.items, &used.manifests.count,
                                           sizeof(OciDescriptor)) = image->descriptor;
        if (strlist_contains(&seen, image->id))
            continue;
        strlist_append(arena, &seen, image->id);
        usage->images++;
        usage->active += in_use;
    }
    return used;
}

typedef struct ImageGcRest {
    const ImageStore *store;
    DiskUsage disk;
} ImageGcRest;

static int imagegc_count_entry(void *context, const char *name, Error *error)
{
    /* Counted by itself, or not ours. */
    static const char *const others[] = { "blobs", "layers", "containers", "volumes" };
    ImageGcRest *rest = context;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_eq(name, others[i]))
            return 0;
    int r = diskusage_add(&rest->disk, rest->store->root_fd, name);
    return r < 0 ? error_errno(error, r, "image store: %s", name) : 0;
}

/* Downloads, work in progress, the index and what else lies beside blobs and layers; and the
 * directories around it, so that the sum is what du(1) says. */
static int imagegc_count_rest(const ImageStore *store, ImageUsage *usage, Error *error)
{
    ImageGcRest rest = { .store = store };
    ImagePartialCount partial;
    struct stat root, blobs;
    int r = imagemark_each(store->root_fd, imagegc_count_entry, &rest, error);
    usage->blob_bytes += rest.disk.bytes;
    diskusage_done(&rest.disk);
    if (fstat(store->root_fd, &root) == 0 && fstatat(store->root_fd, "blobs", &blobs, 0) == 0)
        usage->blob_bytes += (uint64_t)(root.st_blocks + blobs.st_blocks) * 512;
    if (r == 0)
        r = imagepartial_abandoned(store, 0, false, &partial, error);
    if (r == 0)
        usage->reclaimable_bytes += partial.bytes;
    return r;
}

int imagegc_usage(const ImageStore *store, const ImageGcUse *use, ImageUsage *ret_usage,
                  Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    OciIndex index;
    ImageMarks kept;
    ImageUsage usage = { 0 };
    int r = imageindex_read(store, &arena, &index, error);
    if (r < 0)
        return r;
    OciIndex used = imagegc_only_used(store, &index, use, &arena, &usage);
    r = imagemark_all(store, &used, use ? &use->layers : NULL, &arena, &kept, error);
    if (r == 0)
        r = imagegc_count(store->blobs_fd, &kept.blobs, &usage.blob_bytes, &usage.reclaimable_bytes,
                          error);
    if (r == 0)
        r = imagegc_count(store->layers_fd, &kept.layers, &usage.layer_bytes,
                          &usage.reclaimable_bytes, error);
    if (r == 0)
        r = imagegc_count_rest(store, &usage, error);
    if (r == 0)
        *ret_usage = usage;
    return r;
}
