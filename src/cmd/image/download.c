/*
 * The invariant: the hash covers exactly the first `have` bytes of the file.
 */
#include "cmd/image/download.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/imagepartial.h"
#include "image/registrycall.h"

enum { DOWNLOAD_BLOCK = 256 * 1024, DOWNLOAD_PIPE = 1024 * 1024 };

void download_done(Download *download)
{
    fd_closep(&download->file_fd);
    fd_closep(&download->pipe_fd);
    digest_done(&download->hash);
    mem_freep(&download->buffer);
}

/* What an earlier one left. */
static int download_resume(Download *download, Error *error)
{
    for (;;) {
        ssize_t n = fd_read(download->file_fd, download->buffer, DOWNLOAD_BLOCK);
        if (n <= 0)
            return n < 0 ? error_errno(error, (int)n, "read a download") : 0;
        digest_add(&download->hash, download->buffer, (size_t)n);
        download->have += n;
        download->resumed += n;
    }
}

int download_open(Download *download, const ImageStore *store, const char *digest, int64_t size,
                  Error *error)
{
    struct stat st;
    download->store = store;
    download->digest = digest;
    download->size = size;
    download->have = download->resumed = 0;
    download->file_fd = imagepartial_open(store, digest, error);
    if (download->file_fd < 0)
        return download->file_fd;
    if (fstat(download->file_fd, &st) < 0)
        return error_errno(error, errno, "fstat");
    if (st.st_size > size && ftruncate(download->file_fd, 0) < 0)
        return error_errno(error, errno, "truncate a download");
    if (!download->buffer)
        download->buffer = mem_alloc(DOWNLOAD_BLOCK);
    digest_done(&download->hash);
    int r = digest_init(&download->hash, error);
    return r < 0 ? r : download_resume(download, error);
}

int download_begin(Download *download, int socket, int32_t id, Error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    (void)fcntl(ends[1], F_SETPIPE_SZ, DOWNLOAD_PIPE); /* fewer switches; the default works too */
    RegistryRequest request = {
        .id = id,
        .operation = REGISTRY_BLOB,
        .digest = download->digest,
        .offset = download->have,
        .size = download->size,
    };
    download->id = id;
    download->pipe_fd = ends[0];
    int r = registrycall_send_request(socket, &request, ends[1], error);
    fd_close(ends[1]);
    return r;
}

int download_take(Download *download, Error *error)
{
    ssize_t n = fd_read(download->pipe_fd, download->buffer, DOWNLOAD_BLOCK);
    if (n < 0)
        return error_errno(error, (int)n, "read a download");
    if (n == 0) {
        fd_closep(&download->pipe_fd);
        return 0;
    }
    if (n > download->size - download->have)
        return error_set(error, ERROR_CORRUPT, EFBIG, "%s is longer than the %lld bytes said",
                         download->digest, (long long)download->size);
    int r = fd_write_all(download->file_fd, download->buffer, (size_t)n);
    if (r < 0)
        return error_errno(error, r, "write a download");
    digest_add(&download->hash, download->buffer, (size_t)n);
    download->have += n;
    return 1;
}

int download_verify(Download *download, Error *error)
{
    char digest[DIGEST_SIZE];
    digest_finish(&download->hash, digest);
    mem_freep(&download->buffer); /* a long image has many of them */
    if (str_eq(digest, download->digest))
        return 0;
    imagepartial_discard(download->store, download->digest);
    return error_set(error, ERROR_CORRUPT, EBADMSG, "the blob's digest is %s instead of %s", digest,
                     download->digest);
}
