/*
 * Media types: what a document or blob is. A name without a row is of no use to us; it is the
 * caller's to say so.
 */
#include "spec/oci_image.h"

#define DOCKER "application/vnd.docker."
#define OCI    "application/vnd.oci."

static const OciMediaType media_types[] = {
    { OCI_MEDIA_TYPE_INDEX, OCI_MEDIA_INDEX, NULL, false, false },
    { OCI_MEDIA_TYPE_MANIFEST, OCI_MEDIA_MANIFEST, NULL, false, false },
    { OCI_MEDIA_TYPE_DOCKER_LIST, OCI_MEDIA_INDEX, NULL, true, false },
    { OCI_MEDIA_TYPE_DOCKER_MANIFEST, OCI_MEDIA_MANIFEST, NULL, true, false },
    { OCI_MEDIA_TYPE_CONFIG, OCI_MEDIA_CONFIG, NULL, false, false },
    { OCI_MEDIA_TYPE_DOCKER_CONFIG, OCI_MEDIA_CONFIG, NULL, true, false },
    { OCI "empty.v1+json", OCI_MEDIA_EMPTY, NULL, false, false },
    { OCI_MEDIA_TYPE_LAYER, OCI_MEDIA_LAYER, NULL, false, false },
    { OCI_MEDIA_TYPE_LAYER_GZIP, OCI_MEDIA_LAYER, "gzip", false, false },
    { OCI_MEDIA_TYPE_LAYER_ZSTD, OCI_MEDIA_LAYER, "zstd", false, false },
    { OCI "image.layer.nondistributable.v1.tar", OCI_MEDIA_LAYER, NULL, false, true },
    { OCI "image.layer.nondistributable.v1.tar+gzip", OCI_MEDIA_LAYER, "gzip", false, true },
    { OCI "image.layer.nondistributable.v1.tar+zstd", OCI_MEDIA_LAYER, "zstd", false, true },
    { DOCKER "image.rootfs.diff.tar", OCI_MEDIA_LAYER, NULL, true, false },
    { DOCKER "image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER, "gzip", true, false },
    { DOCKER "image.rootfs.diff.tar.zstd", OCI_MEDIA_LAYER, "zstd", true, false },
    { DOCKER "image.rootfs.foreign.diff.tar", OCI_MEDIA_LAYER, NULL, true, true },
    { DOCKER "image.rootfs.foreign.diff.tar.gzip", OCI_MEDIA_LAYER, "gzip", true, true },
};

const OciMediaType *oci_media_type(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(media_types); i++)
        if (str_eq(media_types[i].name, name))
            return &media_types[i];
    return NULL;
}

OciMediaKind oci_media_kind(const char *name)
{
    const OciMediaType *type = oci_media_type(name);
    return type ? type->kind : OCI_MEDIA_UNKNOWN;
}

bool oci_descriptor_is_elsewhere(const OciDescriptor *descriptor)
{
    const OciMediaType *type = oci_media_type(descriptor->media_type);
    return descriptor->urls.count > 0 && type && type->foreign;
}

const char *const *oci_media_accepted(void)
{
    static const char *const accepted[] = {
        OCI_MEDIA_TYPE_INDEX,
        OCI_MEDIA_TYPE_DOCKER_LIST,
        OCI_MEDIA_TYPE_MANIFEST,
        OCI_MEDIA_TYPE_DOCKER_MANIFEST,
        NULL,
    };
    return accepted;
}
