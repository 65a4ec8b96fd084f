/*
 * Fetching an image from its registry: ambit-registry fetches, ambit-image verifies and unpacks,
 * and we look on.
 */
#pragma once

#include "image/imagehelper.h"
#include "image/registrycall.h"

/* When to ask the registry. */
typedef enum ImagePullPolicy {
    IMAGEPULL_MISSING, /* if the image is not stored */
    IMAGEPULL_ALWAYS,
    IMAGEPULL_NEVER,
    IMAGEPULL_NEWER, /* if the registry has another one than is stored; a registry that does not
                        answer is no error then */
} ImagePullPolicy;
extern const char *const imagepull_policies[]; /* the words, in this order; NULL-terminated */

typedef struct ImagePull {
    const char *reference;
    RegistryOpen access; /* how to reach it; domain and repository are filled in */
    StrList options;     /* of ambit-image: the platform */
    bool whole;          /* with the images for all other platforms */
    void (*on_event)(void *context, const JsonValue *event);
    void *event_context;
} ImagePull;

/* Has the registry, under this name, what is stored as `image`? Asks for the digest only. Where it
 * cannot be told without fetching the answer is no. */
int imagepull_is_current(const ImagePull *pull, const Image *image, Arena *arena, bool *ret_current,
                         Error *error) MUST_CHECK;

/* Fetches it, whether it is stored or not. */
int imagepull_run(const ImageStore *store, const ImagePull *pull, Arena *arena,
                  ImageAdded *ret_added, Error *error) MUST_CHECK;
