/*
 * Marking reads every manifest and config: some 20 us each. Names are collected in any order and
 * sorted once.
 */
#include "image/imagemark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "image/image.h"
#include "image/imageindex.h"
#include "image/imageparts.h"

enum { IMAGEMARK_KEEP_MAX = 4 * 1024 * 1024 };

static void imagemark_add(ImageMarkSet *set, Arena *arena, const char *name)
{
    *(const char **)arena_append(arena, &set->items, &set->count, sizeof(name)) = name;
}

static int imagemark_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool imagemark_has(const ImageMarkSet *set, const char *name)
{
    return set->count > 0 &&
           bsearch(&name, set->items, set->count, sizeof(name), imagemark_compare) != NULL;
}

static void imagemark_digest(ImageMarkSet *blobs, Arena *arena, const char *digest)
{
    if (oci_digest_is_valid(digest))
        imagemark_add(blobs, arena, oci_digest_hex(digest));
}

static void imagemark_layers(ImageMarks *marks, Arena *arena, const Image *image)
{
    for (size_t i = 0; i < image->config.rootfs.diff_ids.count; i++)
        for (int own = 0; own < 2; own++) {
            char name[IMAGESTORE_LAYER_NAME_SIZE];
            imagestore_layer_name(image->config.rootfs.diff_ids.items[i], image->id, own, name);
            imagemark_add(&marks->layers, arena, arena_strdup(arena, name));
        }
}

typedef struct ImageMarkWhole {
    const ImageStore *store;
    Arena *arena;
    ImageMarks *marks;
} ImageMarkWhole;

static int imagemark_blob(void *context, const OciDescriptor *blob, Error *error)
{
    const ImageMarkWhole *whole = context;
    (void)error;
    imagemark_digest(&whole->marks->blobs, whole->arena, arena_strdup(whole->arena, blob->digest));
    return 0;
}

/* A manifest of a whole index, and what containers have unpacked of it. */
static int imagemark_part(void *context, const ImagePart *part, Error *error)
{
    const ImageMarkWhole *whole = context;
    Image image;
    int r = imagemark_blob(context, part->at, error);
    if (r == 0 && part->manifest)
        r = imageparts_blobs(part->manifest, imagemark_blob, context, error);
    OciDescriptor at = *part->at;
    at.annotations = (StrMap){ 0 };
    if (r == 0 && part->manifest && image_read(whole->store, &at, whole->arena, &image, NULL) == 0)
        imagemark_layers(whole->marks, whole->arena, &image);
    return r;
}

static int imagemark_failed(void *context, const OciDescriptor *at, Error *error)
{
    (void)!imagemark_blob(context, at, NULL);
    return imageparts_pass_over(error);
}

static int imagemark_whole(const ImageStore *store, const char *digest, Arena *arena,
                           ImageMarks *marks, Error *error)
{
    ImageMarkWhole whole = { store, arena, marks };
    ImageParts parts = {
        .store = store, .visit = imagemark_part, .failed = imagemark_failed, .context = &whole
    };
    return imageparts_stored(&parts, digest, error);
}

static int imagemark_image(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
                           ImageMarks *marks, Error *error)
{
    Error inner = { 0 };
    Image image = { 0 };
    imagemark_digest(&marks->blobs, arena, descriptor->digest);
    imagemark_digest(&marks->blobs, arena, imageindex_origin(descriptor));
    int r = imageindex_is_whole(descriptor)
                ? imagemark_whole(store, imageindex_origin(descriptor), arena, marks, error)
                : 0;
    if (r < 0)
        return r;
    r = image_read(store, descriptor, arena, &image, &inner);
    if (r < 0 && inner.kind != ERROR_CORRUPT && inner.kind != ERROR_NOT_FOUND) {
        if (error)
            *error = inner;
        return r;
    }
    if (r < 0)
        return 0;
    imagemark_digest(&marks->blobs, arena, image.id);
    for (size_t i = 0; i < image.manifest.layers.count; i++)
        imagemark_digest(&marks->blobs, arena, image.manifest.layers.items[i].digest);
    imagemark_layers(marks, arena, &image);
    return 0;
}

int imagemark_one(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
                  ImageMarks *ret_marks, Error *error)
{
    *ret_marks = (ImageMarks){ 0 };
    return imagemark_image(store, descriptor, arena, ret_marks, error);
}

/* imagemark_each on the store's root. */
typedef struct ImageMarkKeep {
    const ImageStore *store;
    Arena *arena;
    ImageMarks *marks;
} ImageMarkKeep;

static int imagemark_keep(void *context, const char *name, Error *error)
{
    ImageMarkKeep *keep = context;
    char *text;
    if (!str_starts(name, ".tmp-"))
        return 0;
    const char *path = arena_printf(keep->arena, "%s/" IMAGEMARK_KEEP, name);
    int r = file_read_at(keep->store->root_fd, path, IMAGEMARK_KEEP_MAX, keep->arena, &text, NULL);
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    if (r < 0)
        return error_errno(error, r, "image store: %s", path);
    StrList lines = strlist_split(keep->arena, text, '\n');
    for (size_t i = 0; i < lines.count; i++) {
        if (str_starts(lines.items[i], "blobs/"))
            imagemark_add(&keep->marks->blobs, keep->arena, lines.items[i] + strlen("blobs/"));
        else if (str_starts(lines.items[i], "layers/"))
            imagemark_add(&keep->marks->layers, keep->arena, lines.items[i] + strlen("layers/"));
    }
    return 0;
}

int imagemark_all(const ImageStore *store, const OciIndex *index, const StrList *layers_in_use,
                  Arena *arena, ImageMarks *ret_marks, Error *error)
{
    ImageMarks marks = { 0 };
    for (size_t i = 0; i < index->manifests.count; i++) {
        int r = imagemark_image(store, &index->manifests.items[i], arena, &marks, error);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; layers_in_use && i < layers_in_use->count; i++)
        imagemark_add(&marks.layers, arena, layers_in_use->items[i]);
    ImageMarkKeep keep = { store, arena, &marks };
    int r = imagemark_each(store->root_fd, imagemark_keep, &keep, error);
    if (r < 0)
        return r;
    if (marks.blobs.count)
        qsort(marks.blobs.items, marks.blobs.count, sizeof(char *), imagemark_compare);
    if (marks.layers.count)
        qsort(marks.layers.items, marks.layers.count, sizeof(char *), imagemark_compare);
    *ret_marks = marks;
    return 0;
}

int imagemark_each(int dirfd, int (*visit)(void *context, const char *name, Error *error),
                   void *context, Error *error)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir CLEANUP(file_closedirp) = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = error_errno(error, errno, "image store");
        fd_close(fd);
        return r;
    }
    const struct dirent *entry;
    int more;
    while ((more = file_next_entry(dir, &entry)) > 0) {
        int r = visit(context, entry->d_name, error);
        if (r < 0)
            return r;
    }
    return more < 0 ? error_errno(error, more, "image store") : 0;
}

int imagemark_open_leftover(const ImageStore *store, const char *name)
{
    struct stat st;
    if (!str_starts(name, ".tmp-"))
        return -1;
    int fd CLEANUP(fd_closep) =
        openat(store->root_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    /* A file is a half-written index.json: its writer held the lock that we hold now. */
    if (S_ISDIR(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -1;
    return file_is_at(store->root_fd, name, fd) ? TAKE_FD(fd) : -1;
}

/* Files are half-written index.json's, which only who holds the exclusive lock may judge. */
static int imagemark_clean_one(void *context, const char *name, Error *error)
{
    const ImageStore *store = context;
    struct stat st;
    (void)error;
    if (fstatat(store->root_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
        return 0;
    int fd CLEANUP(fd_closep) = imagemark_open_leftover(store, name);
    if (fd >= 0)
        (void)!file_remove_tree_at(store->root_fd, name);
    return 0;
}

void imagemark_clean(const ImageStore *store)
{
    (void)!imagemark_each(store->root_fd, imagemark_clean_one, (void *)store, NULL);
}
