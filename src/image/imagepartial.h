/*
 * Downloads: files "partial/<hex>" of the store, each the beginning of the blob with that digest.
 * Who downloads holds a lock on the file, so that a blob comes once however many want it; a file
 * without a lock was left by a command that was interrupted, and the next one continues it. Nothing
 * in it is believed before the digest of the whole was computed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/imagestore.h"

/* Opens the file for reading and writing, makes it where it is missing, and takes the lock. Returns
 * the descriptor, or -EWOULDBLOCK, without an error, while another process has the lock. */
int imagepartial_open(const ImageStore *store, const char *digest, Error *error) MUST_CHECK;
/* The same file for reading, without a lock: what another one downloads. -ENOENT if it is gone. */
int imagepartial_peek(const ImageStore *store, const char *digest) MUST_CHECK;

/* A second name of the same file, in another directory of the store. 0 or a negative errno. */
int imagepartial_link(const ImageStore *store, const char *digest, int dirfd) MUST_CHECK;

/* It is whole: becomes a blob. The caller has both locks, the store's exclusive one and the file's.
 */
int imagepartial_keep(const ImageStore *store, const char *digest, Error *error) MUST_CHECK;
/* Its content is of no use. The caller has the file's lock. */
void imagepartial_discard(const ImageStore *store, const char *digest);

typedef struct ImagePartialCount {
    uint64_t files, bytes; /* bytes on the disk */
} ImagePartialCount;

/* Those that nobody downloads and that were not written to for so many seconds (0: all): counts
 * them, and removes them if it is asked to. */
int imagepartial_abandoned(const ImageStore *store, uint64_t seconds, bool remove,
                           ImagePartialCount *ret_count, Error *error) MUST_CHECK;
