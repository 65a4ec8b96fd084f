/*
 * One packed tar stream becomes a directory, in one pass and bounded memory:
 *
 *     source -> [hash] -> decompressor -> [hash] -> writer -> files
 *
 * The hashes are computed in this process, which parses nothing; decompressor and writer are
 * sandboxed children (sandbox.h). Nothing is believed before the digests have been compared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/image/digest.h"
#include "cmd/image/treedir.h"

typedef struct LayerJob {
    int source_fd; /* a file or pipe, at its beginning */
    int follow_fd; /* the file still grows: a byte comes here whenever it did, and the end of the
                      stream when it is whole. 0 or -1: it is */
    int target_fd; /* an empty directory */
    int lower_fd;  /* TreeOptions.lower_fd */
    bool has_lower;
    bool plain;
    bool narrow; /* others run beside: DECOMPRESS_NEEDS_WINDOW beyond DECOMPRESS_WINDOW_USUAL */
    const char *digest;  /* what the packed stream must be; NULL: anything */
    const char *diff_id; /* what the tar inside must be; NULL: anything */
    uint64_t size;       /* of the packed stream; UINT64_MAX: any */
    int save_fd;         /* a blob is written here: the packed stream, or the tar inside if the
                            packing is none that an image may have (xz, bzip2). -1: nothing */
    uint64_t bytes_max;  /* bound on the tar inside */
    uint64_t entries_max;
} LayerJob;

typedef struct LayerResult {
    char digest[DIGEST_SIZE];
    char diff_id[DIGEST_SIZE];
    uint64_t size;           /* packed */
    uint64_t unpacked_bytes; /* of the tar */
    bool repacked;           /* the saved blob is the tar inside: diff_id, unpacked_bytes */
    const char *compression; /* decompress_name */
    TreeCounts counts;
} LayerResult;

/* -EREMOTE (TREEDIR_NEEDS_LOWER) when the layers below are needed: empty the target and come again
 * with lower_fd. On any failure the target's content is undefined. */
int layer_unpack(const LayerJob *job, LayerResult *ret_result, Error *error) MUST_CHECK;
