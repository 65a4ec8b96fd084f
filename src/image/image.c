/*
 * In the path of `run`: index.json, one manifest, one config are read and parsed, no digest is
 * computed (each was verified when it came in; the store belongs to root with mode 0700, and
 * `ambit system check --deep` looks again).
 *
 * The trap: readers take no lock. index.json is replaced as a whole, but a blob may be removed
 * between reading the index and opening the blob; image_resolve then looks once more.
 */
#include "image/image.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/imageindex.h"
#include "image/imageparts.h"
#include "image/shortname.h"

int image_read(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
               Image *ret_image, Error *error)
{
    Image image = {
        .name = imageindex_name(descriptor),
        .manifest_digest = descriptor->digest,
        .origin = imageindex_origin(descriptor),
        .whole = imageindex_is_whole(descriptor),
        .descriptor = *descriptor,
    };
    char *text;
    size_t size;
    int r = imagestore_read_blob(store, descriptor, arena, &text, &size, error);
    if (r == 0)
        r = oci_manifest_parse(arena, text, size, &image.manifest, error);
    if (r < 0)
        return error_wrap(error, "manifest");
    image.id = image.manifest.config.digest;
    r = imagestore_read_blob(store, &image.manifest.config, arena, &text, &size, error);
    if (r == 0)
        r = oci_image_parse(arena, text, size, &image.config, error);
    if (r == 0)
        r = oci_image_check_layers(&image.config, &image.manifest, error);
    if (r < 0)
        return error_wrap(error, "config");
    *ret_image = image;
    return 0;
}

int image_find_layers(const ImageStore *store, Image *image, Arena *arena, Error *error)
{
    const StrList *diff_ids = &image->config.rootfs.diff_ids;
    StrList layers = { 0 };
    for (size_t i = diff_ids->count; i-- > 0;) {
        char name[IMAGESTORE_LAYER_NAME_SIZE];
        if (imagestore_find_layer(store, diff_ids->items[i], image->id, name) < 0)
            return error_set(error, ERROR_CORRUPT, EBADMSG,
                             "layer %zu (%s) is missing from the image store", i + 1,
                             diff_ids->items[i]);
        strlist_append(arena, &layers, name);
    }
    image->layers = layers;
    return 0;
}

bool image_is_said_by_id(const Image *image, const char *text)
{
    const char *prefix = reference_id_prefix(text);
    return prefix && str_starts(oci_digest_hex(image->id), prefix);
}

/*** Siblings in an index that is stored as a whole. ***/

typedef struct ImageVariants {
    const ImageStore *store;
    const Image *image;
    Arena *arena;
    ImageList list;
} ImageVariants;

/* The document lives only now, and the list as long as the arena. What it says of itself in
 * annotations is not the store's word. */
static OciDescriptor image_copy_descriptor(const OciDescriptor *at, Arena *arena)
{
    const OciDescriptor plain = {
        .media_type = at->media_type ? at->media_type : OCI_MEDIA_TYPE_MANIFEST,
        .digest = at->digest,
        .size = at->size,
        .platform = at->platform,
    };
    OciDescriptor copy;
    field_copy(&oci_descriptor_table, &plain, arena, &copy);
    return copy;
}

static int image_on_part(void *context, const ImagePart *part, Error *error)
{
    ImageVariants *variants = context;
    Image image;
    (void)error;
    /* An attestation looks like an image, for a machine that there is not. */
    if (!part->manifest || oci_media_kind(part->manifest->config.media_type) != OCI_MEDIA_CONFIG ||
        (part->at->platform && str_eq(part->at->platform->architecture, "unknown")))
        return 0;
    OciDescriptor at = image_copy_descriptor(part->at, variants->arena);
    if (image_read(variants->store, &at, variants->arena, &image, NULL) < 0)
        return 0;
    image.name = variants->image->name;
    image.origin = variants->image->origin;
    ImageList *list = &variants->list;
    *(Image *)arena_append(variants->arena, &list->items, &list->count, sizeof(image)) = image;
    return 0;
}

static int image_pass_over(void *context, const OciDescriptor *at, Error *error)
{
    (void)context;
    (void)at;
    return imageparts_pass_over(error);
}

int image_variants(const ImageStore *store, const Image *image, Arena *arena, ImageList *ret_list,
                   Error *error)
{
    ImageVariants variants = { .store = store, .image = image, .arena = arena };
    ImageParts parts = {
        .store = store, .visit = image_on_part, .failed = image_pass_over, .context = &variants
    };
    int r = image->whole ? imageparts_stored(&parts, image->origin, error) : 0;
    if (r == 0)
        *ret_list = variants.list;
    return r;
}

int image_variant(const ImageStore *store, const char *text, const OciPlatform *platform,
                  Arena *arena, Image *ret_image, Error *error)
{
    OciIndex index;
    const OciDescriptor *at;
    Image image;
    ImageList list;
    int r = imageindex_read(store, arena, &index, error);
    if (r == 0)
        r = image_find(store, &index, text, arena, &at, error);
    if (r == 0)
        r = image_read(store, at, arena, &image, error);
    if (r == 0)
        r = image_variants(store, &image, arena, &list, error);
    for (size_t i = 0; r == 0 && i < list.count; i++) {
        if (!oci_platform_fits(list.items[i].descriptor.platform, platform->architecture,
                               platform->variant))
            continue;
        *ret_image = list.items[i];
        return 0;
    }
    return r < 0 ? r : -ENOENT;
}

/* Does `digest` begin with the digits `prefix`? */
static bool image_digest_fits(const char *digest, const char *prefix)
{
    return digest && str_starts(oci_digest_hex(digest), prefix);
}

/* A container of a sibling says only its id. */
static const OciDescriptor *image_find_sibling(const ImageStore *store, const OciIndex *index,
                                               const char *prefix, Arena *arena)
{
    for (size_t i = index->manifests.count; i-- > 0;) {
        const OciDescriptor *descriptor = &index->manifests.items[i];
        Image image;
        ImageList list = { 0 };
        if (!imageindex_is_whole(descriptor) ||
            image_read(store, descriptor, arena, &image, NULL) < 0 ||
            image_variants(store, &image, arena, &list, NULL) < 0)
            continue;
        for (size_t k = 0; k < list.count; k++)
            if (image_digest_fits(list.items[k].id, prefix) ||
                image_digest_fits(list.items[k].manifest_digest, prefix))
                return &list.items[k].descriptor;
    }
    return NULL;
}

/* By the beginning of an id: reads every manifest, which is why names come first. */
static int image_find_by_id(const ImageStore *store, const OciIndex *index, const char *prefix,
                            Arena *arena, const OciDescriptor **ret, Error *error)
{
    const OciDescriptor *found = NULL;
    const char *found_id = NULL;
    for (size_t i = index->manifests.count; i-- > 0;) {
        const OciDescriptor *descriptor = &index->manifests.items[i];
        Image image;
        if (image_read(store, descriptor, arena, &image, NULL) < 0)
            continue;
        if (!image_digest_fits(image.id, prefix) &&
            !image_digest_fits(descriptor->digest, prefix) &&
            !image_digest_fits(image.origin, prefix))
            continue;
        if (found && !str_eq(found_id, image.id))
            return error_set(error, ERROR_CONFLICT, ENOTUNIQ,
                             "more than one image has an id that begins with %s", prefix);
        /* One with a name rather than one without: the caller shows it. */
        if (!found || (!imageindex_name(found) && image.name))
            found = descriptor;
        found_id = image.id;
    }
    if (!found)
        found = image_find_sibling(store, index, prefix, arena);
    if (!found)
        return -ENOENT;
    *ret = found;
    return 0;
}

/* What podman's configuration makes of a name without a registry; files are read only here. */
static const OciDescriptor *image_find_short(const OciIndex *index, const char *text, Arena *arena)
{
    StrList names;
    const OciDescriptor *found = NULL;
    if (shortname_candidates(text, arena, &names, NULL) < 0)
        return NULL;
    for (size_t i = 0; !found && i < names.count; i++) {
        Reference reference;
        if (reference_parse(names.items[i], arena, &reference, NULL) == 0)
            found = imageindex_find(index, &reference, arena);
    }
    return found;
}

int image_find(const ImageStore *store, const OciIndex *index, const char *text, Arena *arena,
               const OciDescriptor **ret, Error *error)
{
    Reference reference;
    const char *prefix = text ? reference_id_prefix(text) : NULL;
    Error grammar = { 0 };
    int parsed = reference_parse(text, arena, &reference, &grammar);
    if (parsed == 0) {
        *ret = imageindex_find(index, &reference, arena);
        if (*ret)
            return 0;
    }
    *ret = parsed == 0 && !reference_has_domain(text) ? image_find_short(index, text, arena) : NULL;
    if (*ret)
        return 0;
    if (prefix) {
        int r = image_find_by_id(store, index, prefix, arena, ret, error);
        if (r != -ENOENT)
            return r;
    }
    if (parsed < 0 && !prefix) {
        if (error)
            *error = grammar;
        return parsed;
    }
    return error_set(error, ERROR_NOT_FOUND, ENOENT, "no such image: %.200s", text);
}

/* A sibling is not in the index of the store: nobody has run it, and nothing of it got lost. */
static bool image_is_sibling(const OciIndex *index, const OciDescriptor *descriptor)
{
    const OciDescriptor *items = index->manifests.items;
    return !items || descriptor < items || descriptor >= items + index->manifests.count;
}

static int image_not_unpacked(const Image *image, const char *text, Arena *arena, Error *error)
{
    const OciPlatform *at = image->descriptor.platform;
    const char *platform = at ? oci_platform_text(at, arena) : "another machine";
    return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                     "image %.200s is for %s and not unpacked yet (`ambit run --platform %s` of "
                     "its name does that)",
                     text, platform, platform);
}

static int image_resolve_once(const ImageStore *store, const char *text, Arena *arena,
                              Image *ret_image, Error *error)
{
    OciIndex index;
    int r = imageindex_read(store, arena, &index, error);
    const OciDescriptor *descriptor = NULL;
    if (r == 0)
        r = image_find(store, &index, text, arena, &descriptor, error);
    if (r < 0)
        return r;
    Image image = { 0 };
    r = image_read(store, descriptor, arena, &image, error);
    if (r == 0)
        r = image_find_layers(store, &image, arena, error);
    if (r < 0 && image.id && image_is_sibling(&index, descriptor)) {
        error_clear(error);
        return image_not_unpacked(&image, text, arena, error);
    }
    if (r < 0) {
        if (error && error->kind == ERROR_NOT_FOUND) {
            error->kind = ERROR_CORRUPT; /* the image is there, a part of it is not */
            error->code = EBADMSG;
        }
        return error_wrap(error, "image %.200s", text);
    }
    *ret_image = image;
    return 0;
}

int image_resolve(const ImageStore *store, const char *text, Arena *arena, Image *ret_image,
                  Error *error)
{
    Error first = { 0 };
    int r = image_resolve_once(store, text, arena, ret_image, &first);
    if (r < 0 && first.kind == ERROR_CORRUPT)
        return image_resolve_once(store, text, arena, ret_image, error);
    if (r < 0 && error)
        *error = first;
    return r;
}

int image_list(const ImageStore *store, Arena *arena, ImageList *ret_list, size_t *ret_broken,
               Error *error)
{
    OciIndex index;
    int r = imageindex_read(store, arena, &index, error);
    if (r < 0)
        return r;
    ImageList list = { 0 };
    size_t broken = 0;
    for (size_t i = index.manifests.count; i-- > 0;) {
        Image image;
        if (image_read(store, &index.manifests.items[i], arena, &image, NULL) < 0 ||
            image_find_layers(store, &image, arena, NULL) < 0) {
            broken++;
            continue;
        }
        *(Image *)arena_append(arena, &list.items, &list.count, sizeof(image)) = image;
    }
    if (ret_broken)
        *ret_broken = broken;
    *ret_list = list;
    return 0;
}

int image_tag(const ImageStore *store, const char *image, const char *name, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Reference reference;
    int r = reference_parse(name, &arena, &reference, error);
    if (r < 0)
        return r;
    if (reference.digest)
        return error_set(error, ERROR_USAGE, EINVAL, "a tag cannot be a digest: %.200s", name);

    int lock CLEANUP(fd_closep) = imagestore_lock(store, true, error);
    if (lock < 0)
        return lock;
    OciIndex index;
    const OciDescriptor *descriptor = NULL;
    r = imageindex_read(store, &arena, &index, error);
    if (r == 0)
        r = image_find(store, &index, image, &arena, &descriptor, error);
    if (r < 0)
        return r;
    /* A whole index goes along: its new name is for a registry that is to have all of it. */
    const char *whole = imageindex_is_whole(descriptor) ? imageindex_origin(descriptor) : NULL;
    const char *added = reference_text(&reference, &arena);
    imageindex_put(&index, &arena, descriptor, added);
    if (whole)
        imageindex_set_origin(&index, &arena, added, whole, true);
    return imageindex_write(store, &index, error);
}

int64_t image_time(const char *rfc3339)
{
    struct tm parts = { 0 };
    const char *rest = rfc3339 ? strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
    if (!rest)
        return 0;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    int64_t seconds = timegm(&parts);
    struct tm offset = { 0 };
    if (*rest == '+' || *rest == '-') {
        if (!strptime(rest + 1, "%H:%M", &offset))
            return 0;
        int64_t east = 3600 * (int64_t)offset.tm_hour + 60 * (int64_t)offset.tm_min;
        return *rest == '+' ? seconds - east : seconds + east;
    }
    return *rest == 'Z' || *rest == 'z' ? seconds : 0;
}

int image_bytes(const ImageStore *store, const Image *image, uint64_t *ret_bytes, Error *error)
{
    uint64_t total = 0;
    for (size_t i = 0; i < image->layers.count; i++) {
        uint64_t bytes;
        int r = imagestore_layer_bytes(store, image->layers.items[i], &bytes, error);
        if (r < 0)
            return r;
        total += bytes;
    }
    *ret_bytes = total;
    return 0;
}
