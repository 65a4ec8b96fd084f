/*
 * Which images a command is about: the --filter words that `image prune`, `system prune` and
 * `images` have in common, in docker's language.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/image.h"

typedef struct ImageFilter {
    StrList labels;     /* "KEY" or "KEY=VALUE": every one must fit */
    StrList not_labels; /* none may fit */
    int64_t until;      /* seconds since 1970: made before; 0: any */
} ImageFilter;

/* Does the image have the label KEY, or KEY=VALUE? */
bool imagefilter_has_label(const Image *image, const char *wanted);

/* "label=...", "label!=...", "until=TIME": a time like 2024-05-01T10:00:00Z, seconds since 1970, or
 * a duration before `now` ("24h", "10m"). ERROR_USAGE otherwise. */
int imagefilter_add(ImageFilter *filter, const char *word, int64_t now, Arena *arena, Error *error)
    MUST_CHECK;
bool imagefilter_fits(const ImageFilter *filter, const Image *image);
