/*
 * `load`: an archive of images, or a directory with an image layout, into the store. The archive is
 * first unpacked as plain files into the intake, by the sandboxed writer, because its documents may
 * come after its layers; blobs are then renamed, not copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/image/bundle.h"
#include "cmd/image/decompress.h"
#include "cmd/image/request.h"
#include "image/reference.h"

enum { LOAD_ENTRIES_MAX = 100 * 1000 }; /* files of an archive of images, not of a layer */

typedef struct Load {
    const RequestContext *context;
    Intake *intake;
    int dir_fd;      /* what the bundle is read from */
    bool take_files; /* it is ours: blobs may be renamed away */
} Load;

/* The archive's files in a work directory of the intake. */
static int load_unpack_archive(Load *load, Error *error)
{
    char name[INTAKE_NAME_SIZE];
    load->dir_fd = intake_make_dir(load->intake, name, error);
    if (load->dir_fd < 0)
        return load->dir_fd;
    LayerJob job = {
        .source_fd = load->context->data_fd,
        .target_fd = load->dir_fd,
        .lower_fd = -1,
        .plain = true,
        .size = UINT64_MAX,
        .save_fd = -1,
        .bytes_max = load->intake->limits.layer_bytes,
        .entries_max = LOAD_ENTRIES_MAX,
    };
    LayerResult result;
    load->take_files = true;
    return layer_unpack(&job, &result, error);
}

static int load_add_blob(Load *load, const char *path, const char *digest, Error *error)
{
    char name[256];
    int dir CLEANUP(fd_closep) = bundle_locate(load->dir_fd, path, name, error);
    if (dir < 0)
        /* Two names of one layer: the first may have taken the file. */
        return intake_has_blob(load->intake, digest) ? 0 : dir;
    IntakeFile file = { .dirfd = dir, .name = name, .take = load->take_files };
    return intake_add_file(load->intake, &file, digest, error);
}

/* Where a layer's bytes are now: in the bundle, or already moved away. */
static int load_open_layer(Load *load, const BundleImage *image, size_t index, Error *error)
{
    int fd = bundle_open(load->dir_fd, image->layer_paths.items[index], error);
    if (fd != -ENOENT || !image->manifest_at.digest)
        return fd;
    const char *digest = image->manifest.layers.items[index].digest;
    if (!intake_has_blob(load->intake, digest))
        return fd;
    return intake_open_blob(load->intake, digest, error);
}

static int load_layer(Load *load, const BundleImage *image, size_t index, LayerResult *ret,
                      Error *error)
{
    const OciDescriptor *at =
        image->manifest_at.digest ? &image->manifest.layers.items[index] : NULL;
    const OciMediaType *type = at ? oci_media_type(at->media_type) : NULL;
    if (at && (!type || type->kind != OCI_MEDIA_LAYER))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "media type %.100s",
                         at->media_type ? at->media_type : "(none)");
    int fd CLEANUP(fd_closep) = load_open_layer(load, image, index, error);
    if (fd < 0)
        return fd;
    IntakeLayer layer = {
        .diff_ids = &image->config.rootfs.diff_ids,
        .index = index,
        .id = image->config_at.digest,
        .source_fd = fd,
        .digest = at ? at->digest : NULL,
        .size = at ? (uint64_t)at->size : UINT64_MAX,
    };
    int r = intake_add_layer(load->intake, &layer, ret, error);
    return r < 0 ? r : load_add_blob(load, image->layer_paths.items[index], ret->digest, error);
}

/* A docker archive has no manifest: this is what it would be. */
static const char *load_layer_media_type(Load *load, const char *digest, Error *error)
{
    char head[DECOMPRESS_MAGIC_SIZE] = { 0 };
    int fd CLEANUP(fd_closep) = intake_open_blob(load->intake, digest, error);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
    switch (n < 0 ? COMPRESSION_NONE : decompress_detect(head, (size_t)n)) {
    case COMPRESSION_GZIP: return OCI_MEDIA_TYPE_LAYER_GZIP;
    case COMPRESSION_ZSTD: return OCI_MEDIA_TYPE_LAYER_ZSTD;
    case COMPRESSION_NONE: return OCI_MEDIA_TYPE_LAYER;
    case COMPRESSION_XZ:
    case COMPRESSION_BZIP2:
    default: return NULL;
    }
}

static int load_note_layer(Load *load, OciManifest *manifest, const LayerResult *result,
                           Error *error)
{
    Arena *arena = load->context->arena;
    const char *type = load_layer_media_type(load, result->digest, error);
    if (!type)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "a layer in a packing that images do not know (only gzip and zstd)");
    OciDescriptor *at =
        arena_append(arena, &manifest->layers.items, &manifest->layers.count, sizeof(*at));
    *at = (OciDescriptor){
        .media_type = type,
        .digest = arena_strdup(arena, result->digest),
        .size = (int64_t)result->size,
    };
    return 0;
}

static int load_documents(Load *load, const BundleImage *image, OciManifest *made,
                          OciDescriptor *ret_manifest, Error *error)
{
    int r = intake_add_bytes(load->intake, image->config_text, image->config_size, NULL, error);
    if (r < 0)
        return r;
    *ret_manifest = image->manifest_at;
    if (image->manifest_at.digest) {
        if (!ret_manifest->media_type)
            ret_manifest->media_type =
                image->manifest.media_type ? image->manifest.media_type : OCI_MEDIA_TYPE_MANIFEST;
        return intake_add_bytes(load->intake, image->manifest_text, image->manifest_size, NULL,
                                error);
    }
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char digest[DIGEST_SIZE];
    made->schema_version = 2;
    made->media_type = OCI_MEDIA_TYPE_MANIFEST;
    made->config = image->config_at;
    oci_manifest_encode(made, false, &text);
    r = intake_add_bytes(load->intake, text.data, text.length, digest, error);
    *ret_manifest = (OciDescriptor){
        .media_type = OCI_MEDIA_TYPE_MANIFEST,
        .digest = arena_strdup(load->context->arena, digest),
        .size = (int64_t)text.length,
    };
    return r;
}

static OciPlatform *load_platform(const Load *load, const OciImage *config)
{
    OciPlatform *platform = arena_alloc(load->context->arena, sizeof(*platform));
    platform->architecture = config->architecture;
    platform->os = config->os;
    platform->variant = config->variant;
    return platform;
}

/* What no unpacking has looked at. */
static int load_verified(Load *load, const OciDescriptor *at, Error *error)
{
    char digest[DIGEST_SIZE];
    const char *path =
        arena_printf(load->context->arena, "blobs/sha256/%s", oci_digest_hex(at->digest));
    if (intake_has_blob(load->intake, at->digest))
        return 0;
    int fd CLEANUP(fd_closep) = bundle_open(load->dir_fd, path, error);
    int r = fd < 0 ? fd : digest_of_file(fd, digest, NULL, error);
    if (r == 0 && !str_eq(digest, at->digest))
        r = error_set(error, ERROR_CORRUPT, EBADMSG, "%s does not hold what its digest promises",
                      path);
    return r < 0 ? r : load_add_blob(load, path, at->digest, error);
}

static int load_image(Load *load, const BundleImage *image, const StrList *names, Error *error)
{
    OciManifest made = { 0 };
    OciDescriptor manifest;
    for (size_t i = 0; i < image->layer_paths.count; i++) {
        LayerResult result;
        int r = load_layer(load, image, i, &result, error);
        if (r == 0 && !image->manifest_at.digest)
            r = load_note_layer(load, &made, &result, error);
        if (r < 0)
            return error_wrap(error, "layer %zu", i + 1);
    }
    int r = load_documents(load, image, &made, &manifest, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < image->others.count; i++) {
        r = load_verified(load, &image->others.items[i], error);
        if (r < 0)
            return r;
    }
    if (image->config.architecture && image->config.os)
        manifest.platform = load_platform(load, &image->config);
    IntakeImage *added = intake_add_image(load->intake, &manifest, names, image->config_at.digest);
    added->origin = image->origin ? image->origin->digest : NULL;
    added->whole = image->origin != NULL;
    return 0;
}

static int load_bundle(Load *load, Error *error)
{
    const RequestContext *context = load->context;
    const Request *request = context->request;
    BundleRequest wanted = {
        .dir_fd = load->dir_fd,
        .architecture = request->architecture,
        .variant = request->variant,
        .whole = request->whole,
        .only = request->only,
    };
    Bundle bundle;
    int r = bundle_read(&wanted, context->arena, &bundle, error);
    if (r < 0)
        return r;
    if (request->names.count > 0 && bundle.count > 1)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "the archive has %zu images: say which one gets the name", bundle.count);
    for (size_t i = 0; r == 0 && i < bundle.count; i++) {
        const BundleImage *image = &bundle.items[i];
        const StrList *names = request->names.count > 0 ? &request->names : &image->names;
        r = load_image(load, image, names, error);
        if (r < 0)
            r = error_wrap(error, "image %s",
                           names->count > 0 ? names->items[0] : image->config_at.digest);
    }
    return r;
}

int load_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    int r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r < 0)
        return r;
    Load load = { .context = context, .intake = &intake, .dir_fd = context->data_fd };
    int archive CLEANUP(fd_closep) = -1;
    if (!context->data_is_dir) {
        r = load_unpack_archive(&load, error);
        archive = r < 0 ? -1 : load.dir_fd;
    }
    if (r == 0)
        r = load_bundle(&load, error);
    if (r == 0)
        r = intake_commit(&intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
