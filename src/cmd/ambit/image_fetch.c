/*
 * The image `base` comes with the program (imagehelper_resolve knows it) and, whatever the policy,
 * from no registry: what somebody there called library/base is not it.
 */
#include "image_fetch.h"

#include <errno.h>
#include <string.h>

#include "image/shortname.h"

static ImageAdded image_fetch_added(const Image *image)
{
    return (ImageAdded){ .id = image->id,
                         .manifest_digest = image->manifest_digest,
                         .origin = image->origin };
}

static int image_fetch_stored(const ImageStore *store, const char *reference, Arena *arena,
                              ImageAdded *ret_added, Error *error)
{
    Image image;
    int r = imagehelper_resolve(store, reference, arena, &image, error);
    if (r == 0)
        *ret_added = image_fetch_added(&image);
    return r;
}

/* Stored, and with what else is wanted of it? A name that leads to no index has nothing else. */
static bool image_fetch_is_stored(const ImageStore *store, const ImagePull *pull, Arena *arena)
{
    Image image;
    return imagehelper_resolve(store, pull->reference, arena, &image, NULL) == 0 &&
           (!pull->whole || image.whole || !image.origin);
}

/* A name that is stored as docker's stays docker's; else it is what podman's configuration says. */
static int image_fetch_names(const ImageStore *store, const char *text, Arena *arena,
                             StrList *ret_names, Error *error)
{
    Reference reference;
    Image image;
    if (reference_parse(text, arena, &reference, NULL) < 0 ||
        (image_resolve(store, text, arena, &image, NULL) == 0 &&
         str_eq(image.name, reference_text(&reference, arena)))) {
        strlist_append(arena, ret_names, text);
        return 0;
    }
    return shortname_candidates(text, arena, ret_names, error);
}

/* From the first registry that has it. */
static int image_fetch_pull(const ImageStore *store, const ImagePull *pull, Arena *arena,
                            ImageAdded *ret_added, Error *error)
{
    StrList names = { 0 };
    ImagePull one = *pull;
    int r = image_fetch_names(store, pull->reference, arena, &names, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < names.count; i++) {
        error_clear(error);
        one.reference = names.items[i];
        r = imagepull_run(store, &one, arena, ret_added, error);
        if (r == 0)
            break;
    }
    return r < 0 && names.count > 1
               ? error_wrap(error, "%s: the last of %zu registries", pull->reference, names.count)
               : r;
}

static int image_fetch_newer(const ImageStore *store, const ImagePull *pull, Arena *arena,
                             ImageAdded *ret_added, Error *error)
{
    Image image;
    ImagePull stored = *pull;
    bool current = true;
    if (imagehelper_resolve(store, pull->reference, arena, &image, NULL) < 0)
        return image_fetch_pull(store, pull, arena, ret_added, error);
    if (image.name && !reference_has_domain(pull->reference) && !strchr(pull->reference, '@'))
        stored.reference = image.name;
    int r = imagepull_is_current(&stored, &image, arena, &current, NULL);
    if (r == -EOPNOTSUPP) { /* a registry that does not answer HEAD */
        current = false;
        r = 0;
    }
    if (r == 0 && !current && imagepull_run(store, &stored, arena, ret_added, NULL) == 0)
        return 0;
    return image_fetch_stored(store, pull->reference, arena, ret_added, error);
}

static int image_fetch_base(const ImageStore *store, const ImagePull *pull, Arena *arena,
                            ImageAdded *ret_added, Error *error)
{
    Image image;
    int r = imagehelper_resolve(store, pull->reference, arena, &image, error);
    if (r == 0 && pull->options.count > 0 &&
        !strlist_contains(&pull->options, image.config.architecture))
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "the image base comes with the program, for %s only",
                         image.config.architecture);
    if (r == 0)
        *ret_added = image_fetch_added(&image);
    return r;
}

int image_fetch(const ImageStore *store, const ImagePull *pull, ImagePullPolicy policy,
                Arena *arena, ImageAdded *ret_added, Error *error)
{
    if (imagehelper_is_base(pull->reference, arena))
        return image_fetch_base(store, pull, arena, ret_added, error);
    if (policy == IMAGEPULL_NEVER)
        return image_fetch_stored(store, pull->reference, arena, ret_added, error);
    if (policy == IMAGEPULL_MISSING && image_fetch_is_stored(store, pull, arena) &&
        image_fetch_stored(store, pull->reference, arena, ret_added, NULL) == 0)
        return 0;
    return policy == IMAGEPULL_NEWER ? image_fetch_newer(store, pull, arena, ret_added, error)
                                     : image_fetch_pull(store, pull, arena, ret_added, error);
}
