/*
 * The words of the image-spec (Go's names of architectures); others are the helper's to refuse.
 */
#include "image_platform.h"

#include <errno.h>

#include "image/imagehelper.h"

int image_platform_options(const char *platform, Arena *arena, StrList *options, Error *error)
{
    if (!platform)
        return 0;
    OciPlatform parsed;
    if (oci_platform_parse(platform, arena, &parsed) < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--platform: expected linux/ARCH[/VARIANT], found '%s'", platform);
    imagehelper_say_platform(&parsed, arena, options);
    return 0;
}
