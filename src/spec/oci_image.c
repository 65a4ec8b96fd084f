/*
 * The tables of the image documents. Lists are bounded beside their rows. The trap: a document's
 * kind is not in its shape alone: what parses as a manifest may parse as an index too, and then
 * two programs would unpack two different images from one digest.
 */
#include "spec/oci_image.h"

#include <errno.h>

static const JsonLimits oci_limits = { .bytes = OCI_MAX_DOCUMENT_BYTES,
                                       .depth = 32,
                                       .values = 200 * 1000 };

static const Field platform_fields[] = {
    FIELD_STR(OciPlatform, "architecture", architecture, FIELD_REQUIRED),
    FIELD_STR(OciPlatform, "os", os, FIELD_REQUIRED),
    FIELD_STR(OciPlatform, "os.version", os_version, 0),
    FIELD_STRLIST(OciPlatform, "os.features", os_features, 0),
    FIELD_STR(OciPlatform, "variant", variant, 0),
};
static const FieldTable platform_table = FIELD_TABLE(OciPlatform, platform_fields);

static const Field descriptor_fields[] = {
    FIELD_STR(OciDescriptor, "mediaType", media_type, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STR(OciDescriptor, "digest", digest, FIELD_REQUIRED, .check = oci_digest_check),
    FIELD_I64(OciDescriptor, "size", size, FIELD_REQUIRED, FIELD_RANGE(0, INT64_MAX)),
    FIELD_STRLIST(OciDescriptor, "urls", urls, 0),
    FIELD_STRMAP(OciDescriptor, "annotations", annotations, 0),
    FIELD_STR(OciDescriptor, "data", data, 0),
    FIELD_STR(OciDescriptor, "artifactType", artifact_type, 0),
    FIELD_OBJECT(OciDescriptor, "platform", platform, 0, &platform_table),
};
const FieldTable oci_descriptor_table = FIELD_TABLE(OciDescriptor, descriptor_fields);

static const Field index_fields[] = {
    FIELD_I32(OciIndex, "schemaVersion", schema_version, FIELD_REQUIRED, FIELD_RANGE(2, 2)),
    FIELD_STR(OciIndex, "mediaType", media_type, 0),
    FIELD_STR(OciIndex, "artifactType", artifact_type, 0),
    FIELD_LIST(OciIndex, "manifests", manifests, FIELD_REQUIRED, &oci_descriptor_table,
               FIELD_RANGE(0, OCI_MAX_MANIFESTS)),
    FIELD_OBJECT(OciIndex, "subject", subject, 0, &oci_descriptor_table),
    FIELD_STRMAP(OciIndex, "annotations", annotations, 0),
};
const FieldTable oci_index_table = FIELD_TABLE(OciIndex, index_fields);

static const Field manifest_fields[] = {
    FIELD_I32(OciManifest, "schemaVersion", schema_version, FIELD_REQUIRED, FIELD_RANGE(2, 2)),
    FIELD_STR(OciManifest, "mediaType", media_type, 0),
    FIELD_STR(OciManifest, "artifactType", artifact_type, 0),
    FIELD_STRUCT(OciManifest, "config", config, FIELD_REQUIRED, &oci_descriptor_table),
    /* The schema wants at least one, but docker builds images without. */
    FIELD_LIST(OciManifest, "layers", layers, FIELD_REQUIRED, &oci_descriptor_table,
               FIELD_RANGE(0, OCI_MAX_LAYERS)),
    FIELD_OBJECT(OciManifest, "subject", subject, 0, &oci_descriptor_table),
    FIELD_STRMAP(OciManifest, "annotations", annotations, 0),
};
const FieldTable oci_manifest_table = FIELD_TABLE(OciManifest, manifest_fields);

static const Field healthcheck_fields[] = {
    FIELD_STRLIST(OciHealthcheck, "Test", test, 0),
    FIELD_I64(OciHealthcheck, "Interval", interval, 0),
    FIELD_I64(OciHealthcheck, "Timeout", timeout, 0),
    FIELD_I64(OciHealthcheck, "StartPeriod", start_period, 0),
    FIELD_I64(OciHealthcheck, "StartInterval", start_interval, 0),
    FIELD_I32(OciHealthcheck, "Retries", retries, 0),
};
static const FieldTable healthcheck_table = FIELD_TABLE(OciHealthcheck, healthcheck_fields);

static const Field image_config_fields[] = {
    FIELD_STR(OciImageConfig, "User", user, 0),
    FIELD_STRSET(OciImageConfig, "ExposedPorts", exposed_ports, 0),
    FIELD_STRLIST(OciImageConfig, "Env", env, 0),
    FIELD_STRLIST(OciImageConfig, "Entrypoint", entrypoint, 0),
    FIELD_STRLIST(OciImageConfig, "Cmd", cmd, 0),
    FIELD_OBJECT(OciImageConfig, "Healthcheck", healthcheck, 0, &healthcheck_table),
    FIELD_STRSET(OciImageConfig, "Volumes", volumes, 0),
    FIELD_STR(OciImageConfig, "WorkingDir", working_dir, 0),
    FIELD_STRLIST(OciImageConfig, "OnBuild", on_build, 0),
    FIELD_STRMAP(OciImageConfig, "Labels", labels, 0),
    FIELD_STR(OciImageConfig, "StopSignal", stop_signal, 0),
    FIELD_OPT_I32(OciImageConfig, "StopTimeout", stop_timeout, 0),
    FIELD_STRLIST(OciImageConfig, "Shell", shell, 0),
    FIELD_BOOL(OciImageConfig, "ArgsEscaped", args_escaped, 0),
};
const FieldTable oci_image_config_table = FIELD_TABLE(OciImageConfig, image_config_fields);

static const char *const rootfs_types[] = { "layers", NULL };
static const Field rootfs_fields[] = {
    FIELD_STR(OciRootfs, "type", type, FIELD_REQUIRED, .words = rootfs_types),
    FIELD_STRLIST(OciRootfs, "diff_ids", diff_ids, FIELD_ALWAYS, .check = oci_digest_check,
                  FIELD_RANGE(0, OCI_MAX_LAYERS)),
};
static const FieldTable rootfs_table = FIELD_TABLE(OciRootfs, rootfs_fields);

static const Field history_fields[] = {
    FIELD_STR(OciHistory, "created", created, 0),
    FIELD_STR(OciHistory, "created_by", created_by, 0),
    FIELD_STR(OciHistory, "author", author, 0),
    FIELD_STR(OciHistory, "comment", comment, 0),
    FIELD_BOOL(OciHistory, "empty_layer", empty_layer, 0),
};
static const FieldTable history_table = FIELD_TABLE(OciHistory, history_fields);

static const Field image_fields[] = {
    FIELD_STR(OciImage, "created", created, 0),
    FIELD_STR(OciImage, "author", author, 0),
    /* Required by the specification, missing in images of some builders: written always. */
    FIELD_STR(OciImage, "architecture", architecture, FIELD_ALWAYS),
    FIELD_STR(OciImage, "variant", variant, 0),
    FIELD_STR(OciImage, "os", os, FIELD_ALWAYS),
    FIELD_STR(OciImage, "os.version", os_version, 0),
    FIELD_STRLIST(OciImage, "os.features", os_features, 0),
    FIELD_STRUCT(OciImage, "config", config, 0, &oci_image_config_table),
    FIELD_STRUCT(OciImage, "rootfs", rootfs, FIELD_REQUIRED, &rootfs_table),
    FIELD_LIST(OciImage, "history", history, 0, &history_table, FIELD_RANGE(0, OCI_MAX_HISTORY)),
};
const FieldTable oci_image_table = FIELD_DOCUMENT(OciImage, image_fields, &oci_limits);

static const Field layout_fields[] = {
    FIELD_STR(OciLayout, "imageLayoutVersion", image_layout_version, FIELD_REQUIRED),
};
const FieldTable oci_layout_table = FIELD_DOCUMENT(OciLayout, layout_fields, &oci_limits);

int oci_index_parse(Arena *arena, const char *text, size_t size, OciIndex *ret_index, Error *error)
{
    const JsonValue *value;
    int r = json_parse(text, size, &oci_limits, arena, &value, error);
    if (r < 0)
        return r;
    if (json_member(value, "layers") || json_member(value, "config") ||
        json_member(value, "fsLayers"))
        return error_set(error, ERROR_CORRUPT, EINVAL, "an index that is a manifest too");
    OciIndex index;
    r = field_decode(&oci_index_table, value, arena, &index, error);
    if (r < 0)
        return r;
    if (index.media_type && oci_media_kind(index.media_type) != OCI_MEDIA_INDEX)
        return error_set(error, ERROR_CORRUPT, EINVAL, "mediaType: not the type of an index");
    *ret_index = index;
    return 0;
}

int oci_manifest_parse(Arena *arena, const char *text, size_t size, OciManifest *ret_manifest,
                       Error *error)
{
    const JsonValue *value;
    int r = json_parse(text, size, &oci_limits, arena, &value, error);
    if (r < 0)
        return r;
    if (json_member(value, "manifests"))
        return error_set(error, ERROR_CORRUPT, EINVAL, "a manifest that is an index too");
    if (json_member(value, "fsLayers"))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "docker's image manifest version 1 is not supported");
    OciManifest manifest;
    r = field_decode(&oci_manifest_table, value, arena, &manifest, error);
    if (r < 0)
        return r;
    if (manifest.media_type && oci_media_kind(manifest.media_type) != OCI_MEDIA_MANIFEST)
        return error_set(error, ERROR_CORRUPT, EINVAL, "mediaType: not the type of a manifest");
    *ret_manifest = manifest;
    return 0;
}

int oci_image_parse(Arena *arena, const char *text, size_t size, OciImage *ret_image, Error *error)
{
    return field_parse(&oci_image_table, text, size, arena, ret_image, error);
}

int oci_layout_parse(Arena *arena, const char *text, size_t size, OciLayout *ret_layout,
                     Error *error)
{
    OciLayout layout;
    int r = field_parse(&oci_layout_table, text, size, arena, &layout, error);
    if (r < 0)
        return r;
    if (!str_starts(layout.image_layout_version, "1."))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "imageLayoutVersion: only 1.x is supported");
    *ret_layout = layout;
    return 0;
}

int oci_image_check_layers(const OciImage *image, const OciManifest *manifest, Error *error)
{
    if (image->rootfs.diff_ids.count == manifest->layers.count)
        return 0;
    return error_set(error, ERROR_CORRUPT, EINVAL,
                     "the image's config has %zu diff_ids, its manifest %zu layers",
                     image->rootfs.diff_ids.count, manifest->layers.count);
}

void oci_index_encode(const OciIndex *index, bool pretty, StrBuf *text)
{
    field_print(&oci_index_table, index, pretty, text);
}

void oci_manifest_encode(const OciManifest *manifest, bool pretty, StrBuf *text)
{
    field_print(&oci_manifest_table, manifest, pretty, text);
}

void oci_image_encode(const OciImage *image, bool pretty, StrBuf *text)
{
    field_print(&oci_image_table, image, pretty, text);
}
