/*
 * Which of an index's images is for a machine. Only Linux is of interest here.
 */
#include "spec/oci_image.h"

#include <errno.h>

bool oci_platform_fits(const OciPlatform *platform, const char *architecture, const char *variant)
{
    return !platform ||
           ((str_empty(platform->os) || str_eq(platform->os, "linux")) &&
            str_eq(platform->architecture, architecture) &&
            (!variant || str_empty(platform->variant) || str_eq(platform->variant, variant)));
}

int oci_platform_parse(const char *text, Arena *arena, OciPlatform *ret_platform)
{
    StrList parts = strlist_split(arena, text, '/');
    if (parts.count == 1) {
        *ret_platform = (OciPlatform){ .os = "linux", .architecture = parts.items[0] };
        return *parts.items[0] ? 0 : -EINVAL;
    }
    if (parts.count < 2 || parts.count > 3 || !str_eq(parts.items[0], "linux") ||
        !*parts.items[1] || (parts.count == 3 && !*parts.items[2]))
        return -EINVAL;
    *ret_platform = (OciPlatform){
        .os = parts.items[0],
        .architecture = parts.items[1],
        .variant = parts.count == 3 ? parts.items[2] : NULL,
    };
    return 0;
}

char *oci_platform_text(const OciPlatform *platform, Arena *arena)
{
    const char *os = str_empty(platform->os) ? "unknown" : platform->os;
    const char *architecture =
        str_empty(platform->architecture) ? "unknown" : platform->architecture;
    return arena_printf(arena, "%s/%s%s%s", os, architecture,
                        str_empty(platform->variant) ? "" : "/",
                        str_empty(platform->variant) ? "" : platform->variant);
}
