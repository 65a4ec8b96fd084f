/*
 * Base64 with padding: RFC 4648, section 4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

char *base64_encode(const void *data, size_t size, Arena *arena);
/* A terminator follows what was decoded. -EINVAL for anything but whole, padded groups. */
int base64_decode(const char *text, Arena *arena, char **ret_data, size_t *ret_size) MUST_CHECK;
