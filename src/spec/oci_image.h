/*
 * Images as documents: image-spec 1.1 (descriptor, index, manifest, config, layout), docker's
 * schema 2 (the same shapes under other media types, more in the config) and the manifest.json of
 * a docker archive. All of it is hostile input: bounded, and each digest must be well formed
 * before anyone makes a path of it.
 */
#pragma once

#include "base/field.h"

enum {
    OCI_MAX_DOCUMENT_BYTES = 4 * 1024 * 1024, /* distribution-spec: registries' own limit */
    OCI_MAX_LAYERS = 500,
    OCI_MAX_MANIFESTS = 2000, /* in an index */
    OCI_MAX_HISTORY = 5000,
    OCI_DIGEST_HEX = 64,          /* hexadecimal digits of a sha256 */
    OCI_DIGEST_SIZE = 7 + 64 + 1, /* "sha256:", digits, terminator */
};

/* What a media type stands for, in OCI's or docker's words. */
typedef enum OciMediaKind {
    OCI_MEDIA_UNKNOWN,
    OCI_MEDIA_INDEX,
    OCI_MEDIA_MANIFEST,
    OCI_MEDIA_CONFIG,
    OCI_MEDIA_LAYER,
    OCI_MEDIA_EMPTY, /* {} : artifacts' config */
} OciMediaKind;

typedef struct OciMediaType {
    const char *name;
    OciMediaKind kind;
    const char *compression; /* of a layer: "gzip", "zstd"; NULL: a plain tar */
    bool docker;
    bool foreign; /* a layer that registries do not hold; urls say where */
} OciMediaType;

/* The rows of all known media types. An unknown name gives NULL. */
const OciMediaType *oci_media_type(const char *name);
OciMediaKind oci_media_kind(const char *name);
/* For the Accept header: every known index and manifest type, in the order of preference;
 * NULL-terminated and static. */
const char *const *oci_media_accepted(void);

#define OCI_MEDIA_TYPE_INDEX           "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_TYPE_MANIFEST        "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_TYPE_CONFIG          "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_TYPE_LAYER           "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_TYPE_LAYER_GZIP      "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_MEDIA_TYPE_LAYER_ZSTD      "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_MEDIA_TYPE_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_MEDIA_TYPE_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"

/* "sha256:" and 64 lower-case hexadecimal digits: the only form that is accepted anywhere. */
bool oci_digest_is_valid(const char *digest);
const char *oci_digest_hex(const char *digest);  /* of a valid one: the digits */
const char *oci_digest_check(const char *value); /* for a row's .check */

/* descriptor.md, image-index.md#platform */
typedef struct OciPlatform {
    const char *architecture; /* Go's names: "amd64", "arm64" */
    const char *os;
    const char *os_version;
    StrList os_features;
    const char *variant; /* "v7", "v8" */
} OciPlatform;

/* No platform at all fits every machine; `variant` may be NULL: any. */
bool oci_platform_fits(const OciPlatform *platform, const char *architecture, const char *variant);
/* "linux/ARCH", "linux/ARCH/VARIANT" or "ARCH", as people write it. -EINVAL otherwise. */
int oci_platform_parse(const char *text, Arena *arena, OciPlatform *ret_platform) MUST_CHECK;
/* The same backwards: "linux/arm64/v8"; what is missing is "unknown". */
char *oci_platform_text(const OciPlatform *platform, Arena *arena);

typedef struct OciDescriptor {
    const char *media_type;
    const char *digest;
    int64_t size; /* bytes, >= 0 */
    StrList urls;
    StrMap annotations;
    const char *data; /* base64 */
    const char *artifact_type;
    OciPlatform *platform; /* in an index */
} OciDescriptor;
typedef LIST_OF(OciDescriptor) OciDescriptors;

/* A layer that no registry holds: it lies at an address that a stranger chose. */
bool oci_descriptor_is_elsewhere(const OciDescriptor *descriptor);

typedef struct OciIndex {
    int32_t schema_version; /* 2 */
    const char *media_type;
    const char *artifact_type;
    OciDescriptors manifests;
    OciDescriptor *subject;
    StrMap annotations;
} OciIndex;

typedef struct OciManifest {
    int32_t schema_version; /* 2 */
    const char *media_type;
    const char *artifact_type;
    OciDescriptor config;
    OciDescriptors layers; /* the lowest first */
    OciDescriptor *subject;
    StrMap annotations;
} OciManifest;

/* docker's: durations in nanoseconds, 0 means inherit or default */
typedef struct OciHealthcheck {
    StrList test; /* {"NONE"}, {"CMD", args...}, {"CMD-SHELL", command} */
    int64_t interval;
    int64_t timeout;
    int64_t start_period;
    int64_t start_interval;
    int32_t retries;
} OciHealthcheck;

/* What a container of the image gets: config.md#properties, `config`. */
typedef struct OciImageConfig {
    const char *user;
    StrList exposed_ports; /* "80/tcp" */
    StrList env;           /* "NAME=value" */
    StrList entrypoint;
    StrList cmd;
    StrList volumes;
    const char *working_dir;
    StrMap labels;
    const char *stop_signal;
    bool args_escaped;
    /* docker's additions */
    OciHealthcheck *healthcheck;
    OptI32 stop_timeout; /* seconds */
    StrList on_build;
    StrList shell;
} OciImageConfig;

typedef struct OciRootfs {
    const char *type; /* "layers" */
    StrList diff_ids; /* digests of the uncompressed layers, the lowest first */
} OciRootfs;

typedef struct OciHistory {
    const char *created;
    const char *author;
    const char *created_by;
    const char *comment;
    bool empty_layer;
} OciHistory;
typedef LIST_OF(OciHistory) OciHistoryList;

/* The document that a manifest's `config` refers to. */
typedef struct OciImage {
    const char *created; /* RFC 3339 */
    const char *author;
    const char *architecture;
    const char *variant;
    const char *os;
    const char *os_version;
    StrList os_features;
    OciImageConfig config;
    OciRootfs rootfs;
    OciHistoryList history;
} OciImage;

/* The file oci-layout. */
typedef struct OciLayout {
    const char *image_layout_version; /* "1.0.0" */
} OciLayout;

/* One image in a docker archive's manifest.json; paths are inside the archive. */
typedef struct OciArchiveImage {
    const char *config;
    StrList repo_tags;
    StrList layers;
} OciArchiveImage;
typedef LIST_OF(OciArchiveImage) OciArchiveImages;

extern const FieldTable oci_descriptor_table;
extern const FieldTable oci_index_table;
extern const FieldTable oci_manifest_table;
extern const FieldTable oci_image_config_table;
extern const FieldTable oci_image_table;
extern const FieldTable oci_layout_table;
extern const FieldTable oci_archive_image_table;

/*
 * Reading documents: strings live in the arena. An index that also looks like a manifest, or the
 * other way round, is refused (CVE-2021-41190), and so is a mediaType of another kind. media_type
 * stays NULL if the document does not say it; the transport's word then counts.
 */
int oci_index_parse(Arena *arena, const char *text, size_t size, OciIndex *ret_index, Error *error)
    MUST_CHECK;
int oci_manifest_parse(Arena *arena, const char *text, size_t size, OciManifest *ret_manifest,
                       Error *error) MUST_CHECK;
int oci_image_parse(Arena *arena, const char *text, size_t size, OciImage *ret_image, Error *error)
    MUST_CHECK;
int oci_layout_parse(Arena *arena, const char *text, size_t size, OciLayout *ret_layout,
                     Error *error) MUST_CHECK;
int oci_archive_parse(Arena *arena, const char *text, size_t size, OciArchiveImages *ret_images,
                      Error *error) MUST_CHECK;

/* Manifest and config speak of the same layers: as many diff_ids as layers, rootfs.type right. */
int oci_image_check_layers(const OciImage *image, const OciManifest *manifest, Error *error)
    MUST_CHECK;

/* The digest of compact text is what counts, so that nothing may be rewritten once it has one. */
void oci_index_encode(const OciIndex *index, bool pretty, StrBuf *text);
void oci_manifest_encode(const OciManifest *manifest, bool pretty, StrBuf *text);
void oci_image_encode(const OciImage *image, bool pretty, StrBuf *text);
