/*
 * docker's document about an image, for `image inspect` and `inspect`.
 */
#pragma once

#include "image_session.h"

/* One object. ERROR_NOT_FOUND when no image has the name. */
int image_inspect_write(const ImageSession *session, const char *word, Arena *arena,
                        JsonWriter *writer, Error *error) MUST_CHECK;
