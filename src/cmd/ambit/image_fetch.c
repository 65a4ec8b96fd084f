/*
 * The image `base` comes with the program and from no registry: imagehelper_resolve knows it.
 */
#include "image_fetch.h"

static int image_fetch_stored(const ImageStore *store, const char *reference, Arena *arena,
                              ImageAdded *ret_added, Error *error)
{
    Image image;
    int r = imagehelper_resolve(store, reference, arena, &image, error);
    if (r == 0)
        *ret_added = (ImageAdded){ .id = image.id, .manifest_digest = image.manifest_digest };
    return r;
}

int image_fetch(const ImageStore *store, const ImagePull *pull, ImagePullPolicy policy,
                Arena *arena, ImageAdded *ret_added, Error *error)
{
    Error passing = { 0 };
    if (policy == IMAGEPULL_NEVER)
        return image_fetch_stored(store, pull->reference, arena, ret_added, error);
    if (policy == IMAGEPULL_MISSING &&
        image_fetch_stored(store, pull->reference, arena, ret_added, NULL) == 0)
        return 0;
    int r = imagepull_run(store, pull, arena, ret_added, &passing);
    if (r == 0 || (policy == IMAGEPULL_NEWER &&
                   image_fetch_stored(store, pull->reference, arena, ret_added, NULL) == 0))
        return 0;
    if (error)
        *error = passing;
    return r;
}
