/*
 * SHA-256 digests as images write them: "sha256:" and 64 hexadecimal digits.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DIGEST_SIZE = 7 + 64 + 1 };

typedef struct Digest {
    struct evp_md_ctx_st *context;
} Digest;

int digest_init(Digest *digest, Error *error) MUST_CHECK;
void digest_add(Digest *digest, const void *data, size_t size);
/* The text; the digest is empty afterwards. */
void digest_finish(Digest *digest, char ret_text[DIGEST_SIZE]);
void digest_done(Digest *digest);

int digest_of_bytes(const void *data, size_t size, char ret_text[DIGEST_SIZE], Error *error)
    MUST_CHECK;
/* Reads from the descriptor's current position to the end. */
int digest_of_file(int fd, char ret_text[DIGEST_SIZE], uint64_t *ret_size, Error *error) MUST_CHECK;
