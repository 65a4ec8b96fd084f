/*
 * An image that is wanted: from the store or from its registry, as a policy says.
 */
#pragma once

#include "image/imagepull.h"

int image_fetch(const ImageStore *store, const ImagePull *pull, ImagePullPolicy policy,
                Arena *arena, ImageAdded *ret_added, Error *error) MUST_CHECK;
