/*
 * Depth first, an index after its parts: the order in which a registry takes them.
 *
 * The trap: a document may be named twice with two sizes, of which one is a lie that a reader who
 * looks only once would not see.
 */
#include "image/imageparts.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"

typedef struct ImagePartsSeen {
    const char *digest;
    int64_t size;
} ImagePartsSeen;

typedef struct ImagePartsWalk {
    const ImageParts *parts;
    Arena *arena;
    ImagePartsSeen *seen;
    size_t seen_count;
    size_t count; /* documents and blobs, as often as they are named */
} ImagePartsWalk;

static int imageparts_count(ImagePartsWalk *walk, size_t more, Error *error)
{
    walk->count += more;
    return walk->count <= IMAGEPARTS_MAX
               ? 0
               : error_set(error, ERROR_LIMIT, EFBIG, "an index of more than %d parts",
                           IMAGEPARTS_MAX);
}

/* Was it visited before? 1, 0, or an error. */
static int imageparts_meet(ImagePartsWalk *walk, const OciDescriptor *at, Error *error)
{
    for (size_t i = 0; i < walk->seen_count; i++) {
        if (!str_eq(walk->seen[i].digest, at->digest))
            continue;
        if (walk->seen[i].size != at->size)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "%s is named with two sizes",
                             at->digest);
        return 1;
    }
    ImagePartsSeen *seen = arena_append(walk->arena, &walk->seen, &walk->seen_count, sizeof(*seen));
    *seen = (ImagePartsSeen){ arena_strdup(walk->arena, at->digest), at->size };
    return 0;
}

static int imageparts_tell(const ImageParts *parts, const ImagePart *part, Error *error)
{
    if (parts->visit)
        return parts->visit(parts->context, part, error);
    int r = parts->each(parts->context, part->at, error);
    return r < 0 || !part->manifest
               ? r
               : imageparts_blobs(part->manifest, parts->each, parts->context, error);
}

static int imageparts_visit(ImagePartsWalk *walk, const OciDescriptor *at, unsigned depth,
                            Error *error);

static int imageparts_visit_index(ImagePartsWalk *walk, const ImagePart *part, unsigned depth,
                                  Arena *arena, Error *error)
{
    OciIndex index;
    int r = oci_index_parse(arena, part->text, part->size, &index, error);
    if (r == 0 && depth > IMAGEPARTS_NESTING_MAX)
        r = error_set(error, ERROR_LIMIT, ELOOP, "indexes in indexes, too deep");
    if (r < 0)
        return error_wrap(error, "index");
    for (size_t i = 0; i < index.manifests.count; i++) {
        const OciDescriptor *child = &index.manifests.items[i];
        const OciPlatform *platform = child->platform;
        r = imageparts_visit(walk, child, depth + 1, error);
        if (r < 0)
            return error_wrap(error, "entry %zu of the index (%.40s/%.40s)", i + 1,
                              platform && platform->os ? platform->os : "no platform",
                              platform && platform->architecture ? platform->architecture : "");
    }
    return imageparts_tell(walk->parts, part, error);
}

static int imageparts_visit_manifest(ImagePartsWalk *walk, const ImagePart *read, Arena *arena,
                                     Error *error)
{
    OciManifest manifest;
    const ImagePart part = {
        .at = read->at, .text = read->text, .size = read->size, .manifest = &manifest
    };
    int r = oci_manifest_parse(arena, read->text, read->size, &manifest, error);
    if (r < 0)
        return error_wrap(error, "manifest");
    r = imageparts_count(walk, 1 + manifest.layers.count, error);
    return r < 0 ? r : imageparts_tell(walk->parts, &part, error);
}

static int imageparts_read(ImagePartsWalk *walk, const OciDescriptor *at, unsigned depth,
                           Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *text;
    ImagePart part = { .at = at };
    /* Without a media type it is what most are; the document contradicts if it is not. */
    OciMediaKind kind = at->media_type ? oci_media_kind(at->media_type) : OCI_MEDIA_MANIFEST;
    if (kind != OCI_MEDIA_INDEX && kind != OCI_MEDIA_MANIFEST)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "\"%.100s\" is no type of a manifest", at->media_type);
    if (at->size > OCI_MAX_DOCUMENT_BYTES)
        return error_set(error, ERROR_LIMIT, EFBIG, "a manifest of %lld bytes",
                         (long long)at->size);
    int r = walk->parts->read
                ? walk->parts->read(walk->parts->context, at, &arena, &text, &part.size, error)
                : imagestore_read_blob(walk->parts->store, at, &arena, &text, &part.size, error);
    if (r < 0)
        return r;
    part.text = text;
    return kind == OCI_MEDIA_INDEX ? imageparts_visit_index(walk, &part, depth, &arena, error)
                                   : imageparts_visit_manifest(walk, &part, &arena, error);
}

static int imageparts_visit(ImagePartsWalk *walk, const OciDescriptor *at, unsigned depth,
                            Error *error)
{
    int r = imageparts_count(walk, 1, error);
    if (r == 0)
        r = imageparts_meet(walk, at, error);
    if (r != 0)
        return r < 0 ? r : 0;
    Error inner = { 0 };
    r = imageparts_read(walk, at, depth, &inner);
    if (r < 0 && walk->parts->failed && inner.kind != ERROR_LIMIT)
        r = walk->parts->failed(walk->parts->context, at, &inner);
    if (r < 0 && error)
        *error = inner;
    return r;
}

int imageparts_walk(const ImageParts *parts, const OciDescriptor *index, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ImagePartsWalk walk = { .parts = parts, .arena = &arena };
    return imageparts_visit(&walk, index, 0, error);
}

int imageparts_blobs(const OciManifest *manifest, ImageBlobVisit *visit, void *context,
                     Error *error)
{
    int r = visit(context, &manifest->config, error);
    for (size_t i = 0; r == 0 && i < manifest->layers.count; i++)
        if (!oci_descriptor_is_elsewhere(&manifest->layers.items[i]))
            r = visit(context, &manifest->layers.items[i], error);
    return r;
}

/*** In the store. ***/

int imageparts_index(const ImageStore *store, const char *digest, Arena *arena,
                     OciDescriptor *ret_index, Error *error)
{
    char *text;
    size_t size;
    OciIndex index;
    int fd CLEANUP(fd_closep) = imagestore_open_blob(store, digest, error);
    if (fd < 0)
        return fd;
    int r = fd_read_all(fd, OCI_MAX_DOCUMENT_BYTES, arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "blob %s", digest);
    r = oci_index_parse(arena, text, size, &index, error);
    if (r < 0)
        return error_wrap(error, "index %s", digest);
    *ret_index = (OciDescriptor){
        .media_type = index.media_type ? index.media_type : OCI_MEDIA_TYPE_INDEX,
        .digest = digest,
        .size = (int64_t)size,
    };
    return 0;
}

int imageparts_stored(const ImageParts *parts, const char *digest, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    OciDescriptor index;
    Error inner = { 0 };
    int r = imageparts_index(parts->store, digest, &arena, &index, &inner);
    if (r == 0)
        return imageparts_walk(parts, &index, error);
    index = (OciDescriptor){ .digest = digest };
    if (parts->failed)
        r = parts->failed(parts->context, &index, &inner);
    if (r < 0 && error)
        *error = inner;
    return r;
}

int imageparts_pass_over(const Error *error)
{
    return error->kind == ERROR_CORRUPT || error->kind == ERROR_NOT_FOUND ? 0 : -error->code;
}
