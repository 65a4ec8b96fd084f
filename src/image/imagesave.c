/*
 * Blobs are copied as they are: what was pulled goes out with the same digests. The same images
 * give the same bytes: times are zero, documents are written compactly, in the order given.
 *
 * Whoever reads may be slow, or never read on: the store's lock is not held for him. All that will
 * be written is opened first; what is removed then is read all the same.
 *
 * The trap: ustar holds sizes below 8 GiB; a larger blob has its size in base 256, which GNU tar,
 * libarchive and Go read.
 */
#include "image/imagesave.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strmap.h"
#include "image/imageindex.h"
#include "image/imageparts.h"

enum { IMAGESAVE_BLOCK = 512, IMAGESAVE_BUFFER = 256 * 1024 };

#define IMAGESAVE_CONTAINERD_NAME "io.containerd.image.name"

typedef struct ImageSaveBlob {
    const char *digest;
    uint64_t size;
    int fd; /* -1: more than a process may have open; opened when it is written */
} ImageSaveBlob;

typedef struct ImageSave {
    const ImageStore *store;
    const ImageList *images;
    int fd;
    Arena *arena;
    LIST_OF(ImageSaveBlob) blobs;
    size_t room;          /* how many of them may be open */
    StrBuf index, docker; /* index.json, manifest.json */
    char *buffer;
} ImageSave;

/*** tar ***/

static void imagesave_octal(char *field, size_t digits, uint64_t value)
{
    for (size_t i = digits; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static void imagesave_size(char field[12], uint64_t size)
{
    if (size < (1ULL << 33)) {
        imagesave_octal(field, 11, size);
        return;
    }
    field[0] = (char)0x80;
    for (size_t i = 11; i >= 4; i--, size >>= 8)
        field[i] = (char)(size & 0xff);
}

static int imagesave_put(const ImageSave *save, const void *data, size_t size, Error *error)
{
    int r = fd_write_all(save->fd, data, size);
    return r < 0 ? error_errno(error, r, "write the archive") : 0;
}

static int imagesave_header(const ImageSave *save, const char *name, uint64_t size, Error *error)
{
    char block[IMAGESAVE_BLOCK] = { 0 };
    (void)snprintf(block, 100, "%s", name);
    memcpy(block + 100, "0000644", 8);
    memcpy(block + 108, "0000000", 8);
    memcpy(block + 116, "0000000", 8);
    imagesave_size(block + 124, size);
    memcpy(block + 136, "00000000000", 12);
    memset(block + 148, ' ', 8);
    block[156] = '0';
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(block); i++)
        sum += (unsigned char)block[i];
    imagesave_octal(block + 148, 6, sum);
    block[154] = '\0';
    return imagesave_put(save, block, sizeof(block), error);
}

static int imagesave_pad(const ImageSave *save, uint64_t size, Error *error)
{
    static const char zeroes[IMAGESAVE_BLOCK];
    size_t rest = (size_t)(size % IMAGESAVE_BLOCK);
    return rest ? imagesave_put(save, zeroes, IMAGESAVE_BLOCK - rest, error) : 0;
}

static int imagesave_bytes(const ImageSave *save, const char *name, const StrBuf *text,
                           Error *error)
{
    int r = imagesave_header(save, name, text->length, error);
    if (r == 0)
        r = imagesave_put(save, text->data, text->length, error);
    return r < 0 ? r : imagesave_pad(save, text->length, error);
}

static int imagesave_copy(const ImageSave *save, int from, uint64_t size, Error *error)
{
    uint64_t left = size;
    while (left > 0) {
        size_t want = left < IMAGESAVE_BUFFER ? (size_t)left : IMAGESAVE_BUFFER;
        ssize_t n = fd_read(from, save->buffer, want);
        if (n <= 0)
            return n < 0 ? error_errno(error, (int)n, "read")
                         : error_set(error, ERROR_CORRUPT, EBADMSG, "it became shorter");
        int r = imagesave_put(save, save->buffer, (size_t)n, error);
        if (r < 0)
            return r;
        left -= (uint64_t)n;
    }
    return imagesave_pad(save, size, error);
}

static int imagesave_blob(const ImageSave *save, const ImageSaveBlob *blob, Error *error)
{
    int late CLEANUP(fd_closep) =
        blob->fd < 0 ? imagestore_open_blob(save->store, blob->digest, error) : -1;
    if (blob->fd < 0 && late < 0)
        return late;
    const char *name = arena_printf(save->arena, "blobs/sha256/%s", oci_digest_hex(blob->digest));
    int r = imagesave_header(save, name, blob->size, error);
    if (r == 0)
        r = imagesave_copy(save, blob->fd < 0 ? late : blob->fd, blob->size, error);
    return r < 0 ? error_wrap(error, "blob %s", blob->digest) : 0;
}

/*** What will be written. ***/

/* A quarter of the descriptors: the caller and a walk hold some too. */
static size_t imagesave_room(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)(limit.rlim_cur / 4);
}

static int imagesave_add_blob(ImageSave *save, const char *digest, Error *error)
{
    struct stat st;
    for (size_t i = 0; i < save->blobs.count; i++)
        if (str_eq(save->blobs.items[i].digest, digest))
            return 0;
    int fd CLEANUP(fd_closep) = imagestore_open_blob(save->store, digest, error);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "blob %s", digest);
    bool keep = save->blobs.count < save->room;
    ImageSaveBlob *blob =
        arena_append(save->arena, &save->blobs.items, &save->blobs.count, sizeof(*blob));
    *blob = (ImageSaveBlob){ arena_strdup(save->arena, digest), (uint64_t)st.st_size, -1 };
    if (keep)
        blob->fd = TAKE_FD(fd);
    return 0;
}

static int imagesave_index(ImageSave *save, Error *error)
{
    OciIndex index = { .schema_version = 2, .media_type = OCI_MEDIA_TYPE_INDEX };
    for (size_t i = 0; i < save->images->count; i++) {
        const Image *image = &save->images->items[i];
        OciDescriptor *at =
            arena_append(save->arena, &index.manifests.items, &index.manifests.count, sizeof(*at));
        *at = image->descriptor;
        if (image->whole) {
            int r = imageparts_index(save->store, image->origin, save->arena, at, error);
            if (r < 0)
                return r;
        }
        at->annotations = (StrMap){ 0 };
        if (!image->name)
            continue;
        strmap_set(save->arena, &at->annotations, IMAGEINDEX_REF_NAME, image->name);
        strmap_set(save->arena, &at->annotations, IMAGESAVE_CONTAINERD_NAME, image->name);
    }
    oci_index_encode(&index, false, &save->index);
    return 0;
}

static void imagesave_docker_image(const ImageSave *save, const Image *image, JsonWriter *w)
{
    Reference reference;
    json_write_object(w);
    json_write_key(w, "Config");
    json_write_string(w, arena_printf(save->arena, "blobs/sha256/%s", oci_digest_hex(image->id)));
    json_write_key(w, "RepoTags");
    json_write_array(w);
    for (size_t i = 0; i < save->images->count; i++) {
        const Image *other = &save->images->items[i];
        if (str_eq(other->manifest_digest, image->manifest_digest) && other->name &&
            reference_parse(other->name, save->arena, &reference, NULL) == 0 && reference.tag)
            json_write_string(w, reference_familiar(&reference, save->arena));
    }
    json_write_end_array(w);
    json_write_key(w, "Layers");
    json_write_array(w);
    for (size_t i = 0; i < image->manifest.layers.count; i++)
        json_write_string(w, arena_printf(save->arena, "blobs/sha256/%s",
                                          oci_digest_hex(image->manifest.layers.items[i].digest)));
    json_write_end_array(w);
    json_write_end_object(w);
}

static void imagesave_docker(ImageSave *save)
{
    JsonWriter w = { .text = &save->docker };
    StrList seen = { 0 };
    json_write_array(&w);
    for (size_t i = 0; i < save->images->count; i++) {
        const Image *image = &save->images->items[i];
        if (strlist_contains(&seen, image->manifest_digest))
            continue;
        strlist_append(save->arena, &seen, image->manifest_digest);
        imagesave_docker_image(save, image, &w);
    }
    json_write_end_array(&w);
}

static int imagesave_part_blob(void *context, const OciDescriptor *blob, Error *error)
{
    return imagesave_add_blob(context, blob->digest, error);
}

static int imagesave_add_image(ImageSave *save, const Image *image, Error *error)
{
    ImageParts parts = { .store = save->store, .each = imagesave_part_blob, .context = save };
    if (image->whole)
        return imageparts_stored(&parts, image->origin, error);
    int r = imagesave_add_blob(save, image->manifest_digest, error);
    if (r == 0)
        r = imagesave_add_blob(save, image->id, error);
    for (size_t i = 0; r == 0 && i < image->manifest.layers.count; i++)
        r = imagesave_add_blob(save, image->manifest.layers.items[i].digest, error);
    return r;
}

static int imagesave_prepare(ImageSave *save, Error *error)
{
    int r = imagesave_index(save, error);
    for (size_t i = 0; r == 0 && i < save->images->count; i++)
        r = imagesave_add_image(save, &save->images->items[i], error);
    imagesave_docker(save);
    return r;
}

static int imagesave_all(const ImageSave *save, Error *error)
{
    static const char end[2 * IMAGESAVE_BLOCK];
    StrBuf layout CLEANUP(strbuf_done) = { 0 };
    strbuf_add(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
    int r = imagesave_bytes(save, "oci-layout", &layout, error);
    if (r == 0)
        r = imagesave_bytes(save, "index.json", &save->index, error);
    if (r == 0)
        r = imagesave_bytes(save, "manifest.json", &save->docker, error);
    for (size_t i = 0; r == 0 && i < save->blobs.count; i++)
        r = imagesave_blob(save, &save->blobs.items[i], error);
    return r < 0 ? r : imagesave_put(save, end, sizeof(end), error);
}

int imagesave_write(const ImageStore *store, const ImageList *images, int fd, int *lock,
                    Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ImageSave save = {
        .store = store, .images = images, .fd = fd, .arena = &arena, .room = imagesave_room()
    };
    save.buffer = mem_alloc(IMAGESAVE_BUFFER);
    int r = imagesave_prepare(&save, error);
    if (save.blobs.count <= save.room)
        fd_closep(lock);
    if (r == 0)
        r = imagesave_all(&save, error);
    for (size_t i = 0; i < save.blobs.count; i++)
        fd_close(save.blobs.items[i].fd);
    strbuf_done(&save.index);
    strbuf_done(&save.docker);
    mem_freep(&save.buffer);
    return r;
}
