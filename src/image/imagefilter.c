/*
 * Words become facts once, so that a wrong one is told before anything is removed.
 */
#include "image/imagefilter.h"

#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "base/str.h"

bool imagefilter_has_label(const Image *image, const char *wanted)
{
    const StrMap *labels = &image->config.config.labels;
    for (size_t i = 0; i < labels->count; i++) {
        size_t length = strlen(labels->items[i].key);
        if (strncmp(labels->items[i].key, wanted, length) == 0 &&
            (!wanted[length] ||
             (wanted[length] == '=' && str_eq(labels->items[i].value, wanted + length + 1))))
            return true;
    }
    return false;
}

static int imagefilter_until(const char *text, int64_t now, int64_t *ret_until)
{
    uint64_t duration_ms, seconds;
    if (duration_parse(text, &duration_ms) == 0)
        *ret_until = now - (int64_t)(duration_ms / 1000);
    else if (str_to_u64(text, &seconds) == 0 && seconds > 0 && seconds < (1ULL << 40))
        *ret_until = (int64_t)seconds;
    else
        *ret_until = image_time(text);
    return *ret_until > 0 ? 0 : -EINVAL;
}

int imagefilter_add(ImageFilter *filter, const char *word, int64_t now, Arena *arena, Error *error)
{
    if (str_starts(word, "label=")) {
        strlist_append(arena, &filter->labels, word + strlen("label="));
        return 0;
    }
    if (str_starts(word, "label!=")) {
        strlist_append(arena, &filter->not_labels, word + strlen("label!="));
        return 0;
    }
    if (str_starts(word, "until=") &&
        imagefilter_until(word + strlen("until="), now, &filter->until) == 0)
        return 0;
    return error_set(error, ERROR_USAGE, EINVAL,
                     "--filter: '%.200s' is none of label=KEY[=VALUE], label!=KEY[=VALUE], "
                     "until=24h or until=2024-05-01T10:00:00Z",
                     word);
}

bool imagefilter_fits(const ImageFilter *filter, const Image *image)
{
    if (filter->until && image_time(image->config.created) >= filter->until)
        return false;
    for (size_t i = 0; i < filter->labels.count; i++)
        if (!imagefilter_has_label(image, filter->labels.items[i]))
            return false;
    for (size_t i = 0; i < filter->not_labels.count; i++)
        if (imagefilter_has_label(image, filter->not_labels.items[i]))
            return false;
    return true;
}
