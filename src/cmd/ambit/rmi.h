/*
 * Removing unused images: what `image prune` and `system prune` have in common.
 */
#pragma once

#include "image_session.h"

/* Removes, and tells in `text` what; *ret_bytes were freed. request->use is filled in here. */
int rmi_prune(const ImageSession *session, const ImagePruneRequest *request, Arena *arena,
              StrBuf *text, uint64_t *ret_bytes, Error *error) MUST_CHECK;
/* The words of --filter. */
int rmi_filter(const StrList *words, Arena *arena, ImageFilter *ret_filter, Error *error)
    MUST_CHECK;
