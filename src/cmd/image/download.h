/*
 * One blob on its way from ambit-registry into "partial" of the store: continued where an earlier
 * download broke, hashed as it comes, on the disk before anybody reads it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cmd/image/digest.h"
#include "image/imagestore.h"

typedef struct Download {
    const ImageStore *store;
    const char *digest;
    int64_t size;
    int file_fd;     /* with its lock; -1: not opened */
    int pipe_fd;     /* what comes; -1: nothing is on its way */
    int32_t id;      /* of the request to ambit-registry */
    int64_t have;    /* bytes in the file, all of them hashed */
    int64_t resumed; /* of these: found there */
    unsigned tries;
    Digest hash;
    char *buffer;
} Download;

#define DOWNLOAD_NONE ((Download){ .file_fd = -1, .pipe_fd = -1 })

/* Opens the file and hashes what is there. Returns -EWOULDBLOCK, without an error, while another
 * process downloads the blob. `digest` lives in an arena. */
int download_open(Download *download, const ImageStore *store, const char *digest, int64_t size,
                  Error *error) MUST_CHECK;
void download_done(Download *download);

static inline bool download_is_whole(const Download *download)
{
    return download->have == download->size;
}

/* Asks for what is missing. */
int download_begin(Download *download, int socket, int32_t id, Error *error) MUST_CHECK;
/* Takes what is there (waits if nothing is): 1, or 0 at the end of the stream. */
int download_take(Download *download, Error *error) MUST_CHECK;
/* The digest of a whole one. -EBADMSG: wrong, and the file is gone; if it had been continued, what
 * was there may have been the damaged part. */
int download_verify(Download *download, Error *error) MUST_CHECK;
