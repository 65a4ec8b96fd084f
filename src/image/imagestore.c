/*
 * The store's directories and locks. The invariant: what index.json refers to is complete, because
 * blobs and layers are renamed into place before it is written, under the exclusive lock.
 *
 * The trap: flock belongs to the open file description. A child that inherits a lock's descriptor
 * keeps the lock; all of them are close-on-exec.
 */
#include "image/imagestore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

enum { IMAGESTORE_WALK_DEPTH = 512 };

static const char imagestore_layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

void imagestore_done(ImageStore *store)
{
    fd_closep(&store->root_fd);
    fd_closep(&store->blobs_fd);
    fd_closep(&store->layers_fd);
}

static int imagestore_open_dir(int dirfd, const char *path)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* First use, or one that was interrupted: everything that is missing, the marker last. */
static int imagestore_create(int dirfd, const char *path, Error *error)
{
    int root_fd CLEANUP(fd_closep) = file_make_dirs_at(dirfd, path, 0700);
    if (root_fd < 0)
        return error_errno(error, root_fd, "image store");
    static const char *const subdirs[] = { "blobs", "blobs/sha256", "layers" };
    for (size_t i = 0; i < ARRAY_LEN(subdirs); i++)
        if (mkdirat(root_fd, subdirs[i], 0700) < 0 && errno != EEXIST)
            return error_errno(error, errno, "image store: %s", subdirs[i]);
    int r = file_write_at(root_fd, "oci-layout", imagestore_layout, strlen(imagestore_layout), 0600,
                          FILE_DURABLE);
    return r < 0 ? error_errno(error, r, "image store: oci-layout") : 0;
}

static int imagestore_check_owner(int fd, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "image store");
    /* Layers hold set-uid programs of any owner: nobody else may reach them (CVE-2021-41103). */
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return error_set(error, ERROR_DENIED, EPERM,
                         "the image store's directory must belong to the caller and have mode "
                         "0700");
    return 0;
}

int imagestore_open(int dirfd, const char *path, ImageStore *ret_store, Error *error)
{
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    for (int attempt = 0; attempt < 2; attempt++) {
        imagestore_done(&store);
        store.root_fd = imagestore_open_dir(dirfd, path);
        if (store.root_fd >= 0) {
            /* Before anything is made in a directory that is not ours. */
            int owned = imagestore_check_owner(store.root_fd, error);
            if (owned < 0)
                return owned;
            store.blobs_fd = imagestore_open_dir(store.root_fd, "blobs/sha256");
            store.layers_fd = imagestore_open_dir(store.root_fd, "layers");
        }
        if (store.blobs_fd >= 0 && store.layers_fd >= 0)
            break;
        int r = store.root_fd >= 0 || store.root_fd == -ENOENT ? 0 : store.root_fd;
        if (r == 0 && attempt == 1)
            r = store.blobs_fd < 0 ? store.blobs_fd : store.layers_fd;
        if (r < 0)
            return error_errno(error, r, "image store");
        r = imagestore_create(dirfd, path, error);
        if (r < 0)
            return r;
    }
    *ret_store = store;
    store = IMAGESTORE_EMPTY;
    return 0;
}

int imagestore_lock(const ImageStore *store, bool exclusive, Error *error)
{
    int fd CLEANUP(fd_closep) =
        openat(store->root_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EROFS) /* to look at: whoever changes something fails later */
        fd = openat(store->root_fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_errno(error, errno, "image store: lock");
    int r;
    do
        r = flock(fd, exclusive ? LOCK_EX : LOCK_SH);
    while (r < 0 && errno == EINTR);
    return r < 0 ? error_errno(error, errno, "image store: lock") : TAKE_FD(fd);
}

/*** Blobs. ***/

int imagestore_open_blob(const ImageStore *store, const char *digest, Error *error)
{
    if (!oci_digest_is_valid(digest))
        return error_set(error, ERROR_CORRUPT, EINVAL, "not a digest: %.80s", digest);
    int fd = openat(store->blobs_fd, oci_digest_hex(digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? error_errno(error, errno, "blob %s", digest) : fd;
}

int imagestore_read_blob(const ImageStore *store, const OciDescriptor *descriptor, Arena *arena,
                         char **ret_data, size_t *ret_size, Error *error)
{
    int fd CLEANUP(fd_closep) = imagestore_open_blob(store, descriptor->digest, error);
    if (fd < 0)
        return fd;
    char *data;
    size_t size;
    int r = fd_read_all(fd, OCI_MAX_DOCUMENT_BYTES, arena, &data, &size);
    if (r < 0)
        return error_errno(error, r, "blob %s", descriptor->digest);
    if (descriptor->size < 0 || (uint64_t)descriptor->size != size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "blob %s: %zu bytes instead of %lld",
                         descriptor->digest, size, (long long)descriptor->size);
    *ret_data = data;
    *ret_size = size;
    return 0;
}

/*** Layers. ***/

void imagestore_layer_name(const char *diff_id, const char *id, bool own,
                           char ret_name[IMAGESTORE_LAYER_NAME_SIZE])
{
    (void)snprintf(ret_name, IMAGESTORE_LAYER_NAME_SIZE, "%.64s%s%.32s", oci_digest_hex(diff_id),
                   own ? "." : "", own ? oci_digest_hex(id) : "");
}

int imagestore_find_layer(const ImageStore *store, const char *diff_id, const char *id,
                          char ret_name[IMAGESTORE_LAYER_NAME_SIZE])
{
    imagestore_layer_name(diff_id, id, false, ret_name);
    if (faccessat(store->layers_fd, ret_name, F_OK, 0) == 0)
        return 0;
    imagestore_layer_name(diff_id, id, true, ret_name);
    return faccessat(store->layers_fd, ret_name, F_OK, 0) == 0 ? 0 : -errno;
}

/* Takes the descriptor. A file with several names counts once per name: close enough. */
static int imagestore_walk(int fd, unsigned depth, uint64_t *bytes)
{
    DIR *dir CLEANUP(file_closedirp) = fdopendir(fd);
    if (!dir) {
        int r = -errno;
        fd_close(fd);
        return r;
    }
    if (depth > IMAGESTORE_WALK_DEPTH)
        return -ELOOP;
    const struct dirent *entry;
    int more;
    while ((more = file_next_entry(dir, &entry)) > 0) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
        if (S_ISREG(st.st_mode))
            *bytes += (uint64_t)st.st_size;
        if (!S_ISDIR(st.st_mode))
            continue;
        int child =
            openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r = child < 0 ? -errno : imagestore_walk(child, depth + 1, bytes);
        if (r < 0)
            return r;
    }
    return more;
}

int imagestore_layer_bytes(const ImageStore *store, const char *name, uint64_t *ret_bytes,
                           Error *error)
{
    int fd CLEANUP(fd_closep) =
        openat(store->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "layer %s", name);
    char text[32];
    ssize_t length = fgetxattr(fd, IMAGESTORE_BYTES_XATTR, text, sizeof(text) - 1);
    if (length > 0) {
        text[length] = '\0';
        if (str_to_u64(text, ret_bytes) == 0)
            return 0;
    }
    uint64_t bytes = 0;
    int r = imagestore_walk(TAKE_FD(fd), 0, &bytes);
    if (r < 0)
        return error_errno(error, r, "layer %s", name);
    *ret_bytes = bytes;
    return 0;
}

/*** Work in progress. ***/

int imagestore_make_temp(const ImageStore *store, char ret_name[IMAGESTORE_TEMP_NAME_SIZE],
                         Error *error)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        (void)snprintf(ret_name, IMAGESTORE_TEMP_NAME_SIZE, ".tmp-%d-%08lx", (int)getpid(),
                       (unsigned long)(clock_ns() + attempt) & 0xffffffffUL);
        if (mkdirat(store->root_fd, ret_name, 0700) < 0) {
            if (errno == EEXIST)
                continue;
            return error_errno(error, errno, "image store: %s", ret_name);
        }
        int fd CLEANUP(fd_closep) = imagestore_open_dir(store->root_fd, ret_name);
        /* A cleaner may have taken it for a leftover between mkdir and flock: try another. */
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
            faccessat(store->root_fd, ret_name, F_OK, 0) < 0)
            continue;
        return TAKE_FD(fd);
    }
    return error_set(error, ERROR_CONFLICT, EBUSY, "image store: no directory for temporary files");
}
