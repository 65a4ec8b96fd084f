/*
 * `check`: imagecheck with digests. It is here and not in the core program because hashing every
 * blob is OpenSSL's work. With repair, a layer that is missing is unpacked again from its blob.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/strmap.h"
#include "cmd/image/digest.h"
#include "cmd/image/request.h"
#include "cmd/image/restore.h"
#include "image/image.h"
#include "image/imagecheck.h"
#include "image/imageindex.h"

static int check_digest_of(int fd, char ret_digest[OCI_DIGEST_SIZE], Error *error)
{
    return digest_of_file(fd, ret_digest, NULL, error);
}

/* *ret_reasons: of every image that stays without a layer, why. */
static int check_restore(const RequestContext *context, StrMap *ret_reasons, Error *error)
{
    Intake intake CLEANUP(intake_done) = INTAKE_EMPTY;
    OciIndex index;
    int restored = 0;
    int r = imageindex_read(context->store, context->arena, &index, error);
    if (r == 0)
        r = intake_open(context->store, &context->request->limits, context->arena, &intake, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < index.manifests.count; i++) {
        const OciDescriptor *descriptor = &index.manifests.items[i];
        Image image;
        Error failure = { 0 };
        /* One image that cannot be helped must not keep the others from it: it stays reported. */
        if (image_read(context->store, descriptor, context->arena, &image, NULL) < 0)
            continue;
        int found = restore_image(context, &intake, &image, &failure);
        restored += found > 0;
        if (found < 0)
            strmap_set(context->arena, ret_reasons, imagecheck_subject(descriptor),
                       arena_strdup(context->arena, failure.message));
    }
    return restored > 0 ? intake_commit(&intake, error) : 0;
}

static const char *check_kind_name(ImageProblemKind kind)
{
    switch (kind) {
    case IMAGE_PROBLEM_INDEX: return "index";
    case IMAGE_PROBLEM_MANIFEST: return "manifest";
    case IMAGE_PROBLEM_BLOB: return "blob";
    case IMAGE_PROBLEM_LAYER: return "layer";
    case IMAGE_PROBLEM_UNUSED: return "unused";
    case IMAGE_PROBLEM_TEMPORARY: return "temporary";
    }
    return "unknown";
}

/* Is the layer of a reported image there now? */
static bool check_is_restored(const RequestContext *context, const ImageProblem *problem)
{
    Image image;
    return image_resolve(context->store, problem->subject, context->arena, &image, NULL) == 0;
}

static void check_answer(const RequestContext *context, const ImageProblems *problems,
                         const StrMap *reasons)
{
    JsonWriter *w = context->answer;
    json_write_object(w);
    json_write_key(w, "problems");
    json_write_array(w);
    for (size_t i = 0; i < problems->count; i++) {
        const ImageProblem *problem = &problems->items[i];
        bool repaired = problem->kind == IMAGE_PROBLEM_LAYER
                            ? context->request->repair && check_is_restored(context, problem)
                            : problem->repaired;
        json_write_object(w);
        json_write_key(w, "kind");
        json_write_string(w, check_kind_name(problem->kind));
        json_write_key(w, "subject");
        json_write_string(w, problem->subject);
        json_write_key(w, "problem");
        json_write_string(w, problem->text);
        json_write_key(w, "repaired");
        json_write_bool(w, repaired);
        const char *reason = strmap_get(reasons, problem->subject);
        if (problem->kind == IMAGE_PROBLEM_LAYER && !repaired && reason) {
            json_write_key(w, "reason");
            json_write_string(w, reason);
        }
        json_write_end_object(w);
    }
    json_write_end_array(w);
    json_write_end_object(w);
}

int check_run(const RequestContext *context, Error *error)
{
    const Request *request = context->request;
    ImageGcUse use = { .layers = request->layers_in_use };
    ImageCheck check = {
        .repair = request->repair,
        .use = &use,
        .digest_of = request->deep ? check_digest_of : NULL,
    };
    ImageProblems problems;
    StrMap reasons = { 0 };
    int r = imagecheck_run(context->store, &check, context->arena, &problems, error);
    if (r == 0 && request->repair)
        r = check_restore(context, &reasons, error);
    if (r == 0)
        check_answer(context, &problems, &reasons);
    return r;
}
