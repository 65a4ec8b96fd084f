/*
 * The blob is what came, packed or not; only packings that images do not know (xz, bzip2) are
 * replaced by the tar inside.
 */
#include "cmd/image/stream.h"

#include <string.h>

#include "base/fd.h"
#include "base/str.h"

static void stream_describe(StreamLayer *layer)
{
    const LayerResult *result = &layer->result;
    layer->size = result->size;
    layer->media_type = OCI_MEDIA_TYPE_LAYER;
    memcpy(layer->digest, result->digest, DIGEST_SIZE);
    if (result->repacked) {
        layer->size = result->unpacked_bytes;
        memcpy(layer->digest, result->diff_id, DIGEST_SIZE);
    } else if (str_eq(result->compression, "gzip")) {
        layer->media_type = OCI_MEDIA_TYPE_LAYER_GZIP;
    } else if (str_eq(result->compression, "zstd")) {
        layer->media_type = OCI_MEDIA_TYPE_LAYER_ZSTD;
    }
}

int stream_take(Intake *intake, int source_fd, StreamLayer *ret_layer, Error *error)
{
    char tree_name[INTAKE_NAME_SIZE], blob_name[INTAKE_NAME_SIZE];
    int tree CLEANUP(fd_closep) = intake_make_dir(intake, tree_name, error);
    int blob CLEANUP(fd_closep) = tree < 0 ? -1 : intake_make_file(intake, blob_name, error);
    if (blob < 0)
        return tree < 0 ? tree : blob;
    LayerJob job = {
        .source_fd = source_fd,
        .target_fd = tree,
        .lower_fd = -1,
        .size = UINT64_MAX,
        .save_fd = blob,
        .bytes_max = intake->limits.layer_bytes,
        .entries_max = intake->limits.layer_entries,
    };
    int r = layer_unpack(&job, &ret_layer->result, error);
    if (r < 0)
        return r;
    stream_describe(ret_layer);
    IntakeFile file = { .dirfd = intake->fd, .name = blob_name, .take = true };
    r = intake_add_file(intake, &file, ret_layer->digest, error);
    return r < 0 ? r : intake_adopt_layer(intake, tree_name, &ret_layer->result, error);
}

static OciPlatform *stream_platform(const OciImage *image, Arena *arena)
{
    OciPlatform *platform = arena_alloc(arena, sizeof(*platform));
    platform->architecture = image->architecture;
    platform->os = image->os;
    platform->variant = image->variant;
    return platform;
}

int stream_add_image(Intake *intake, const OciImage *image, const OciDescriptors *below,
                     const StreamLayer *layer, const StrList *names, Error *error)
{
    StrBuf config CLEANUP(strbuf_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char config_digest[DIGEST_SIZE], manifest_digest[DIGEST_SIZE];
    oci_image_encode(image, false, &config);
    int r = intake_add_bytes(intake, config.data, config.length, config_digest, error);
    if (r < 0)
        return r;
    OciManifest manifest = {
        .schema_version = 2,
        .media_type = OCI_MEDIA_TYPE_MANIFEST,
        .config = { .media_type = OCI_MEDIA_TYPE_CONFIG,
                    .digest = config_digest,
                    .size = (int64_t)config.length },
    };
    OciDescriptors *layers = &manifest.layers;
    for (size_t i = 0; below && i < below->count; i++)
        *(OciDescriptor *)arena_append(intake->arena, &layers->items, &layers->count,
                                       sizeof(OciDescriptor)) = below->items[i];
    *(OciDescriptor *)arena_append(intake->arena, &layers->items, &layers->count,
                                   sizeof(OciDescriptor)) = (OciDescriptor){
        .media_type = layer->media_type, .digest = layer->digest, .size = (int64_t)layer->size
    };
    oci_manifest_encode(&manifest, false, &text);
    r = intake_add_bytes(intake, text.data, text.length, manifest_digest, error);
    if (r < 0)
        return r;
    OciDescriptor at = {
        .media_type = OCI_MEDIA_TYPE_MANIFEST,
        .digest = arena_strdup(intake->arena, manifest_digest),
        .size = (int64_t)text.length,
        .platform = stream_platform(image, intake->arena),
    };
    intake_add_image(intake, &at, names, arena_strdup(intake->arena, config_digest));
    return 0;
}
