/*
 * `pull`: a name, through an index perhaps, to a manifest, its config and its layers. Every
 * document is verified against the digest that led to it; only for a tag there is none, and then
 * the digest of what came is what counts from there on.
 *
 * The trap: what a document is, is said by the registry's header, by the document and by who refers
 * to it. All that say something must say the same kind (CVE-2021-41190).
 */
#include "cmd/image/pull.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "image/imageparts.h"
#include "image/reference.h"
#include "image/registrycall.h"

enum { PULL_NESTING_MAX = 3 };

typedef struct Pull {
    const RequestContext *context;
    Reference reference;
    int32_t serial;
    PullImage image;
    Intake *intake; /* pull_others */
} Pull;

typedef struct PullDocument {
    char *text;
    size_t size;
    char digest[DIGEST_SIZE];
    const char *media_type; /* the registry's word; NULL: none */
} PullDocument;

static int pull_ask(Pull *pull, RegistryRequest *request, Arena *arena, PullDocument *ret,
                    Error *error)
{
    RegistryBody body = { .limit = OCI_MAX_DOCUMENT_BYTES };
    RegistryReply reply;
    request->id = ++pull->serial;
    int r = registrycall_ask(pull->context->data_fd, request, &body, arena, &reply, error);
    if (r == 0)
        r = digest_of_bytes(body.data, body.size, ret->digest, error);
    ret->text = body.data;
    ret->size = body.size;
    ret->media_type = reply.media_type;
    return r;
}

/* What a descriptor promises, or a digest alone (size < 0). */
static int pull_verify(const PullDocument *document, const char *digest, int64_t size, Error *error)
{
    if (!str_eq(document->digest, digest))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "the registry sent %s when asked for %s",
                         document->digest, digest);
    if (size >= 0 && (uint64_t)size != document->size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "%s has %zu bytes instead of %lld", digest,
                         document->size, (long long)size);
    return 0;
}

/*** Manifests. ***/

/* Of the document itself: a type that it says, or what its properties make it. */
static OciMediaKind pull_kind_of_text(const PullDocument *document, Arena *arena,
                                      const char **ret_type)
{
    const JsonValue *value;
    if (json_parse(document->text, document->size, NULL, arena, &value, NULL) < 0)
        return OCI_MEDIA_UNKNOWN;
    *ret_type = json_member_string(value, "mediaType");
    if (*ret_type)
        return oci_media_kind(*ret_type);
    return json_member(value, "manifests") ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST;
}

static int pull_kind(const PullDocument *document, const OciDescriptor *at, Arena *arena,
                     OciMediaKind *ret_kind, const char **ret_type, Error *error)
{
    const char *own = NULL, *said = document->media_type;
    OciMediaKind kind = pull_kind_of_text(document, arena, &own);
    if (kind != OCI_MEDIA_INDEX && kind != OCI_MEDIA_MANIFEST)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "media type \"%.100s\"",
                         own    ? own
                         : said ? said
                                : "");
    /* application/json and the like say nothing. */
    if (oci_media_kind(said) == OCI_MEDIA_UNKNOWN)
        said = NULL;
    if ((said && own && !str_eq(said, own)) || (said && oci_media_kind(said) != kind) ||
        (at && at->media_type && oci_media_kind(at->media_type) != kind))
        return error_set(error, ERROR_CORRUPT, EBADMSG,
                         "ambiguous: the document is \"%.80s\", and is said to be \"%.80s\"",
                         own ? own : "of another kind",
                         said                   ? said
                         : at && at->media_type ? at->media_type
                                                : "");
    *ret_kind = kind;
    *ret_type = own ? own : said;
    return 0;
}

static int pull_take_manifest(Pull *pull, const PullDocument *document, const char *type,
                              Error *error)
{
    PullImage *image = &pull->image;
    image->manifest_at = (OciDescriptor){
        .media_type = type ? type : OCI_MEDIA_TYPE_MANIFEST,
        .digest = arena_strdup(pull->context->arena, document->digest),
        .size = (int64_t)document->size,
    };
    image->manifest_text = document->text;
    image->manifest_size = document->size;
    return oci_manifest_parse(pull->context->arena, document->text, document->size,
                              &image->manifest, error);
}

static int pull_get(Pull *pull, const char *name, const OciDescriptor *at, unsigned depth,
                    Error *error);

static int pull_choose(Pull *pull, const PullDocument *document, unsigned depth, Error *error)
{
    const Request *request = pull->context->request;
    OciIndex index;
    int r = oci_index_parse(pull->context->arena, document->text, document->size, &index, error);
    if (r < 0)
        return error_wrap(error, "index");
    for (size_t i = 0; i < index.manifests.count; i++) {
        const OciDescriptor *child = &index.manifests.items[i];
        OciMediaKind kind = oci_media_kind(child->media_type);
        if ((kind == OCI_MEDIA_MANIFEST || kind == OCI_MEDIA_INDEX) &&
            oci_platform_fits(child->platform, request->architecture, request->variant))
            return pull_get(pull, child->digest, child, depth + 1, error);
    }
    return error_set(error, ERROR_NOT_FOUND, ENOENT, "the image has no variant for linux/%s%s%s%s",
                     request->architecture, request->variant ? "/" : "",
                     request->variant ? request->variant : "",
                     request->whole ? "; --platform says which one of all to unpack" : "");
}

static int pull_get(Pull *pull, const char *name, const OciDescriptor *at, unsigned depth,
                    Error *error)
{
    PullDocument document;
    RegistryRequest request = { .operation = REGISTRY_MANIFEST, .name = name };
    OciMediaKind kind = OCI_MEDIA_UNKNOWN;
    const char *type = NULL;
    if (depth > PULL_NESTING_MAX)
        return error_set(error, ERROR_LIMIT, ELOOP, "indexes in indexes, too deep");
    int r = pull_ask(pull, &request, pull->context->arena, &document, error);
    if (r == 0 && oci_digest_is_valid(name))
        r = pull_verify(&document, name, at ? at->size : -1, error);
    if (r == 0)
        r = pull_kind(&document, at, pull->context->arena, &kind, &type, error);
    if (r < 0)
        return r;
    if (depth == 0 && kind == OCI_MEDIA_INDEX) {
        pull->image.origin = arena_strdup(pull->context->arena, document.digest);
        pull->image.origin_text = document.text;
        pull->image.origin_size = document.size;
    }
    return kind == OCI_MEDIA_INDEX ? pull_choose(pull, &document, depth, error)
                                   : pull_take_manifest(pull, &document, type, error);
}

/*** The config. ***/

static int pull_config(Pull *pull, Error *error)
{
    PullImage *image = &pull->image;
    const OciDescriptor *at = &image->manifest.config;
    PullDocument document;
    RegistryRequest request = { .operation = REGISTRY_BLOB,
                                .digest = at->digest,
                                .size = at->size };
    if (oci_media_kind(at->media_type) != OCI_MEDIA_CONFIG)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "not an image that can run: its config is of the type \"%.100s\"",
                         at->media_type);
    if (at->size > OCI_MAX_DOCUMENT_BYTES)
        return error_set(error, ERROR_LIMIT, EFBIG, "a config of %lld bytes", (long long)at->size);
    int r = pull_ask(pull, &request, pull->context->arena, &document, error);
    if (r == 0)
        r = pull_verify(&document, at->digest, at->size, error);
    if (r == 0)
        r = oci_image_parse(pull->context->arena, document.text, document.size, &image->config,
                            error);
    image->config_text = document.text;
    image->config_size = document.size;
    return r < 0 ? r : oci_image_check_layers(&image->config, &image->manifest, error);
}

static int pull_check_layers(const Pull *pull, Error *error)
{
    const OciManifest *manifest = &pull->image.manifest;
    for (size_t i = 0; i < manifest->layers.count; i++) {
        const OciMediaType *type = oci_media_type(manifest->layers.items[i].media_type);
        if (!type || type->kind != OCI_MEDIA_LAYER)
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                             "layer %zu is of the type \"%.100s\"", i + 1,
                             manifest->layers.items[i].media_type);
        /* What lies elsewhere would be fetched from a place that a stranger chose. */
        if (oci_descriptor_is_elsewhere(&manifest->layers.items[i]))
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                             "layer %zu is not in the registry but at an address elsewhere, which "
                             "is not followed",
                             i + 1);
    }
    return 0;
}

static int pull_documents(Pull *pull, Error *error)
{
    const Reference *reference = &pull->reference;
    int r = pull_get(pull, reference->digest ? reference->digest : reference->tag, NULL, 0, error);
    if (r == 0)
        r = pull_check_layers(pull, error);
    return r < 0 ? r : pull_config(pull, error);
}

/*** The rest of an index, which is fetched and not unpacked. ***/

static int pull_read_part(void *context, const OciDescriptor *at, Arena *arena, char **ret_text,
                          size_t *ret_size, Error *error)
{
    Pull *pull = context;
    PullDocument document;
    RegistryRequest request = { .operation = REGISTRY_MANIFEST, .name = at->digest };
    OciMediaKind kind;
    const char *type;
    if (intake_has_blob(pull->intake, at->digest))
        return intake_read_blob(pull->intake, at, arena, ret_text, ret_size, error);
    int r = pull_ask(pull, &request, arena, &document, error);
    if (r == 0)
        r = pull_verify(&document, at->digest, at->size, error);
    if (r == 0)
        r = pull_kind(&document, at, arena, &kind, &type, error);
    *ret_text = document.text;
    *ret_size = document.size;
    return r;
}

/* However often it is named: pull_layers takes each once. */
static int pull_add_other(void *context, const OciDescriptor *blob, Error *error)
{
    (void)error;
    Pull *pull = context;
    OciDescriptors *others = &pull->image.others;
    Arena *arena = pull->context->arena;
    OciDescriptor *at = arena_append(arena, &others->items, &others->count, sizeof(*at));
    *at = (OciDescriptor){
        .media_type = arena_strdup(arena, blob->media_type),
        .digest = arena_strdup(arena, blob->digest),
        .size = blob->size,
    };
    return 0;
}

static int pull_add_part(void *context, const ImagePart *part, Error *error)
{
    Pull *pull = context;
    int r = intake_add_bytes(pull->intake, part->text, part->size, NULL, error);
    return r < 0 || !part->manifest
               ? r
               : imageparts_blobs(part->manifest, pull_add_other, context, error);
}

/* Each download keeps its lock until the commit. */
static void pull_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int pull_others(Pull *pull, Error *error)
{
    pull_raise_descriptors();
    const OciDescriptor index = {
        .media_type = OCI_MEDIA_TYPE_INDEX,
        .digest = pull->image.origin,
        .size = (int64_t)pull->image.origin_size,
    };
    ImageParts parts = { .read = pull_read_part, .visit = pull_add_part, .context = pull };
    return imageparts_walk(&parts, &index, error);
}

/*** The whole. ***/

static OciPlatform *pull_platform(const Pull *pull)
{
    const OciImage *config = &pull->image.config;
    OciPlatform *platform = arena_alloc(pull->context->arena, sizeof(*platform));
    platform->architecture = config->architecture;
    platform->os = config->os;
    platform->variant = config->variant;
    return platform;
}

static int pull_store(Pull *pull, Intake *intake, Error *error)
{
    PullImage *image = &pull->image;
    int r = intake_add_bytes(intake, image->config_text, image->config_size, NULL, error);
    if (r == 0)
        r = intake_add_bytes(intake, image->manifest_text, image->manifest_size, NULL, error);
    if (r == 0 && image->origin)
        r = intake_add_bytes(intake, image->origin_text, image->origin_size, NULL, error);
    pull->intake = intake;
    bool whole = image->origin && pull->context->request->whole;
    if (r == 0 && whole)
        r = pull_others(pull, error);
    if (r == 0)
        r = pull_layers(pull->context, intake, image, error);
    if (r < 0)
        return r;
    if (image->config.architecture && image->config.os)
        image->manifest_at.platform = pull_platform(pull);
    IntakeImage *added = intake_add_image(
        intake, &image->manifest_at, &pull->context->request->names, image->manifest.config.digest);
    added->origin = image->origin;
    added->whole = whole;
    return intake_commit(intake, error);
}

int pull_run(const RequestContext *context, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    Pull pull = { .context = context };
    if (context->request->names.count != 1)
        return error_set(error, ERROR_USAGE, EINVAL, "pull: one --name is expected");
    int r =
        reference_parse(context->request->names.items[0], context->arena, &pull.reference, error);
    if (r == 0)
        r = pull_documents(&pull, error);
    if (r == 0)
        r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r == 0)
        r = pull_store(&pull, &intake, error);
    if (r == 0)
        request_answer_images(context, &intake);
    return r;
}
