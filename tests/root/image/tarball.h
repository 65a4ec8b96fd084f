/*
 * Tar archives written byte by byte, so that a test can say what no archiver would: a small builder
 * over a growing buffer.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

typedef struct TarEntry {
    char type; /* '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' directory, '6' FIFO
                */
    const char *path, *link, *data;
    unsigned mode, uid, gid, major, minor;
    long mtime;
    const char *pax; /* records for this entry, ready-made: "12 path=abc\n" */
    size_t pax_size; /* 0: strlen */
    uint64_t size;   /* 0: strlen(data) */
} TarEntry;

/* `digits` octal digits; the header's field is one byte longer. */
static inline void tarball_octal(char *field, unsigned digits, uint64_t value)
{
    for (unsigned i = digits; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static inline void tarball_header(StrBuf *tar, const TarEntry *e, uint64_t size)
{
    char block[512] = { 0 };
    size_t name = strlen(e->path), link = e->link ? strlen(e->link) : 0;
    memcpy(block, e->path, name < 100 ? name : 100);
    tarball_octal(block + 100, 7, e->mode ? e->mode : e->type == '5' ? 0755 : 0644);
    tarball_octal(block + 108, 7, e->uid);
    tarball_octal(block + 116, 7, e->gid);
    tarball_octal(block + 124, 11, size);
    tarball_octal(block + 136, 11, (uint64_t)e->mtime);
    memset(block + 148, ' ', 8);
    block[156] = e->type;
    if (link)
        memcpy(block + 157, e->link, link < 100 ? link : 100);
    memcpy(block + 257, "ustar\00000", 8);
    tarball_octal(block + 329, 7, e->major);
    tarball_octal(block + 337, 7, e->minor);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(block); i++)
        sum += (unsigned char)block[i];
    tarball_octal(block + 148, 6, sum);
    block[154] = '\0';
    strbuf_add_bytes(tar, block, sizeof(block));
}

static inline void tarball_data(StrBuf *tar, const void *data, size_t size)
{
    static const char zeroes[512];
    strbuf_add_bytes(tar, data, size);
    strbuf_add_bytes(tar, zeroes, (512 - size % 512) % 512);
}

static inline void tarball_add(StrBuf *tar, const TarEntry *e)
{
    size_t pax = e->pax_size ? e->pax_size : e->pax ? strlen(e->pax) : 0;
    if (pax) {
        TarEntry header = { .type = 'x', .path = "pax" };
        tarball_header(tar, &header, pax);
        tarball_data(tar, e->pax, pax);
    }
    size_t data = e->data ? strlen(e->data) : 0;
    tarball_header(tar, e, e->size ? e->size : data);
    if (data)
        tarball_data(tar, e->data, data);
}

static inline void tarball_end(StrBuf *tar)
{
    static const char zeroes[1024];
    strbuf_add_bytes(tar, zeroes, sizeof(zeroes));
}

/* One pax record with its length: "<length> <key>=<value>\n". */
static inline void tarball_pax(StrBuf *to, const char *key, const void *value, size_t size)
{
    size_t rest = strlen(key) + size + 3, length = rest + 1;
    char digits[24];
    while (length != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
        length = rest + strlen(digits);
    strbuf_printf(to, "%zu %s=", length, key);
    strbuf_add_bytes(to, value, size);
    strbuf_add_char(to, '\n');
}
