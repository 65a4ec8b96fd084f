/*
 * The order is the specification's: nobody ever sees a manifest, or an index, whose parts are
 * missing. A removal that runs at the same time makes a blob missing here at worst, which is an
 * error.
 */
#include "image/imagepush.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/imageindex.h"
#include "image/imageparts.h"
#include "image/registryhelper.h"

enum { IMAGEPUSH_SOURCES_MAX = 8 };

typedef struct ImagePushRun {
    const ImageStore *store;
    const ImagePush *push;
    Arena *arena;
    Reference destination;
    Image image;
    OciDescriptor top; /* what the name is to stand for: the image's manifest, or its index */
    StrList sources;   /* other repositories there that share layers with it */
    RegistryHelper registry;
} ImagePushRun;

static void imagepush_tell(const ImagePushRun *run, const OciDescriptor *layer,
                           ImagePushState state, int64_t sent)
{
    if (run->push->on_layer)
        run->push->on_layer(run->push->context, layer, state, sent);
}

/*** Where else layers may lie. ***/

static bool imagepush_shares_layer(const ImagePushRun *run, const Image *other)
{
    for (size_t i = 0; i < run->image.manifest.layers.count; i++)
        for (size_t k = 0; k < other->manifest.layers.count; k++)
            if (str_eq(run->image.manifest.layers.items[i].digest,
                       other->manifest.layers.items[k].digest))
                return true;
    return false;
}

static void imagepush_find_sources(ImagePushRun *run, const OciIndex *index)
{
    for (size_t i = 0; i < index->manifests.count; i++) {
        const char *name = imageindex_name(&index->manifests.items[i]);
        Reference reference;
        Image other;
        if (!name || reference_parse(name, run->arena, &reference, NULL) < 0 ||
            !str_eq(reference.domain, run->destination.domain) ||
            str_eq(reference.path, run->destination.path) ||
            strlist_contains(&run->sources, reference.path) ||
            run->sources.count == IMAGEPUSH_SOURCES_MAX ||
            image_read(run->store, &index->manifests.items[i], run->arena, &other, NULL) < 0 ||
            !imagepush_shares_layer(run, &other))
            continue;
        strlist_append(run->arena, &run->sources, reference.path);
    }
}

/*** Blobs. ***/

static int imagepush_ask(ImagePushRun *run, RegistryRequest request, bool *ret_found, Error *error)
{
    RegistryReply reply;
    int r = registryhelper_ask(&run->registry, request, NULL, run->arena, &reply, error);
    if (r == 0)
        *ret_found = reply.found;
    return r;
}

static int imagepush_mount(ImagePushRun *run, const OciDescriptor *blob, bool *ret_found)
{
    *ret_found = false;
    for (size_t i = 0; i < run->sources.count && !*ret_found; i++) {
        RegistryRequest request = { .operation = REGISTRY_MOUNT,
                                    .digest = blob->digest,
                                    .name = run->sources.items[i] };
        /* It is only a shorter way: a registry that will not is sent the bytes. */
        if (imagepush_ask(run, request, ret_found, NULL) < 0)
            return 0;
    }
    return 0;
}

/* Returns 1 if the reply says `found`. */
static int imagepush_send(ImagePushRun *run, RegistryRequest request, int fd,
                          const OciDescriptor *blob, Error *error)
{
    request.id = ++run->registry.serial;
    int r = registrycall_send_request(run->registry.socket, &request, fd, error);
    while (r == 0) {
        Arena arena CLEANUP(arena_done) = { 0 };
        RegistryReply reply;
        r = registrycall_receive_reply(run->registry.socket, &arena, &reply, error);
        if (r == 0)
            r = error_set(error, ERROR_SYSTEM, EPIPE, "ambit-registry ended");
        if (r < 0)
            return r;
        r = 0;
        if (reply.id == request.id && reply.done)
            return reply.failure ? registrycall_failure(&reply, error) : reply.found;
        if (reply.id == request.id && blob)
            imagepush_tell(run, blob, IMAGEPUSH_UPLOADING, reply.bytes);
    }
    return r;
}

static int imagepush_upload(ImagePushRun *run, const OciDescriptor *blob, Error *error)
{
    int fd CLEANUP(fd_closep) = imagestore_open_blob(run->store, blob->digest, error);
    if (fd < 0)
        return fd;
    RegistryRequest request = { .operation = REGISTRY_UPLOAD,
                                .digest = blob->digest,
                                .size = blob->size };
    imagepush_tell(run, blob, IMAGEPUSH_UPLOADING, 0);
    int r = imagepush_send(run, request, fd, blob, error);
    if (r >= 0)
        imagepush_tell(run, blob, IMAGEPUSH_DONE, blob->size);
    return r;
}

static int imagepush_blob(void *context, const OciDescriptor *blob, Error *error)
{
    ImagePushRun *run = context;
    bool found = false;
    RegistryRequest request = { .operation = REGISTRY_EXISTS, .digest = blob->digest };
    int r = imagepush_ask(run, request, &found, error);
    if (r < 0)
        return r;
    if (found) {
        imagepush_tell(run, blob, IMAGEPUSH_EXISTS, blob->size);
        return 0;
    }
    r = imagepush_mount(run, blob, &found);
    if (r < 0 || !found)
        return r < 0 ? r : imagepush_upload(run, blob, error);
    imagepush_tell(run, blob, IMAGEPUSH_MOUNTED, blob->size);
    return 0;
}

/*** Referrers: distribution-spec, "Pushing Manifests with Subject". ***/

static int imagepush_put_index(ImagePushRun *run, const char *tag, const OciIndex *index,
                               Error *error)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    oci_index_encode(index, false, &text);
    int fd CLEANUP(fd_closep) = memfd_create("referrers", MFD_CLOEXEC);
    int r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.length);
    if (r < 0)
        return error_errno(error, r, "referrers");
    RegistryRequest request = { .operation = REGISTRY_PUT,
                                .name = tag,
                                .media_type = OCI_MEDIA_TYPE_INDEX,
                                .size = (int64_t)text.length };
    return imagepush_send(run, request, fd, NULL, error);
}

/* What the tag has now; an empty index if there is none. */
static int imagepush_get_index(ImagePushRun *run, const char *tag, OciIndex *ret_index,
                               Error *error)
{
    RegistryBody body = { .limit = OCI_MAX_DOCUMENT_BYTES };
    RegistryReply reply;
    Error missing = { 0 };
    RegistryRequest request = { .operation = REGISTRY_MANIFEST, .name = tag };
    int r = registryhelper_ask(&run->registry, request, &body, run->arena, &reply, &missing);
    if (r == -ENOENT) {
        *ret_index = (OciIndex){ .schema_version = 2, .media_type = OCI_MEDIA_TYPE_INDEX };
        return 0;
    }
    if (r < 0) {
        if (error)
            *error = missing;
        return r;
    }
    return oci_index_parse(run->arena, body.data, body.size, ret_index, error);
}

/* A registry without the API finds referrers by a tag made of the subject's digest, which who
 * pushes keeps up to date. Two at the same time may lose one of them: the specification has no
 * remedy. */
static int imagepush_add_referrer(ImagePushRun *run, const OciDescriptor *at,
                                  const OciManifest *manifest, Error *error)
{
    const char *tag =
        arena_printf(run->arena, "sha256-%s", oci_digest_hex(manifest->subject->digest));
    OciIndex index;
    int r = imagepush_get_index(run, tag, &index, error);
    for (size_t i = 0; r == 0 && i < index.manifests.count; i++)
        if (str_eq(index.manifests.items[i].digest, at->digest))
            return 0;
    if (r < 0)
        return error_wrap(error, "referrers of %s", manifest->subject->digest);
    OciDescriptor *entry =
        arena_append(run->arena, &index.manifests.items, &index.manifests.count, sizeof(*entry));
    *entry = (OciDescriptor){
        .media_type = manifest->media_type ? manifest->media_type : at->media_type,
        .digest = at->digest,
        .size = at->size,
        .annotations = manifest->annotations,
        .artifact_type =
            manifest->artifact_type ? manifest->artifact_type : manifest->config.media_type,
    };
    r = imagepush_put_index(run, tag, &index, error);
    return r < 0 ? error_wrap(error, "referrers of %s", manifest->subject->digest) : 0;
}

/* `manifest` is NULL for an index. */
static int imagepush_document(ImagePushRun *run, const OciDescriptor *at,
                              const OciManifest *manifest, Error *error)
{
    bool is_top = str_eq(at->digest, run->top.digest);
    int fd CLEANUP(fd_closep) = imagestore_open_blob(run->store, at->digest, error);
    if (fd < 0)
        return fd;
    RegistryRequest request = {
        .operation = REGISTRY_PUT,
        .name = is_top && run->destination.tag ? run->destination.tag : at->digest,
        .media_type = manifest && manifest->media_type ? manifest->media_type : at->media_type,
        .size = at->size,
    };
    int noted = imagepush_send(run, request, fd, NULL, error);
    return noted == 0 && manifest && manifest->subject
               ? imagepush_add_referrer(run, at, manifest, error)
               : noted;
}

static int imagepush_manifest(ImagePushRun *run, const OciDescriptor *at,
                              const OciManifest *manifest, Error *error)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < manifest->layers.count; i++)
        if (!oci_descriptor_is_elsewhere(&manifest->layers.items[i]))
            r = imagepush_blob(run, &manifest->layers.items[i], error);
    if (r == 0)
        r = imagepush_blob(run, &manifest->config, error);
    return r < 0 ? r : imagepush_document(run, at, manifest, error);
}

static int imagepush_part(void *context, const ImagePart *part, Error *error)
{
    int r = part->manifest ? imagepush_manifest(context, part->at, part->manifest, error)
                           : imagepush_document(context, part->at, NULL, error);
    return r < 0 ? r : 0;
}

/* Is it there, in its size? Its digest is the registry's to compute. */
static int imagepush_check_blob(void *context, const OciDescriptor *blob, Error *error)
{
    const ImagePushRun *run = context;
    struct stat st;
    int fd CLEANUP(fd_closep) = imagestore_open_blob(run->store, blob->digest, error);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "blob %s", blob->digest);
    if (st.st_size != blob->size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "blob %s: %lld bytes instead of %lld",
                         blob->digest, (long long)st.st_size, (long long)blob->size);
    return 0;
}

/* Nothing is sent of an image of which a part is lost. */
static int imagepush_check(ImagePushRun *run, Error *error)
{
    ImageParts parts = { .store = run->store, .each = imagepush_check_blob, .context = run };
    int r = run->image.whole
                ? imageparts_walk(&parts, &run->top, error)
                : imageparts_blobs(&run->image.manifest, imagepush_check_blob, run, error);
    return r < 0 ? error_wrap(error, "the store has not all of it (`ambit image check`)") : 0;
}

static int imagepush_all(ImagePushRun *run, Error *error)
{
    ImageParts parts = { .store = run->store, .visit = imagepush_part, .context = run };
    RegistryOpen open = run->push->access;
    registrycall_name(&open, &run->destination, run->arena);
    open.push = open.direct = true;
    open.mount_from = run->sources;
    int r = registryhelper_open(&open, &run->registry, error);
    if (r < 0)
        return r;
    r = run->image.whole
            ? imageparts_walk(&parts, &run->top, error)
            : imagepush_manifest(run, &run->image.descriptor, &run->image.manifest, error);
    return r < 0 ? r : 0;
}

int imagepush_run(const ImageStore *store, const ImagePush *push, Arena *arena,
                  ImagePushed *ret_pushed, Error *error)
{
    ImagePushRun run = {
        .store = store, .push = push, .arena = arena, .registry = REGISTRYHELPER_NONE
    };
    OciIndex index;
    const char *destination = push->destination ? push->destination : push->image;
    int r = image_resolve(store, push->image, arena, &run.image, error);
    if (r == 0)
        r = reference_parse(destination, arena, &run.destination, error);
    if (r == 0)
        r = imageindex_read(store, arena, &index, error);
    if (r < 0)
        return r;
    run.image.whole &= !image_is_said_by_id(&run.image, push->image);
    run.top = run.image.descriptor;
    if (run.image.whole)
        r = imageparts_index(store, run.image.origin, arena, &run.top, error);
    if (r < 0)
        return r;
    if (run.destination.digest && !str_eq(run.destination.digest, run.top.digest))
        return error_set(error, ERROR_USAGE, EINVAL, "%s: the image's digest is %s", destination,
                         run.top.digest);
    r = imagepush_check(&run, error);
    if (r < 0)
        return r;
    imagepush_find_sources(&run, &index);
    r = imagepush_all(&run, error);
    registryhelper_done(&run.registry);
    if (r < 0)
        return error_wrap(error, "%s", destination);
    *ret_pushed = (ImagePushed){
        .reference = reference_text(&run.destination, arena),
        .digest = run.top.digest,
        .size = run.top.size,
    };
    return 0;
}
