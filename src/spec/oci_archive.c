/*
 * The manifest.json of a docker archive (`docker save`): an array with one object per image.
 */
#include "spec/oci_image.h"

static const Field archive_image_fields[] = {
    FIELD_STR(OciArchiveImage, "Config", config, FIELD_REQUIRED | FIELD_NONEMPTY),
    FIELD_STRLIST(OciArchiveImage, "RepoTags", repo_tags, FIELD_ALWAYS),
    FIELD_STRLIST(OciArchiveImage, "Layers", layers, FIELD_ALWAYS, FIELD_RANGE(0, OCI_MAX_LAYERS)),
};
const FieldTable oci_archive_image_table = FIELD_TABLE(OciArchiveImage, archive_image_fields);

static const JsonLimits archive_limits = { .bytes = OCI_MAX_DOCUMENT_BYTES,
                                           .depth = 32,
                                           .values = 200 * 1000 };

int oci_archive_parse(Arena *arena, const char *text, size_t size, OciArchiveImages *ret_images,
                      Error *error)
{
    const JsonValue *value;
    int r = json_parse(text, size, &archive_limits, arena, &value, error);
    if (r < 0)
        return r;
    return field_decode_list(&oci_archive_image_table, value, arena, ret_images, error);
}
