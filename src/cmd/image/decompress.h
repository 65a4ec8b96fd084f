/*
 * What a blob is packed with, and the unpacking of it: gzip, zstd, xz, bzip2, told by the first
 * bytes (as docker does, whatever the media type says; the digest of the result decides).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

typedef enum Compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
    COMPRESSION_XZ,
    COMPRESSION_BZIP2,
} Compression;

enum { DECOMPRESS_MAGIC_SIZE = 6 }; /* bytes that decompress_detect wants to see */

Compression decompress_detect(const void *head, size_t size);
const char *decompress_name(Compression compression); /* "gzip"; "none" */

/* Reads packed data from one descriptor to its end and writes the unpacked to the other. Runs in a
 * process that can do nothing else. A reader that went away (EPIPE) is a success. */
int decompress_stream(Compression compression, int from_fd, int to_fd, Error *error) MUST_CHECK;
