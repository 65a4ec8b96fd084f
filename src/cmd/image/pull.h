/*
 * Fetching an image: its documents (pull.c), then its layers, several at a time, each unpacked
 * while it still comes (pull_layers.c).
 */
#pragma once

#include "cmd/image/request.h"

/* What the registry has under the name that was asked for. */
typedef struct PullImage {
    OciDescriptor manifest_at;
    const char
        *origin; /* digest of the index that the name stands for; NULL: the manifest itself */
    const char *origin_text, *manifest_text, *config_text;
    size_t origin_size, manifest_size, config_size;
    OciManifest manifest;
    OciImage config;
    OciDescriptors others; /* blobs of the index that are fetched and not unpacked */
} PullImage;

/* Brings all layers and their blobs into the intake. */
int pull_layers(const RequestContext *context, Intake *intake, const PullImage *image, Error *error)
    MUST_CHECK;
