/*
 * A thin layer over OpenSSL's EVP, which uses the processor's SHA instructions where there are any.
 * A failure inside OpenSSL after the context exists means that memory is gone: the program ends, as
 * base/mem does.
 */
#include "cmd/image/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum { DIGEST_BLOCK = 256 * 1024 };

int digest_init(Digest *digest, Error *error)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return error_set(error, ERROR_SYSTEM, ENOMEM, "SHA-256 is not available");
    }
    digest->context = context;
    return 0;
}

void digest_add(Digest *digest, const void *data, size_t size)
{
    if (EVP_DigestUpdate(digest->context, data, size) != 1)
        abort();
}

void digest_finish(Digest *digest, char ret_text[DIGEST_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(digest->context, bytes, &size) != 1 || size != 32)
        abort();
    digest_done(digest);
    (void)snprintf(ret_text, DIGEST_SIZE, "sha256:");
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(ret_text + 7 + 2 * i, 3, "%02x", bytes[i]);
}

void digest_done(Digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}

int digest_of_bytes(const void *data, size_t size, char ret_text[DIGEST_SIZE], Error *error)
{
    Digest digest CLEANUP(digest_done) = { 0 };
    int r = digest_init(&digest, error);
    if (r < 0)
        return r;
    digest_add(&digest, data, size);
    digest_finish(&digest, ret_text);
    return 0;
}

int digest_of_file(int fd, char ret_text[DIGEST_SIZE], uint64_t *ret_size, Error *error)
{
    Digest digest CLEANUP(digest_done) = { 0 };
    char *buffer CLEANUP(mem_freep) = mem_alloc(DIGEST_BLOCK);
    uint64_t size = 0;
    int r = digest_init(&digest, error);
    if (r < 0)
        return r;
    for (;;) {
        ssize_t n = fd_read(fd, buffer, DIGEST_BLOCK);
        if (n < 0)
            return error_errno(error, (int)n, "read");
        if (n == 0)
            break;
        digest_add(&digest, buffer, (size_t)n);
        size += (uint64_t)n;
    }
    digest_finish(&digest, ret_text);
    if (ret_size)
        *ret_size = size;
    return 0;
}
