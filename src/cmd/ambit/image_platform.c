/*
 * The words of the image-spec (Go's names of architectures); others are the helper's to refuse.
 */
#include "image_platform.h"

#include <errno.h>

int image_platform_options(const char *platform, Arena *arena, StrList *options, Error *error)
{
    if (!platform)
        return 0;
    StrList parts = strlist_split(arena, platform, '/');
    if (parts.count == 1) {
        strlist_append(arena, options, "--architecture");
        strlist_append(arena, options, platform);
        return 0;
    }
    if (parts.count > 3 || !str_eq(parts.items[0], "linux"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--platform: expected linux/ARCH[/VARIANT], found '%s'", platform);
    strlist_append(arena, options, "--architecture");
    strlist_append(arena, options, parts.items[1]);
    if (parts.count == 3) {
        strlist_append(arena, options, "--variant");
        strlist_append(arena, options, parts.items[2]);
    }
    return 0;
}
