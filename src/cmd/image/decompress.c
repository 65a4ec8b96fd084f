/*
 * libarchive's filters with its `raw` format: the one filter that the first bytes announced, never
 * a chain (gzip in gzip in gzip is a bomb, not an image).
 */
#include "cmd/image/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/fd.h"

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
    [COMPRESSION_ZSTD] = { "zstd", "\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD,
                           archive_read_support_filter_zstd },
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

int decompress_stream(Compression compression, int from_fd, int to_fd, Error *error)
{
    const char *name = decompress_name(compression);
    struct archive *archive CLEANUP(decompress_freep) = archive_read_new();
    if (!archive || decompress_table[compression].support(archive) < ARCHIVE_WARN ||
        archive_read_support_format_raw(archive) != ARCHIVE_OK ||
        archive_read_append_filter(archive, decompress_table[compression].filter) < ARCHIVE_WARN ||
        archive_read_open_fd(archive, from_fd, DECOMPRESS_BLOCK) != ARCHIVE_OK)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "libarchive cannot read %s", name);

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
    if (r != ARCHIVE_EOF)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the %s data is damaged: %s", name,
                         archive_error_string(archive) ? archive_error_string(archive) : "?");
    return 0;
}
