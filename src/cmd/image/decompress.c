/*
 * libarchive's filters with its `raw` format: the one filter that the first bytes announced, never
 * a chain (gzip in gzip in gzip is a bomb, not an image). zstd is read without libarchive, which
 * has no word for the largest window that it may make room for; xz, which has none either, is
 * stopped by the limit on the process's memory.
 */
#include "cmd/image/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/fd.h"
#include "base/mem.h"

enum { DECOMPRESS_BLOCK = 256 * 1024 };

static const struct {
    const char *name;
    const char *magic;
    size_t magic_size;
    int filter;
    int (*support)(struct archive *);
} decompress_table[] = {
    [COMPRESSION_NONE] = { "none", "", 0, ARCHIVE_FILTER_NONE, NULL },
    [COMPRESSION_GZIP] = { "gzip", "\x1f\x8b", 2, ARCHIVE_FILTER_GZIP,
                           archive_read_support_filter_gzip },
    [COMPRESSION_ZSTD] = { "zstd", "\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD, NULL },
    [COMPRESSION_XZ] = { "xz", "\xfd\x37zXZ\0", 6, ARCHIVE_FILTER_XZ,
                         archive_read_support_filter_xz },
    [COMPRESSION_BZIP2] = { "bzip2", "BZh", 3, ARCHIVE_FILTER_BZIP2,
                            archive_read_support_filter_bzip2 },
};

/* A frame to be skipped, which zstd's tools may write first (RFC 8878, 3.1.2): 0x184D2A50 to 5F. */
static bool decompress_is_skippable(const unsigned char *head, size_t size)
{
    return size >= 4 && (head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0;
}

Compression decompress_detect(const void *head, size_t size)
{
    if (decompress_is_skippable(head, size))
        return COMPRESSION_ZSTD;
    for (size_t i = 1; i < ARRAY_LEN(decompress_table); i++)
        if (size >= decompress_table[i].magic_size &&
            memcmp(head, decompress_table[i].magic, decompress_table[i].magic_size) == 0)
            return (Compression)i;
    return COMPRESSION_NONE;
}

const char *decompress_name(Compression compression)
{
    return decompress_table[compression].name;
}

static void decompress_freep(struct archive **archive)
{
    if (*archive)
        (void)archive_read_free(*archive);
    *archive = NULL;
}

static int decompress_needs_window(const char *name, unsigned window_log, Error *error)
{
    return error_set(
        error, ERROR_LIMIT, -DECOMPRESS_NEEDS_WINDOW,
        "the %s data needs more than %u MiB of memory to be unpacked: unpack or repack "
        "it elsewhere",
        name, 1U << (window_log - 20));
}

/*** zstd ***/

typedef struct DecompressZstd {
    ZSTD_DStream *stream;
    char *packed, *plain;
    size_t plain_size;
    size_t wanted; /* 0: at the end of a frame */
} DecompressZstd;

static void decompress_zstd_done(DecompressZstd *zstd)
{
    (void)ZSTD_freeDStream(zstd->stream);
    mem_freep(&zstd->packed);
    mem_freep(&zstd->plain);
}

/* Unpacks what has been read. 1: nobody reads the other end any more. */
static int decompress_zstd_block(DecompressZstd *zstd, size_t size, unsigned window_log, int to_fd,
                                 Error *error)
{
    ZSTD_inBuffer in = { zstd->packed, size, 0 };
    ZSTD_outBuffer out = { zstd->plain, zstd->plain_size, zstd->plain_size };
    /* A full output may have more behind it, with all input taken. */
    while (in.pos < in.size || out.pos == out.size) {
        out.pos = 0;
        size_t consumed = in.pos, r = ZSTD_decompressStream(zstd->stream, &out, &in);
        if (ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
            return decompress_needs_window("zstd", window_log, error);
        if (ZSTD_isError(r))
            return error_set(error, ERROR_CORRUPT, EINVAL, "the zstd data is damaged: %s",
                             ZSTD_getErrorName(r));
        if (out.pos > 0 || in.pos > consumed)
            zstd->wanted = r;
        int w = fd_write_all(to_fd, zstd->plain, out.pos);
        if (w < 0)
            return w == -EPIPE ? 1 : error_errno(error, w, "write");
        if (out.pos == 0 && in.pos == in.size)
            break;
    }
    return 0;
}

static int decompress_zstd(int from_fd, int to_fd, unsigned window_log, Error *error)
{
    DecompressZstd zstd CLEANUP(decompress_zstd_done) = {
        .stream = ZSTD_createDStream(),
        .packed = mem_alloc(DECOMPRESS_BLOCK),
        .plain = mem_alloc(DECOMPRESS_BLOCK),
        .plain_size = DECOMPRESS_BLOCK,
    };
    if (!zstd.stream ||
        ZSTD_isError(ZSTD_DCtx_setParameter(zstd.stream, ZSTD_d_windowLogMax, (int)window_log)))
        return error_set(error, ERROR_SYSTEM, ENOMEM, "zstd");
    for (;;) {
        ssize_t n = fd_read(from_fd, zstd.packed, DECOMPRESS_BLOCK);
        if (n < 0)
            return error_errno(error, (int)n, "read");
        if (n == 0)
            break;
        int r = decompress_zstd_block(&zstd, (size_t)n, window_log, to_fd, error);
        if (r != 0)
            return r < 0 ? r : 0;
    }
    return zstd.wanted == 0
               ? 0
               : error_set(error, ERROR_CORRUPT, EINVAL, "the zstd data is damaged: it is cut");
}

/*** The others. ***/

static int decompress_failure(struct archive *archive, const char *name, unsigned window_log,
                              Error *error)
{
    const char *text = archive_error_string(archive);
    if (archive_errno(archive) == ENOMEM)
        return decompress_needs_window(name, window_log, error);
    return error_set(error, ERROR_CORRUPT, EINVAL, "the %s data is damaged: %s", name,
                     text ? text : "?");
}

int decompress_stream(Compression compression, int from_fd, int to_fd, unsigned window_log,
                      Error *error)
{
    const char *name = decompress_name(compression);
    if (compression == COMPRESSION_ZSTD)
        return decompress_zstd(from_fd, to_fd, window_log, error);
    struct archive *archive CLEANUP(decompress_freep) = archive_read_new();
    if (!archive || decompress_table[compression].support(archive) < ARCHIVE_WARN ||
        archive_read_support_format_raw(archive) != ARCHIVE_OK ||
        archive_read_append_filter(archive, decompress_table[compression].filter) < ARCHIVE_WARN)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "libarchive cannot read %s", name);
    if (archive_read_open_fd(archive, from_fd, DECOMPRESS_BLOCK) != ARCHIVE_OK)
        return decompress_failure(archive, name, window_log, error);

    struct archive_entry *entry;
    int r = archive_read_next_header(archive, &entry);
    while (r == ARCHIVE_OK) {
        const void *block;
        size_t size;
        int64_t offset;
        r = archive_read_data_block(archive, &block, &size, &offset);
        if (r == ARCHIVE_OK && size > 0) {
            int w = fd_write_all(to_fd, block, size);
            if (w == -EPIPE)
                return 0;
            if (w < 0)
                return error_errno(error, w, "write");
        }
    }
    return r == ARCHIVE_EOF ? 0 : decompress_failure(archive, name, window_log, error);
}
