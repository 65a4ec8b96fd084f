/*
 * `import`: the tar of a root filesystem becomes an image with one layer. The stream is hashed,
 * saved as the image's blob and unpacked in one pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cmd/image/request.h"

typedef struct ImportBlob {
    char digest[DIGEST_SIZE];
    uint64_t size;
    const char *media_type;
} ImportBlob;

static int import_layer(const RequestContext *context, Intake *intake, LayerResult *ret_result,
                        ImportBlob *ret_blob, Error *error)
{
    char tree_name[INTAKE_NAME_SIZE], blob_name[INTAKE_NAME_SIZE];
    int tree CLEANUP(fd_closep) = intake_make_dir(intake, tree_name, error);
    int blob CLEANUP(fd_closep) = tree < 0 ? -1 : intake_make_file(intake, blob_name, error);
    if (blob < 0)
        return tree < 0 ? tree : blob;
    LayerJob job = {
        .source_fd = context->data_fd,
        .target_fd = tree,
        .lower_fd = -1,
        .size = UINT64_MAX,
        .save_fd = blob,
        .bytes_max = intake->limits.layer_bytes,
        .entries_max = intake->limits.layer_entries,
    };
    int r = layer_unpack(&job, ret_result, error);
    if (r < 0)
        return r;
    if (ret_result->counts.entries == 0)
        return error_set(error, ERROR_CORRUPT, ENODATA, "the archive is empty");

    *ret_blob = (ImportBlob){ .size = ret_result->size, .media_type = OCI_MEDIA_TYPE_LAYER };
    memcpy(ret_blob->digest, ret_result->digest, DIGEST_SIZE);
    if (ret_result->repacked) {
        ret_blob->size = ret_result->unpacked_bytes;
        memcpy(ret_blob->digest, ret_result->diff_id, DIGEST_SIZE);
    } else if (str_eq(ret_result->compression, "gzip")) {
        ret_blob->media_type = OCI_MEDIA_TYPE_LAYER_GZIP;
    } else if (str_eq(ret_result->compression, "zstd")) {
        ret_blob->media_type = OCI_MEDIA_TYPE_LAYER_ZSTD;
    }
    IntakeFile file = { .dirfd = intake->fd, .name = blob_name, .take = true };
    r = intake_add_file(intake, &file, ret_blob->digest, error);
    return r < 0 ? r : intake_adopt_layer(intake, tree_name, ret_result, error);
}

/* The config document: what the person asked for, and what history is to say. */
static int import_config(const RequestContext *context, const char *diff_id, StrBuf *ret_text,
                         OciPlatform *ret_platform, Error *error)
{
    const Request *request = context->request;
    OciImage image = {
        .created = request->created,
        .architecture = request->architecture,
        .variant = request->variant,
        .os = "linux",
        .rootfs.type = "layers",
    };
    if (request->config) {
        int r = field_parse(&oci_image_config_table, request->config, strlen(request->config),
                            context->arena, &image.config, error);
        if (r < 0)
            return error_wrap(error, "--config");
    }
    OciHistory history = {
        .created = request->created,
        .created_by = "ambit image import",
        .comment = request->message,
    };
    image.history.items = &history;
    image.history.count = 1;
    strlist_append(context->arena, &image.rootfs.diff_ids, diff_id);
    oci_image_encode(&image, false, ret_text);
    *ret_platform = (OciPlatform){ .architecture = image.architecture,
                                   .os = image.os,
                                   .variant = image.variant };
    return 0;
}

static int import_documents(const RequestContext *context, Intake *intake,
                            const LayerResult *result, const ImportBlob *blob, Error *error)
{
    StrBuf config CLEANUP(strbuf_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    char config_digest[DIGEST_SIZE], manifest_digest[DIGEST_SIZE];
    OciPlatform *platform = arena_alloc(context->arena, sizeof(*platform));
    int r = import_config(context, result->diff_id, &config, platform, error);
    if (r == 0)
        r = intake_add_bytes(intake, config.data, config.length, config_digest, error);
    if (r < 0)
        return r;
    OciDescriptor layer = { .media_type = blob->media_type,
                            .digest = blob->digest,
                            .size = (int64_t)blob->size };
    OciManifest manifest = {
        .schema_version = 2,
        .media_type = OCI_MEDIA_TYPE_MANIFEST,
        .config = { .media_type = OCI_MEDIA_TYPE_CONFIG,
                    .digest = config_digest,
                    .size = (int64_t)config.length },
        .layers = { &layer, 1 },
    };
    oci_manifest_encode(&manifest, false, &text);
    r = intake_add_bytes(intake, text.data, text.length, manifest_digest, error);
    if (r < 0)
        return r;
    OciDescriptor at = {
        .media_type = OCI_MEDIA_TYPE_MANIFEST,
        .digest = arena_strdup(context->arena, manifest_digest),
        .size = (int64_t)text.length,
        .platform = platform,
    };
    intake_add_image(intake, &at, &context->request->names,
                     arena_strdup(context->arena, config_digest));
    return 0;
}

int import_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    LayerResult result;
    ImportBlob blob;
    if (context->data_is_dir)
        return error_set(error, ERROR_USAGE, EISDIR, "import takes a tar archive, not a directory");
    int r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r == 0)
        r = import_layer(context, &intake, &result, &blob, error);
    if (r == 0)
        r = import_documents(context, &intake, &result, &blob, error);
    if (r == 0)
        r = intake_commit(&intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
