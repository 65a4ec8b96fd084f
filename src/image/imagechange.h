/*
 * Instructions that change an image's config: `image import --change 'CMD ["sh"]'`, in the words of
 * a Containerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR.
 */
#pragma once

#include "base/error.h"
#include "spec/oci_image.h"

/* Applies one instruction; all new memory is in the arena. ERROR_USAGE names what is wrong. */
int imagechange_apply(OciImageConfig *config, const char *instruction, Arena *arena, Error *error)
    MUST_CHECK;
