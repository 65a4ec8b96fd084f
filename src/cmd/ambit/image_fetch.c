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
        *ret_added = (ImageAdded){ .id = image.id,
                                   .manifest_digest = image.manifest_digest,
                                   .origin = image.origin };
    return r;
}

static int image_fetch_newer(const ImageStore *store, const ImagePull *pull, Arena *arena,
                             ImageAdded *ret_added, Error *error)
{
    Image image;
    bool current = true;
    if (imagehelper_resolve(store, pull->reference, arena, &image, NULL) < 0)
        return imagepull_run(store, pull, arena, ret_added, error);
    int r = imagepull_is_current(pull, &image, arena, &current, NULL);
    if (r == 0 && !current && imagepull_run(store, pull, arena, ret_added, NULL) == 0)
        return 0;
    return image_fetch_stored(store, pull->reference, arena, ret_added, error);
}

int image_fetch(const ImageStore *store, const ImagePull *pull, ImagePullPolicy policy,
                Arena *arena, ImageAdded *ret_added, Error *error)
{
    if (policy == IMAGEPULL_NEVER)
        return image_fetch_stored(store, pull->reference, arena, ret_added, error);
    if (policy == IMAGEPULL_MISSING &&
        image_fetch_stored(store, pull->reference, arena, ret_added, NULL) == 0)
        return 0;
    return policy == IMAGEPULL_NEWER ? image_fetch_newer(store, pull, arena, ret_added, error)
                                     : imagepull_run(store, pull, arena, ret_added, error);
}
