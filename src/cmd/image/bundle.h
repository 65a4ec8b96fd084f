/*
 * The images inside a directory that a stranger wrote: an OCI image layout (image-spec
 * image-layout.md) or an unpacked docker archive (`docker save`). Documents are read, bounded,
 * verified by digest and checked against each other; layers are only named.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "spec/oci_image.h"

/* One image that can be taken. */
typedef struct BundleImage {
    StrList names;             /* whole references; empty if the archive names it not */
    OciDescriptor manifest_at; /* digest and size of the manifest; digest NULL: docker archives have
                                  none, it is to be made */
    const char *manifest_text;
    size_t manifest_size;
    OciManifest manifest;
    OciDescriptor config_at;
    const char *config_text;
    size_t config_size;
    OciImage config;
    StrList layer_paths;         /* in the directory, the lowest first */
    const OciDescriptor *origin; /* of the index it was chosen from; NULL: none */
    OciDescriptors others;       /* of that: all documents and blobs, if the directory has them */
} BundleImage;

typedef struct Bundle {
    BundleImage *items;
    size_t count;
} Bundle;

typedef struct BundleRequest {
    int dir_fd;
    const char *architecture; /* of the platform to choose: "amd64" */
    const char *variant;      /* NULL: any */
    bool whole;               /* with the rest of an index, where all of it is there */
    StrList only;             /* whole references to take; empty: all */
} BundleRequest;

/* ERROR_CORRUPT, or ERROR_NOT_FOUND when nothing fits. Everything lives in the arena. */
int bundle_read(const BundleRequest *request, Arena *arena, Bundle *ret_bundle, Error *error)
    MUST_CHECK;

/* Opens a regular file of the directory for reading; symlinks in it are followed inside it. */
int bundle_open(int dir_fd, const char *path, Error *error) MUST_CHECK;
/* The directory (O_PATH) and name of the regular file itself, behind symlinks: what to rename. */
int bundle_locate(int dir_fd, const char *path, char ret_name[256], Error *error) MUST_CHECK;
