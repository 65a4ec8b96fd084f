/*
 * Strict: no line breaks, no missing padding; whoever writes these files pads.
 */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t size, Arena *arena)
{
    const unsigned char *from = data;
    char *text = arena_alloc(arena, (size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < size; i += 3) {
        size_t rest = size - i;
        uint32_t group = (uint32_t)from[i] << 16;
        group |= rest > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        group |= rest > 2 ? from[i + 2] : 0;
        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63];
        *to++ = rest > 1 ? base64_digits[group >> 6 & 63] : '=';
        *to++ = rest > 2 ? base64_digits[group & 63] : '=';
    }
    return text;
}

int base64_decode(const char *text, Arena *arena, char **ret_data, size_t *ret_size)
{
    size_t length = strlen(text), size = 0;
    if (length % 4 != 0)
        return -EINVAL;
    char *data = arena_alloc(arena, length / 4 * 3 + 1);
    for (size_t i = 0; i < length; i += 4) {
        bool last = i + 4 == length;
        size_t padding = last ? (size_t)(text[i + 3] == '=') + (text[i + 2] == '=') : 0;
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *digit =
                k < 4 - padding ? strchr(base64_digits, text[i + k]) : base64_digits;
            if (!digit)
                return -EINVAL;
            group = group << 6 | (uint32_t)(digit - base64_digits);
        }
        for (size_t k = 0; k < 3 - padding; k++)
            data[size++] = (char)(group >> (16 - 8 * k) & 0xff);
    }
    *ret_data = data;
    *ret_size = size;
    return 0;
}
