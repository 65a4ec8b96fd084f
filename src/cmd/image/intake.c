/*
 * Three stages: work in "work-N" of the temporary directory; what is verified moves to "blobs" and
 * "layers" there; the commit syncs the filesystem once and renames all of it into the store.
 *
 * The trap: two intakes may bring the same layer. The second rename finds a directory in the way
 * (EEXIST, ENOTEMPTY) and loses: both are the same bytes.
 */
#include "cmd/image/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cmd/image/sandbox.h"
#include "image/imageindex.h"
#include "image/imagemark.h"
#include "image/imagepartial.h"
#include "linux/mount.h"

static int intake_open_at(int dirfd, const char *name)
{
    if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int intake_open(const ImageStore *store, const IntakeLimits *limits, Arena *arena,
                Intake *ret_intake, Error *error)
{
    *ret_intake = (Intake){
        .store = store,
        .limits = *limits,
        .arena = arena,
        .blobs_fd = -1,
        .layers_fd = -1,
        .keep_fd = -1,
    };
    Intake *intake = ret_intake;
    imagemark_clean(store);
    intake->fd = imagestore_make_temp(store, intake->name, error);
    if (intake->fd < 0)
        return intake->fd;
    intake->blobs_fd = intake_open_at(intake->fd, "blobs");
    intake->layers_fd = intake_open_at(intake->fd, "layers");
    intake->keep_fd =
        openat(intake->fd, IMAGEMARK_KEEP, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (intake->blobs_fd < 0 || intake->layers_fd < 0 || intake->keep_fd < 0) {
        int r = error_errno(error, errno, "image store: %s", intake->name);
        intake_done(intake);
        return r;
    }
    return 0;
}

void intake_done(Intake *intake)
{
    sandbox_settle();
    if (intake->fd >= 0)
        (void)!file_remove_tree_at(intake->store->root_fd, intake->name);
    fd_closep(&intake->fd);
    fd_closep(&intake->blobs_fd);
    fd_closep(&intake->layers_fd);
    fd_closep(&intake->keep_fd);
    for (size_t i = 0; i < intake->partial_fd_count; i++)
        fd_closep(&intake->partial_fds[i]);
}

int intake_make_dir(Intake *intake, char ret_name[INTAKE_NAME_SIZE], Error *error)
{
    /* A worker that was ended has left one, with files of a stream that may have been a wrong one:
     * never into what is there already. */
    int made;
    do {
        (void)snprintf(ret_name, INTAKE_NAME_SIZE, "work-%u", intake->serial++);
        made = mkdirat(intake->fd, ret_name, 0700);
    } while (made < 0 && errno == EEXIST);
    int fd = made < 0 ? -errno : intake_open_at(intake->fd, ret_name);
    /* A layer's root is 0755 unless its archive says otherwise. */
    if (fd < 0 || fchmod(fd, 0755) < 0) {
        int r = error_errno(error, errno, "image store: %s/%s", intake->name, ret_name);
        fd_close(fd);
        return r;
    }
    return fd;
}

int intake_make_file(Intake *intake, char ret_name[INTAKE_NAME_SIZE], Error *error)
{
    (void)snprintf(ret_name, INTAKE_NAME_SIZE, "work-%u", intake->serial++);
    int fd = openat(intake->fd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? error_errno(error, errno, "image store: %s/%s", intake->name, ret_name) : fd;
}

/* Does the store have "blobs/<name>" or "layers/<name>"? Then it must stay. */
static bool intake_keep(Intake *intake, bool is_layer, const char *name)
{
    const ImageStore *store = intake->store;
    int lock CLEANUP(fd_closep) = imagestore_lock(store, false, NULL);
    if (lock < 0 || faccessat(is_layer ? store->layers_fd : store->blobs_fd, name, F_OK, 0) < 0)
        return false;
    char line[160];
    int length = snprintf(line, sizeof(line), "%s/%s\n", is_layer ? "layers" : "blobs", name);
    return fd_write_all(intake->keep_fd, line, (size_t)length) == 0;
}

/*** Blobs. ***/

bool intake_has_blob(Intake *intake, const char *digest)
{
    const char *hex = oci_digest_hex(digest);
    return strlist_contains(&intake->partials, digest) ||
           faccessat(intake->blobs_fd, hex, F_OK, 0) == 0 || intake_keep(intake, false, hex);
}

int intake_open_blob(Intake *intake, const char *digest, Error *error)
{
    int fd = openat(intake->blobs_fd, oci_digest_hex(digest), O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : imagestore_open_blob(intake->store, digest, error);
}

int intake_read_blob(Intake *intake, const OciDescriptor *at, Arena *arena, char **ret_text,
                     size_t *ret_size, Error *error)
{
    const ImageStore here = { .root_fd = -1, .blobs_fd = intake->blobs_fd, .layers_fd = -1 };
    bool is_new = faccessat(intake->blobs_fd, oci_digest_hex(at->digest), F_OK, 0) == 0;
    return imagestore_read_blob(is_new ? &here : intake->store, at, arena, ret_text, ret_size,
                                error);
}

void intake_add_partial(Intake *intake, const char *digest, int fd)
{
    strlist_append(intake->arena, &intake->partials, digest);
    *(int *)arena_append(intake->arena, &intake->partial_fds, &intake->partial_fd_count,
                         sizeof(fd)) = fd;
}

int intake_add_bytes(Intake *intake, const void *data, size_t size, char ret_digest[DIGEST_SIZE],
                     Error *error)
{
    char digest[DIGEST_SIZE];
    int r = digest_of_bytes(data, size, digest, error);
    if (r < 0)
        return r;
    if (ret_digest)
        memcpy(ret_digest, digest, sizeof(digest));
    if (intake_has_blob(intake, digest))
        return 0;
    r = file_write_at(intake->blobs_fd, oci_digest_hex(digest), data, size, 0600, FILE_VOLATILE);
    return r < 0 ? error_errno(error, r, "image store: blob %s", digest) : 0;
}

static int intake_copy(int from, int to, Error *error)
{
    char *buffer CLEANUP(mem_freep) = mem_alloc(256 * 1024);
    for (;;) {
        ssize_t n = fd_read(from, buffer, 256 * 1024);
        if (n == 0)
            return 0;
        int r = n < 0 ? (int)n : fd_write_all(to, buffer, (size_t)n);
        if (r < 0)
            return error_errno(error, r, "copy a blob");
    }
}

static int intake_copy_file(Intake *intake, int dirfd, const char *name, const char *digest,
                            Error *error)
{
    char actual[DIGEST_SIZE], work[INTAKE_NAME_SIZE];
    int from CLEANUP(fd_closep) = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int to CLEANUP(fd_closep) = intake_make_file(intake, work, error);
    if (to < 0)
        return to;
    int r = from < 0 ? error_errno(error, errno, "open %s", name) : intake_copy(from, to, error);
    /* It is a stranger's directory: what counts is what we have now. */
    if (r == 0 && lseek(to, 0, SEEK_SET) != 0)
        r = error_errno(error, errno, "seek");
    if (r == 0)
        r = digest_of_file(to, actual, NULL, error);
    if (r == 0 && !str_eq(actual, digest))
        r = error_set(error, ERROR_CORRUPT, EBADMSG, "the blob's digest is %s instead of %s",
                      actual, digest);
    if (r == 0 && renameat(intake->fd, work, intake->blobs_fd, oci_digest_hex(digest)) < 0)
        r = error_errno(error, errno, "image store: blob %s", digest);
    return r;
}

int intake_add_file(Intake *intake, const IntakeFile *file, const char *digest, Error *error)
{
    if (intake_has_blob(intake, digest))
        return 0;
    if (!file->take)
        return intake_copy_file(intake, file->dirfd, file->name, digest, error);
    if (renameat(file->dirfd, file->name, intake->blobs_fd, oci_digest_hex(digest)) < 0)
        return error_errno(error, errno, "image store: blob %s", digest);
    return 0;
}

/*** Layers. ***/

/* Where a layer below is now: the path from the store's root. */
static int intake_lower_path(const Intake *intake, const IntakeLayer *layer, size_t index,
                             char *path, size_t size, Error *error)
{
    const char *diff_id = layer->diff_ids->items[index];
    char name[IMAGESTORE_LAYER_NAME_SIZE];
    for (int own = 0; own < 2; own++) {
        imagestore_layer_name(diff_id, layer->id, own, name);
        if (faccessat(intake->layers_fd, name, F_OK, 0) == 0) {
            (void)snprintf(path, size, "%s/layers/%s", intake->name, name);
            return 0;
        }
    }
    if (imagestore_find_layer(intake->store, diff_id, layer->id, name) < 0)
        return error_set(error, ERROR_SYSTEM, ENOENT, "the layer below is missing");
    (void)snprintf(path, size, "layers/%s", name);
    return 0;
}

/* The store with the ids of the writer, on the directory `at_fd`. */
static int intake_mount_store(const Intake *intake, int at_fd, Error *error)
{
    int tree CLEANUP(fd_closep) = sandbox_detach_mapped(intake->store->root_fd, true, error);
    return tree < 0 ? tree : mount_attach(tree, at_fd, error);
}

/* The overlay of what intake_link_lowers has linked, detached. */
static int intake_mount_view(int links_fd, const char *target, const StrBuf *options, Error *error)
{
    if (fchdir(links_fd) < 0 ||
        mount("overlay", target, "overlay", MS_RDONLY | MS_NOSUID, strbuf_text(options)) < 0)
        return error_errno(error, errno, "overlay of layers");
    int mounted CLEANUP(fd_closep) = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int tree CLEANUP(fd_closep) = mounted < 0 ? error_errno(error, errno, "overlay of layers")
                                              : sandbox_detach_tree(mounted, true, error);
    (void)umount2(target, MNT_DETACH);
    return chdir("/") < 0 ? error_errno(error, errno, "chdir") : TAKE_FD(tree);
}

/* By path, not by descriptor: this process has no /proc, which old kernels would need. Short links
 * keep the mount's option within a page. */
static int intake_link(int links_fd, const char *base, const StrList *paths, StrBuf *options,
                       Error *error)
{
    for (size_t i = 0; i < paths->count; i++) {
        char name[24], target[400];
        (void)snprintf(name, sizeof(name), "%zu", i);
        (void)snprintf(target, sizeof(target), "%s/%s", base, paths->items[i]);
        if (symlinkat(target, links_fd, name) < 0)
            return error_errno(error, errno, "link to a layer");
        strbuf_printf(options, "%s:", name);
    }
    return 0;
}

int intake_view(Intake *intake, const StrList *paths, Error *error)
{
    char links[INTAKE_NAME_SIZE], view[INTAKE_NAME_SIZE], store[INTAKE_NAME_SIZE];
    int links_fd CLEANUP(fd_closep) = intake_make_dir(intake, links, error);
    int view_fd CLEANUP(fd_closep) = links_fd < 0 ? -1 : intake_make_dir(intake, view, error);
    int store_fd CLEANUP(fd_closep) = view_fd < 0 ? -1 : intake_make_dir(intake, store, error);
    if (store_fd < 0)
        return links_fd < 0 ? links_fd : view_fd < 0 ? view_fd : store_fd;
    char base[64], target[64];
    (void)snprintf(base, sizeof(base), "/%s/%s", intake->name, store);
    (void)snprintf(target, sizeof(target), "/%s/%s", intake->name, view);
    int r = intake_mount_store(intake, store_fd, error);
    if (r < 0)
        return error_wrap(error, "overlay of layers");

    StrBuf options CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&options, "lowerdir=");
    r = intake_link(links_fd, base, paths, &options, error);
    /* Overlayfs wants two layers if it has no upper one: the empty view itself is the last. */
    strbuf_printf(&options, "../%s", view);
    if (r == 0)
        r = intake_mount_view(links_fd, target, &options, error);
    (void)umount2(base, MNT_DETACH);
    return r;
}

/* The layers below, merged. */
static int intake_lower_view(Intake *intake, const IntakeLayer *layer, Error *error)
{
    StrList paths = { 0 };
    for (size_t i = layer->index; i-- > 0;) {
        char path[256];
        int r = intake_lower_path(intake, layer, i, path, sizeof(path), error);
        if (r < 0)
            return r;
        strlist_append(intake->arena, &paths, path);
    }
    return intake_view(intake, &paths, error);
}

/* Its files' bytes are known now and asked for often. */
static void intake_note_bytes(int dir_fd, uint64_t bytes)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
    (void)fsetxattr(dir_fd, IMAGESTORE_BYTES_XATTR, text, (size_t)length, 0);
}

static int intake_place_layer(Intake *intake, const char *work, const char *layer_name,
                              Error *error)
{
    if (renameat(intake->fd, work, intake->layers_fd, layer_name) == 0 || errno == EEXIST ||
        errno == ENOTEMPTY)
        return 0;
    return error_errno(error, errno, "image store: layer %s", layer_name);
}

static int intake_remove_entry(void *context, const char *name, Error *error)
{
    int r = file_remove_tree_at(*(const int *)context, name);
    return r < 0 ? error_errno(error, r, "remove %s", name) : 0;
}

/* What a first try has left. */
static int intake_empty(int dir_fd, Error *error)
{
    return imagemark_each(dir_fd, intake_remove_entry, &dir_fd, error);
}

/* Into an empty directory; `own`: with a look at the layers below. */
static int intake_unpack_once(Intake *intake, const IntakeLayer *layer, bool own, int target_fd,
                              LayerResult *ret, Error *error)
{
    int lower CLEANUP(fd_closep) = own ? intake_lower_view(intake, layer, error) : -1;
    if (own && lower < 0)
        return lower;
    if (lseek(layer->source_fd, 0, SEEK_SET) < 0)
        return error_errno(error, errno, "seek");
    LayerJob job = {
        .source_fd = layer->source_fd,
        .follow_fd = layer->follow_fd,
        .target_fd = target_fd,
        .lower_fd = lower,
        .has_lower = layer->index > 0,
        .narrow = layer->narrow,
        .digest = layer->digest,
        .diff_id = layer->diff_ids->items[layer->index],
        .size = layer->size,
        .save_fd = -1,
        .bytes_max = intake->limits.layer_bytes,
        .entries_max = intake->limits.layer_entries,
    };
    return layer_unpack(&job, ret, error);
}

int intake_unpack_into(Intake *intake, const IntakeLayer *layer, int target_fd, LayerResult *ret,
                       Error *error)
{
    int r = intake_unpack_once(intake, layer, false, target_fd, ret, error);
    sandbox_settle();
    if (r != TREEDIR_NEEDS_LOWER)
        return r;
    error_clear(error);
    r = intake_empty(target_fd, error);
    if (r == 0)
        r = intake_unpack_once(intake, layer, true, target_fd, ret, error);
    sandbox_settle();
    return r;
}

static int intake_unpack(Intake *intake, const IntakeLayer *layer, bool own, LayerResult *ret,
                         Error *error)
{
    char work[INTAKE_NAME_SIZE], name[IMAGESTORE_LAYER_NAME_SIZE];
    int target CLEANUP(fd_closep) = intake_make_dir(intake, work, error);
    if (target < 0)
        return target;
    int r = intake_unpack_once(intake, layer, own, target, ret, error);
    if (r < 0)
        return r;
    intake_note_bytes(target, ret->counts.bytes);
    imagestore_layer_name(layer->diff_ids->items[layer->index], layer->id, own, name);
    return intake_place_layer(intake, work, name, error);
}

bool intake_has_layer(Intake *intake, const IntakeLayer *layer)
{
    for (int own = 0; own < 2; own++) {
        char name[IMAGESTORE_LAYER_NAME_SIZE];
        imagestore_layer_name(layer->diff_ids->items[layer->index], layer->id, own, name);
        if (faccessat(intake->layers_fd, name, F_OK, 0) == 0 || intake_keep(intake, true, name))
            return true;
    }
    return false;
}

/* The layer is unpacked already: is the blob what it should be? */
static int intake_verify_blob(const IntakeLayer *layer, LayerResult *ret, Error *error)
{
    LayerResult result = { .compression = "" };
    if (lseek(layer->source_fd, 0, SEEK_SET) < 0)
        return error_errno(error, errno, "seek");
    int r = digest_of_file(layer->source_fd, result.digest, &result.size, error);
    if (r < 0)
        return r;
    if (layer->digest && !str_eq(layer->digest, result.digest))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "the blob's digest is %s instead of %s",
                         result.digest, layer->digest);
    if (layer->size != UINT64_MAX && layer->size != result.size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "the blob has %llu bytes instead of %llu",
                         (unsigned long long)result.size, (unsigned long long)layer->size);
    *ret = result;
    return 0;
}

int intake_add_layer(Intake *intake, const IntakeLayer *layer, LayerResult *ret_result,
                     Error *error)
{
    if (intake_has_layer(intake, layer))
        return intake_verify_blob(layer, ret_result, error);
    int r = layer->needs_lower ? TREEDIR_NEEDS_LOWER
                               : intake_unpack(intake, layer, false, ret_result, error);
    if (r != TREEDIR_NEEDS_LOWER || layer->alone)
        return r;
    error_clear(error);
    return intake_unpack(intake, layer, true, ret_result, error);
}

int intake_keep_image(Intake *intake, const Image *image, Error *error)
{
    const StrList *diff_ids = &image->config.rootfs.diff_ids;
    for (size_t i = 0; i < diff_ids->count; i++) {
        IntakeLayer layer = { .diff_ids = diff_ids, .index = i, .id = image->id };
        const char *digest = image->manifest.layers.items[i].digest;
        if (!intake_has_layer(intake, &layer) || !intake_has_blob(intake, digest))
            return error_set(error, ERROR_CORRUPT, EBADMSG,
                             "layer %zu (%s) is missing from the image store", i + 1, digest);
    }
    return 0;
}

int intake_adopt_layer(Intake *intake, const char *name, const LayerResult *result, Error *error)
{
    char layer_name[IMAGESTORE_LAYER_NAME_SIZE];
    int fd CLEANUP(fd_closep) =
        openat(intake->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "image store: %s", name);
    intake_note_bytes(fd, result->counts.bytes);
    imagestore_layer_name(result->diff_id, result->diff_id, false, layer_name);
    return intake_place_layer(intake, name, layer_name, error);
}

/*** Commit. ***/

IntakeImage *intake_add_image(Intake *intake, const OciDescriptor *manifest, const StrList *names,
                              const char *id)
{
    IntakeImage *image =
        arena_append(intake->arena, &intake->images, &intake->image_count, sizeof(*image));
    *image = (IntakeImage){ .manifest = *manifest, .id = id };
    for (size_t i = 0; names && i < names->count; i++)
        strlist_append(intake->arena, &image->names, names->items[i]);
    return image;
}

typedef struct IntakeMove {
    int from, to;
    bool directories;
} IntakeMove;

static int intake_move(void *context, const char *name, Error *error)
{
    const IntakeMove *move = context;
    if (renameat(move->from, name, move->to, name) == 0)
        return 0;
    if (move->directories && (errno == EEXIST || errno == ENOTEMPTY))
        return 0; /* another intake was faster with the same layer */
    return error_errno(error, errno, "image store: %s", name);
}

static int intake_move_all(Intake *intake, Error *error)
{
    IntakeMove blobs = { intake->blobs_fd, intake->store->blobs_fd, false };
    IntakeMove layers = { intake->layers_fd, intake->store->layers_fd, true };
    int r = imagemark_each(intake->blobs_fd, intake_move, &blobs, error);
    for (size_t i = 0; r == 0 && i < intake->partials.count; i++)
        r = imagepartial_keep(intake->store, intake->partials.items[i], error);
    if (r == 0)
        r = imagemark_each(intake->layers_fd, intake_move, &layers, error);
    if (r == 0 && (fsync(intake->store->blobs_fd) < 0 || fsync(intake->store->layers_fd) < 0))
        r = error_errno(error, errno, "image store: sync");
    return r;
}

int intake_commit(Intake *intake, Error *error)
{
    /* Nobody writes any more to what is about to be believed. */
    sandbox_settle();
    /* All data before any name: after a power cut a layer is complete or not there. */
    if (syncfs(intake->fd) < 0)
        return error_errno(error, errno, "image store: sync");
    int lock CLEANUP(fd_closep) = imagestore_lock(intake->store, true, error);
    OciIndex index;
    int r = lock < 0 ? lock : imageindex_read(intake->store, intake->arena, &index, error);
    if (r == 0)
        r = intake_move_all(intake, error);
    for (size_t i = 0; r == 0 && i < intake->image_count; i++) {
        const IntakeImage *image = &intake->images[i];
        if (image->names.count == 0)
            imageindex_put(&index, intake->arena, &image->manifest, NULL);
        for (size_t j = 0; j < image->names.count; j++) {
            const char *name = image->names.items[j];
            bool whole = image->whole || imageindex_has_whole(&index, name, image->origin);
            imageindex_put(&index, intake->arena, &image->manifest, name);
            imageindex_set_origin(&index, intake->arena, name, image->origin, whole);
        }
    }
    return r < 0 ? r : imageindex_write(intake->store, &index, error);
}
