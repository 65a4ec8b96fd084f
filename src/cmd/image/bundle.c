/*
 * Two formats, one result. A directory with "oci-layout" is an image layout, also if it has
 * docker's manifest.json too (docker writes both since 25.0); else manifest.json decides.
 *
 * The trap: names. image-spec says that org.opencontainers.image.ref.name is what its writer likes:
 * a whole reference, "name:tag", or a bare tag. docker and containerd put the whole reference into
 * io.containerd.image.name; a bare word that looks like a tag names nothing.
 */
#include "cmd/image/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strmap.h"
#include "cmd/image/digest.h"
#include "image/imageindex.h"
#include "image/imageparts.h"
#include "image/reference.h"
#include "linux/inroot.h"

#define BUNDLE_CONTAINERD_NAME "io.containerd.image.name"

enum { BUNDLE_NESTING_MAX = 3, BUNDLE_LINKS_MAX = 8, BUNDLE_IMAGES_MAX = 200 };

typedef struct BundleReader {
    const BundleRequest *request;
    Arena *arena;
    Bundle bundle;
} BundleReader;

/*** Files. ***/

static int bundle_openat(int dir_fd, const char *path, int flags, Error *error)
{
    int fd = inroot_open(dir_fd, path, (uint64_t)flags, NULL);
    return fd < 0 ? error_errno(error, fd, "%.200s", path) : fd;
}

int bundle_open(int dir_fd, const char *path, Error *error)
{
    struct stat st;
    int fd CLEANUP(fd_closep) = bundle_openat(dir_fd, path, O_RDONLY | O_NONBLOCK, error);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(error, ERROR_CORRUPT, EINVAL, "%.200s is not a file", path);
    return TAKE_FD(fd);
}

int bundle_locate(int dir_fd, const char *path, char ret_name[256], Error *error)
{
    char now[4096];
    if (strlen(path) >= sizeof(now))
        return error_set(error, ERROR_CORRUPT, ENAMETOOLONG, "a path is too long");
    memcpy(now, path, strlen(path) + 1);
    for (unsigned i = 0; i < BUNDLE_LINKS_MAX; i++) {
        char *slash = strrchr(now, '/');
        const char *name = slash ? slash + 1 : now;
        char parent[4096] = ".", target[2048];
        if (slash)
            (void)snprintf(parent, sizeof(parent), "%.*s/", (int)(slash - now), now);
        struct stat st;
        int fd CLEANUP(fd_closep) = bundle_openat(dir_fd, parent, O_PATH | O_DIRECTORY, error);
        if (fd < 0)
            return fd;
        if (strlen(name) > 255 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return error_errno(error, ENOENT, "%.200s", path);
        if (S_ISREG(st.st_mode)) {
            memcpy(ret_name, name, strlen(name) + 1);
            return TAKE_FD(fd);
        }
        ssize_t length = S_ISLNK(st.st_mode) ? readlinkat(fd, name, target, sizeof(target)) : -1;
        int n = length <= 0 || length == sizeof(target)
                    ? -1
                    : snprintf(now, sizeof(now), "%s%s%.*s", target[0] == '/' ? "" : parent,
                               target[0] == '/' ? "" : "/", (int)length, target);
        if (n < 0 || (size_t)n >= sizeof(now))
            break;
    }
    return error_set(error, ERROR_CORRUPT, EINVAL, "%.200s is not a file", path);
}

/* A small file; -ENOENT without an error text of its own when it is missing. */
static int bundle_read_file(BundleReader *reader, const char *path, char **ret_text,
                            size_t *ret_size, Error *error)
{
    int fd CLEANUP(fd_closep) = bundle_open(reader->request->dir_fd, path, error);
    if (fd < 0)
        return fd;
    int r = fd_read_all(fd, OCI_MAX_DOCUMENT_BYTES, reader->arena, ret_text, ret_size);
    return r < 0 ? error_errno(error, r, "%.200s", path) : 0;
}

/* A document that a descriptor names: its size and digest are verified. */
static int bundle_read_document(BundleReader *reader, const OciDescriptor *at,
                                const char **ret_text, size_t *ret_size, Error *error)
{
    char path[128], digest[DIGEST_SIZE];
    char *text;
    size_t size;
    if (!oci_digest_is_valid(at->digest))
        return error_set(error, ERROR_CORRUPT, EINVAL, "a descriptor without a sha256 digest");
    (void)snprintf(path, sizeof(path), "blobs/sha256/%s", oci_digest_hex(at->digest));
    int r = bundle_read_file(reader, path, &text, &size, error);
    if (r == 0)
        r = digest_of_bytes(text, size, digest, error);
    if (r < 0)
        return r;
    if ((int64_t)size != at->size || !str_eq(digest, at->digest))
        return error_set(error, ERROR_CORRUPT, EBADMSG,
                         "%s does not hold what its digest and size promise", path);
    *ret_text = text;
    *ret_size = size;
    return 0;
}

/*** Names. ***/

/* "latest", "1.2", "v3": a tag rather than a repository. */
static bool bundle_is_bare_tag(const char *name)
{
    return !strpbrk(name, ":/@") && (str_eq(name, "latest") || (*name >= '0' && *name <= '9') ||
                                     (*name == 'v' && name[1] >= '0' && name[1] <= '9'));
}

static void bundle_add_name(BundleReader *reader, StrList *names, const char *name)
{
    Reference reference;
    if (str_empty(name) || bundle_is_bare_tag(name) ||
        reference_parse(name, reader->arena, &reference, NULL) < 0)
        return;
    const char *text = reference_text(&reference, reader->arena);
    if (!strlist_contains(names, text))
        strlist_append(reader->arena, names, text);
}

static StrList bundle_descriptor_names(BundleReader *reader, const OciDescriptor *at)
{
    StrList names = { 0 };
    const char *name = strmap_get(&at->annotations, BUNDLE_CONTAINERD_NAME);
    bundle_add_name(reader, &names, name ? name : imageindex_name(at));
    return names;
}

/* Takes the names that were asked for; false if there are none of them. */
static bool bundle_select(BundleReader *reader, StrList *names)
{
    const StrList *only = &reader->request->only;
    if (only->count == 0)
        return true;
    StrList selected = { 0 };
    for (size_t i = 0; i < names->count; i++)
        if (strlist_contains(only, names->items[i]))
            strlist_append(reader->arena, &selected, names->items[i]);
    *names = selected;
    return selected.count > 0;
}

static int bundle_add(BundleReader *reader, const BundleImage *image, Error *error)
{
    if (reader->bundle.count >= BUNDLE_IMAGES_MAX)
        return error_set(error, ERROR_LIMIT, EFBIG, "more than %d images", BUNDLE_IMAGES_MAX);
    *(BundleImage *)arena_append(reader->arena, &reader->bundle.items, &reader->bundle.count,
                                 sizeof(*image)) = *image;
    return 0;
}

/*** OCI image layouts. ***/

static int bundle_read_manifest(BundleReader *reader, const OciDescriptor *at, const StrList *names,
                                Error *error)
{
    BundleImage image = { .names = *names, .manifest_at = *at };
    int r = bundle_read_document(reader, at, &image.manifest_text, &image.manifest_size, error);
    if (r == 0)
        r = oci_manifest_parse(reader->arena, image.manifest_text, image.manifest_size,
                               &image.manifest, error);
    if (r < 0)
        return error_wrap(error, "manifest");
    image.config_at = image.manifest.config;
    r = bundle_read_document(reader, &image.config_at, &image.config_text, &image.config_size,
                             error);
    if (r == 0)
        r = oci_image_parse(reader->arena, image.config_text, image.config_size, &image.config,
                            error);
    if (r == 0)
        r = oci_image_check_layers(&image.config, &image.manifest, error);
    if (r < 0)
        return error_wrap(error, "config");
    for (size_t i = 0; i < image.manifest.layers.count; i++) {
        const OciDescriptor *layer = &image.manifest.layers.items[i];
        if (!oci_digest_is_valid(layer->digest))
            return error_set(error, ERROR_CORRUPT, EINVAL, "layer %zu has no sha256 digest", i + 1);
        strlist_append(
            reader->arena, &image.layer_paths,
            arena_printf(reader->arena, "blobs/sha256/%s", oci_digest_hex(layer->digest)));
    }
    return bundle_add(reader, &image, error);
}

static bool bundle_platform_fits(const BundleRequest *request, const OciPlatform *platform)
{
    return oci_platform_fits(platform, request->architecture, request->variant);
}

static OciMediaKind bundle_kind(const OciDescriptor *at)
{
    /* Without a media type: the document itself will be asked. */
    return at->media_type ? oci_media_kind(at->media_type) : OCI_MEDIA_MANIFEST;
}

static int bundle_read_index(BundleReader *reader, const OciDescriptor *at, const StrList *names,
                             unsigned depth, Error *error)
{
    const char *text;
    size_t size;
    OciIndex index;
    int r = bundle_read_document(reader, at, &text, &size, error);
    if (r == 0)
        r = oci_index_parse(reader->arena, text, size, &index, error);
    if (r < 0)
        return error_wrap(error, "index");
    for (size_t i = 0; i < index.manifests.count; i++) {
        const OciDescriptor *child = &index.manifests.items[i];
        OciMediaKind kind = bundle_kind(child);
        if (!bundle_platform_fits(reader->request, child->platform))
            continue;
        if (kind == OCI_MEDIA_MANIFEST)
            return bundle_read_manifest(reader, child, names, error);
        if (kind == OCI_MEDIA_INDEX && depth < BUNDLE_NESTING_MAX)
            return bundle_read_index(reader, child, names, depth + 1, error);
    }
    return error_set(error, ERROR_NOT_FOUND, ENOENT, "the image has no variant for linux/%s",
                     reader->request->architecture);
}

/*** The rest of an index. ***/

typedef struct BundleRest {
    BundleReader *reader;
    OciDescriptors others;
} BundleRest;

static int bundle_read_part(void *context, const OciDescriptor *at, Arena *arena, char **ret_text,
                            size_t *ret_size, Error *error)
{
    const BundleRest *rest = context;
    BundleReader reader = *rest->reader;
    const char *text = NULL;
    reader.arena = arena;
    int r = bundle_read_document(&reader, at, &text, ret_size, error);
    if (r == 0)
        *ret_text = (char *)text;
    return r;
}

/* Is it there, in its size? Its digest is computed when it is taken. */
static int bundle_note_blob(void *context, const OciDescriptor *blob, Error *error)
{
    BundleRest *rest = context;
    Arena *arena = rest->reader->arena;
    struct stat st;
    const char *path = arena_printf(arena, "blobs/sha256/%s", oci_digest_hex(blob->digest));
    int fd CLEANUP(fd_closep) = bundle_open(rest->reader->request->dir_fd, path, error);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || st.st_size != blob->size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "%s has not the size promised", path);
    OciDescriptor *at = arena_append(arena, &rest->others.items, &rest->others.count, sizeof(*at));
    *at = (OciDescriptor){ .digest = arena_strdup(arena, blob->digest), .size = blob->size };
    return 0;
}

/* The image that was chosen from the index `at` brings the rest along. A layout that has only a
 * part of it is what docker writes of an image that it has for one platform: that part is taken. */
static void bundle_add_rest(BundleReader *reader, const OciDescriptor *at)
{
    BundleRest rest = { .reader = reader };
    ImageParts parts = { .read = bundle_read_part, .each = bundle_note_blob, .context = &rest };
    BundleImage *image = &reader->bundle.items[reader->bundle.count - 1];
    if (!reader->request->whole || imageparts_walk(&parts, at, NULL) < 0)
        return;
    image->origin = arena_copy(reader->arena, at, sizeof(*at));
    image->others = rest.others;
}

static int bundle_read_layout(BundleReader *reader, Error *error)
{
    char *text;
    size_t size;
    OciIndex index;
    int r = bundle_read_file(reader, "index.json", &text, &size, error);
    if (r == 0)
        r = oci_index_parse(reader->arena, text, size, &index, error);
    if (r < 0)
        return error_wrap(error, "index.json");
    for (size_t i = 0; r == 0 && i < index.manifests.count; i++) {
        const OciDescriptor *at = &index.manifests.items[i];
        StrList names = bundle_descriptor_names(reader, at);
        if (!bundle_select(reader, &names) ||
            (index.manifests.count > 1 && !bundle_platform_fits(reader->request, at->platform)))
            continue;
        OciMediaKind kind = bundle_kind(at);
        if (kind == OCI_MEDIA_INDEX)
            r = bundle_read_index(reader, at, &names, 1, error);
        if (r == 0 && kind == OCI_MEDIA_INDEX)
            bundle_add_rest(reader, at);
        else if (kind == OCI_MEDIA_MANIFEST)
            r = bundle_read_manifest(reader, at, &names, error);
        if (r < 0 && names.count > 0)
            r = error_wrap(error, "%s", names.items[0]);
    }
    return r;
}

/*** docker archives. ***/

static int bundle_read_docker_image(BundleReader *reader, const OciArchiveImage *from, Error *error)
{
    BundleImage image = { 0 };
    for (size_t i = 0; i < from->repo_tags.count; i++)
        bundle_add_name(reader, &image.names, from->repo_tags.items[i]);
    if (!bundle_select(reader, &image.names))
        return 0;
    char *text, digest[DIGEST_SIZE];
    int r = bundle_read_file(reader, from->config, &text, &image.config_size, error);
    if (r == 0)
        r = oci_image_parse(reader->arena, text, image.config_size, &image.config, error);
    if (r == 0)
        r = digest_of_bytes(text, image.config_size, digest, error);
    if (r < 0)
        return error_wrap(error, "config");
    if (image.config.rootfs.diff_ids.count != from->layers.count)
        return error_set(error, ERROR_CORRUPT, EINVAL,
                         "manifest.json has %zu layers, the config has %zu", from->layers.count,
                         image.config.rootfs.diff_ids.count);
    for (size_t i = 0; i < from->layers.count; i++)
        if (!oci_digest_is_valid(image.config.rootfs.diff_ids.items[i]))
            return error_set(error, ERROR_CORRUPT, EINVAL, "diff id %zu is no sha256 digest",
                             i + 1);
    image.config_text = text;
    image.config_at = (OciDescriptor){
        .media_type = OCI_MEDIA_TYPE_CONFIG,
        .digest = arena_strdup(reader->arena, digest),
        .size = (int64_t)image.config_size,
    };
    image.layer_paths = from->layers;
    return bundle_add(reader, &image, error);
}

static int bundle_read_docker(BundleReader *reader, Error *error)
{
    char *text;
    size_t size;
    OciArchiveImages images;
    Error inner = { 0 };
    int r = bundle_read_file(reader, "manifest.json", &text, &size, &inner);
    if (r == -ENOENT)
        return error_set(error, ERROR_CORRUPT, EINVAL,
                         "neither an OCI image layout nor a docker archive: no oci-layout, no "
                         "manifest.json (a plain root filesystem is taken by `image import`)");
    if (r < 0) {
        if (error)
            *error = inner;
        return r;
    }
    r = oci_archive_parse(reader->arena, text, size, &images, error);
    if (r < 0)
        return error_wrap(error, "manifest.json");
    for (size_t i = 0; r == 0 && i < images.count; i++)
        r = bundle_read_docker_image(reader, &images.items[i], error);
    return r;
}

int bundle_read(const BundleRequest *request, Arena *arena, Bundle *ret_bundle, Error *error)
{
    BundleReader reader = { .request = request, .arena = arena };
    char *text;
    size_t size;
    OciLayout layout;
    Error inner = { 0 };
    int r = bundle_read_file(&reader, "oci-layout", &text, &size, &inner);
    if (r == 0) {
        r = oci_layout_parse(arena, text, size, &layout, error);
        r = r < 0 ? error_wrap(error, "oci-layout") : bundle_read_layout(&reader, error);
    } else if (r == -ENOENT) {
        r = bundle_read_docker(&reader, error);
    } else if (error) {
        *error = inner;
    }
    if (r < 0)
        return r;
    if (reader.bundle.count == 0)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "the archive has no such image");
    *ret_bundle = reader.bundle;
    return 0;
}
