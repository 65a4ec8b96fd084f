/*
 * The check of the image store, for `image check` and as a part of `system check`.
 */
#pragma once

#include "image_session.h"

typedef struct ImageCheckOptions {
    bool repair, deep, quiet;
} ImageCheckOptions;

typedef struct ImageCheckCount {
    size_t findings, repaired;
} ImageCheckCount;

/* Appends one line per finding. */
int image_check_add(const ImageSession *session, const ImageCheckOptions *options, Arena *arena,
                    StrBuf *text, ImageCheckCount *ret_count, Error *error) MUST_CHECK;
