/*
 * Which of an index's images is for a machine. Only Linux is of interest here.
 */
#include "spec/oci_image.h"

bool oci_platform_fits(const OciPlatform *platform, const char *architecture, const char *variant)
{
    return !platform ||
           ((str_empty(platform->os) || str_eq(platform->os, "linux")) &&
            str_eq(platform->architecture, architecture) &&
            (!variant || str_empty(platform->variant) || str_eq(platform->variant, variant)));
}
