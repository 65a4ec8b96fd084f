/*
 * What a blob is packed with, and the unpacking of it: gzip, zstd, xz, bzip2, told by the first
 * bytes (as docker does, whatever the media type says; the digest of the result decides).
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * How far back a packing may refer, for that much must be kept in memory: 2^N bytes. RFC 8878 wants
 * 8 MiB of everybody, and no image builder goes beyond; `zstd -19` and `xz -6` do not either.
 * 32 MiB (`zstd --ultra -20`, `xz -8`) are the most that leaves the process below 64 MiB; Go's
 * engines take 512.
 */
enum { DECOMPRESS_WINDOW_USUAL = 23, DECOMPRESS_WINDOW_MAX = 25 };
#define DECOMPRESS_NEEDS_WINDOW (-ENOBUFS)

/* What a process needs besides the window, and so the limit on its memory. */
static inline uint64_t decompress_memory(unsigned window_log)
{
    return (1ULL << window_log) + (24ULL << 20);
}

/* Reads packed data from one descriptor to its end and writes the unpacked to the other. Runs in a
 * process that can do nothing else. A reader that went away (EPIPE) is a success.
 * DECOMPRESS_NEEDS_WINDOW for data that refer further back than 2^window_log bytes. */
int decompress_stream(Compression compression, int from_fd, int to_fd, unsigned window_log,
                      Error *error) MUST_CHECK;
