/*
 * `system df --verbose`: every image, container and volume by itself.
 */
#pragma once

#include "image_session.h"

int df_verbose_print(const ImageSession *session, Arena *arena, StrBuf *text, Error *error)
    MUST_CHECK;
