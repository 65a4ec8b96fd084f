/*
 * The index is small (some 300 bytes per name) and is read and written as a whole. The invariant:
 * a name occurs once, and a manifest has either names or exactly one descriptor without.
 */
#include "image/imageindex.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "base/strmap.h"

#define IMAGEINDEX_FILE "index.json"

int imageindex_read(const ImageStore *store, Arena *arena, OciIndex *ret_index, Error *error)
{
    char *text;
    size_t size;
    int r =
        file_read_at(store->root_fd, IMAGEINDEX_FILE, OCI_MAX_DOCUMENT_BYTES, arena, &text, &size);
    if (r == -ENOENT) {
        *ret_index = (OciIndex){ .schema_version = 2, .media_type = OCI_MEDIA_TYPE_INDEX };
        return 0;
    }
    if (r < 0)
        return error_errno(error, r, "image store: " IMAGEINDEX_FILE);
    r = oci_index_parse(arena, text, size, ret_index, error);
    return r < 0 ? error_wrap(error, "image store: " IMAGEINDEX_FILE) : 0;
}

int imageindex_write(const ImageStore *store, const OciIndex *index, Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (index->manifests.count > OCI_MAX_MANIFESTS)
        return error_set(error, ERROR_LIMIT, EFBIG, "image store: more than %d images",
                         OCI_MAX_MANIFESTS);
    oci_index_encode(index, true, &text);
    int r =
        file_write_at(store->root_fd, IMAGEINDEX_FILE, text.data, text.length, 0600, FILE_DURABLE);
    return r < 0 ? error_errno(error, r, "image store: " IMAGEINDEX_FILE) : 0;
}

const char *imageindex_name(const OciDescriptor *descriptor)
{
    return strmap_get(&descriptor->annotations, IMAGEINDEX_REF_NAME);
}

const char *imageindex_origin(const OciDescriptor *descriptor)
{
    const char *digest = strmap_get(&descriptor->annotations, IMAGEINDEX_ORIGIN);
    return oci_digest_is_valid(digest) ? digest : NULL;
}

bool imageindex_is_whole(const OciDescriptor *descriptor)
{
    return imageindex_origin(descriptor) &&
           str_eq(strmap_get(&descriptor->annotations, IMAGEINDEX_PLATFORMS), "all");
}

/* Is `name` (domain/path, with tag or digest) of the repository domain/path? */
static bool imageindex_same_repository(const char *name, const char *repository)
{
    size_t length = strlen(repository);
    return str_starts(name, repository) && (name[length] == ':' || name[length] == '@');
}

static bool imageindex_has_digest(const OciDescriptor *descriptor, const char *digest)
{
    return str_eq(descriptor->digest, digest) || str_eq(imageindex_origin(descriptor), digest);
}

const OciDescriptor *imageindex_find(const OciIndex *index, const Reference *reference,
                                     Arena *arena)
{
    const char *text = reference->digest
                           ? arena_printf(arena, "%s/%s", reference->domain, reference->path)
                           : reference_text(reference, arena);
    for (size_t i = index->manifests.count; i-- > 0;) {
        const OciDescriptor *descriptor = &index->manifests.items[i];
        const char *name = imageindex_name(descriptor);
        if (!name)
            continue;
        if (reference->digest ? imageindex_has_digest(descriptor, reference->digest) &&
                                    imageindex_same_repository(name, text)
                              : str_eq(name, text))
            return descriptor;
    }
    return NULL;
}

static void imageindex_delete(OciIndex *index, size_t at)
{
    OciDescriptors *list = &index->manifests;
    memmove(&list->items[at], &list->items[at + 1],
            (list->count - at - 1) * sizeof(list->items[0]));
    list->count--;
}

static size_t imageindex_count(const OciIndex *index, const char *digest)
{
    size_t count = 0;
    for (size_t i = 0; i < index->manifests.count; i++)
        count += str_eq(index->manifests.items[i].digest, digest);
    return count;
}

static long imageindex_position(const OciIndex *index, const char *name)
{
    for (size_t i = 0; i < index->manifests.count; i++)
        if (str_eq(imageindex_name(&index->manifests.items[i]), name))
            return (long)i;
    return -1;
}

bool imageindex_has_whole(const OciIndex *index, const char *name, const char *origin)
{
    long at = imageindex_position(index, name);
    return origin && at >= 0 && imageindex_is_whole(&index->manifests.items[at]) &&
           str_eq(imageindex_origin(&index->manifests.items[at]), origin);
}

static void imageindex_append(OciIndex *index, Arena *arena, const OciDescriptor *manifest,
                              const char *name)
{
    /* Of the stranger's descriptor only what identifies the image is kept: its annotations are
     * theirs, ours are ours. */
    OciDescriptor entry = {
        .media_type = manifest->media_type,
        .digest = manifest->digest,
        .size = manifest->size,
        .platform = manifest->platform,
    };
    if (name)
        strmap_set(arena, &entry.annotations, IMAGEINDEX_REF_NAME, name);
    OciDescriptor *item =
        arena_append(arena, &index->manifests.items, &index->manifests.count, sizeof(*item));
    *item = entry;
}

void imageindex_put(OciIndex *index, Arena *arena, const OciDescriptor *manifest, const char *name)
{
    OciDescriptor wanted = *manifest;
    long at = name ? imageindex_position(index, name) : -1;
    if (at >= 0) {
        OciDescriptor *old = &index->manifests.items[at];
        if (str_eq(old->digest, wanted.digest))
            return;
        if (imageindex_count(index, old->digest) == 1)
            old->annotations = (StrMap){ 0 };
        else
            imageindex_delete(index, (size_t)at);
    } else if (!name && imageindex_count(index, wanted.digest) > 0) {
        return;
    }
    /* With its first name, the descriptor without one goes. */
    for (size_t i = index->manifests.count; i-- > 0;)
        if (str_eq(index->manifests.items[i].digest, wanted.digest) &&
            !imageindex_name(&index->manifests.items[i]))
            imageindex_delete(index, i);
    imageindex_append(index, arena, &wanted, name);
}

void imageindex_set_origin(OciIndex *index, Arena *arena, const char *name, const char *digest,
                           bool whole)
{
    long at = imageindex_position(index, name);
    if (at < 0)
        return;
    OciDescriptor *entry = &index->manifests.items[at];
    entry->annotations = (StrMap){ 0 };
    strmap_set(arena, &entry->annotations, IMAGEINDEX_REF_NAME, name);
    if (digest)
        strmap_set(arena, &entry->annotations, IMAGEINDEX_ORIGIN, digest);
    if (digest && whole)
        strmap_set(arena, &entry->annotations, IMAGEINDEX_PLATFORMS, "all");
}

bool imageindex_remove_name(OciIndex *index, const char *name)
{
    long at = imageindex_position(index, name);
    if (at >= 0)
        imageindex_delete(index, (size_t)at);
    return at >= 0;
}

size_t imageindex_remove_manifest(OciIndex *index, const char *digest)
{
    size_t removed = 0;
    for (size_t i = index->manifests.count; i-- > 0;)
        if (str_eq(index->manifests.items[i].digest, digest)) {
            imageindex_delete(index, i);
            removed++;
        }
    return removed;
}
