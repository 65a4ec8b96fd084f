/*
 * UTF-8, strictly (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The length in bytes (1 to 4) of the character at s, 0 if there is no valid one. The text needs a
 * terminator, which counts as a character of one byte; nothing behind it is read.
 */
size_t utf8_length(const char *s);

/* Writes a character (at most U+10FFFF, no surrogate) in 1 to 4 bytes; returns how many. */
size_t utf8_put(char out[4], uint32_t character);
