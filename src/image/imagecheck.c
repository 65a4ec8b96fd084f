/*
 * The check holds the exclusive lock, so that what it calls a leftover is one. Problems are told
 * in the order in which they should be repaired: the index first, then images, then what is left.
 */
#include "image/imagecheck.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "image/image.h"
#include "image/imageindex.h"
#include "image/imagemark.h"
#include "image/imagepartial.h"
#include "image/imageparts.h"

enum { IMAGECHECK_OLD_S = 7 * 24 * 3600 };

typedef struct ImageCheckRun {
    const ImageStore *store;
    const ImageCheck *check;
    Arena *arena;
    const ImageMarks *marks;
    ImageProblems problems;
} ImageCheckRun;

static ImageProblem *imagecheck_report(ImageCheckRun *run, ImageProblemKind kind,
                                       const char *subject, const char *text)
{
    ImageProblem *problem =
        arena_append(run->arena, &run->problems.items, &run->problems.count, sizeof(*problem));
    *problem = (ImageProblem){
        .kind = kind,
        .subject = arena_strdup(run->arena, subject),
        .text = arena_strdup(run->arena, text),
    };
    return problem;
}

/* NULL if the blob is as it should be, else what is wrong with it. */
static const char *imagecheck_blob(ImageCheckRun *run, const char *digest, int64_t size)
{
    Error error = { 0 };
    struct stat st;
    int fd CLEANUP(fd_closep) = imagestore_open_blob(run->store, digest, &error);
    if (fd < 0 || fstat(fd, &st) < 0)
        return "is missing";
    if (size >= 0 && st.st_size != size)
        return "has the wrong size";
    char actual[OCI_DIGEST_SIZE];
    if (run->check->digest_of &&
        (run->check->digest_of(fd, actual, &error) < 0 || !str_eq(actual, digest)))
        return "is damaged";
    return NULL;
}

static void imagecheck_layers(ImageCheckRun *run, const Image *image, const char *subject)
{
    for (size_t i = 0; i < image->manifest.layers.count; i++) {
        const OciDescriptor *layer = &image->manifest.layers.items[i];
        char name[IMAGESTORE_LAYER_NAME_SIZE];
        const char *wrong = imagecheck_blob(run, layer->digest, layer->size);
        if (wrong) {
            const char *text = arena_printf(run->arena, "packed layer %s %s", layer->digest, wrong);
            imagecheck_report(run, IMAGE_PROBLEM_BLOB, subject, text)->digest = layer->digest;
        }
        if (imagestore_find_layer(run->store, image->config.rootfs.diff_ids.items[i], image->id,
                                  name) < 0) {
            const char *text = arena_printf(run->arena, "unpacked layer %s is missing",
                                            image->config.rootfs.diff_ids.items[i]);
            imagecheck_report(run, IMAGE_PROBLEM_LAYER, subject, text)->digest = layer->digest;
        }
    }
}

/*** An index that is stored as a whole. ***/

typedef struct ImageCheckWhole {
    ImageCheckRun *run;
    const Image *image;
    const char *subject;
} ImageCheckWhole;

static int imagecheck_part_blob(void *context, const OciDescriptor *blob, Error *error)
{
    const ImageCheckWhole *whole = context;
    ImageCheckRun *run = whole->run;
    const OciManifest *own = &whole->image->manifest;
    (void)error;
    for (size_t i = 0; i < own->layers.count; i++) /* those have been told */
        if (str_eq(own->layers.items[i].digest, blob->digest))
            return 0;
    const char *wrong = imagecheck_blob(run, blob->digest, blob->size);
    if (!wrong)
        return 0;
    const char *text = arena_printf(run->arena, "%s of another platform %s", blob->digest, wrong);
    imagecheck_report(run, IMAGE_PROBLEM_BLOB, whole->subject, text)->digest =
        arena_strdup(run->arena, blob->digest);
    return 0;
}

static int imagecheck_part_failed(void *context, const OciDescriptor *at, Error *error)
{
    const ImageCheckWhole *whole = context;
    const char *text =
        arena_printf(whole->run->arena, "manifest of another platform: %s", error->message);
    imagecheck_report(whole->run, IMAGE_PROBLEM_BLOB, whole->subject, text)->digest =
        arena_strdup(whole->run->arena, at->digest);
    return 0;
}

static void imagecheck_whole(ImageCheckRun *run, const Image *image, const char *subject)
{
    ImageCheckWhole whole = { run, image, subject };
    ImageParts parts = {
        .store = run->store,
        .each = imagecheck_part_blob,
        .failed = imagecheck_part_failed,
        .context = &whole,
    };
    Error error = { 0 };
    if (image->whole && imageparts_stored(&parts, image->origin, &error) < 0)
        imagecheck_report(run, IMAGE_PROBLEM_BLOB, subject,
                          arena_printf(run->arena, "index %s", error.message))
            ->digest = image->origin;
}

const char *imagecheck_subject(const OciDescriptor *descriptor)
{
    const char *name = imageindex_name(descriptor);
    return name ? name : descriptor->digest;
}

/* True if the image can be kept. */
static bool imagecheck_image(ImageCheckRun *run, const OciDescriptor *descriptor)
{
    Error error = { 0 };
    Image image;
    const char *subject = imagecheck_subject(descriptor);
    const char *wrong = imagecheck_blob(run, descriptor->digest, descriptor->size);
    const char *text = wrong ? arena_printf(run->arena, "manifest %s", wrong) : NULL;
    if (!wrong && image_read(run->store, descriptor, run->arena, &image, &error) < 0)
        text = error.message;
    if (!text) {
        wrong = imagecheck_blob(run, image.id, image.manifest.config.size);
        text = wrong ? arena_printf(run->arena, "config %s", wrong) : NULL;
    }
    if (text) {
        ImageProblem *problem = imagecheck_report(run, IMAGE_PROBLEM_MANIFEST, subject, text);
        problem->digest = descriptor->digest;
        problem->repaired = run->check->repair;
        return false;
    }
    imagecheck_layers(run, &image, subject);
    imagecheck_whole(run, &image, subject);
    return true;
}

/* Looks at every image and drops lost ones from the index in memory. True if it changed. */
static bool imagecheck_images(ImageCheckRun *run, OciIndex *index)
{
    bool changed = false;
    for (size_t i = 0; i < index->manifests.count; i++) {
        OciDescriptor *list = index->manifests.items;
        if (imagecheck_image(run, &list[i]))
            continue;
        index->manifests.count--;
        memmove(&list[i], &list[i + 1], (index->manifests.count - i) * sizeof(*list));
        i--;
        changed = true;
    }
    return changed;
}

static int imagecheck_unused_blob(void *context, const char *name, Error *error)
{
    ImageCheckRun *run = context;
    (void)error;
    if (!imagemark_has(&run->marks->blobs, name))
        imagecheck_report(run, IMAGE_PROBLEM_UNUSED, name, "no image refers to this blob")
            ->repaired = run->check->repair;
    return 0;
}

static int imagecheck_unused_layer(void *context, const char *name, Error *error)
{
    ImageCheckRun *run = context;
    (void)error;
    if (!imagemark_has(&run->marks->layers, name))
        imagecheck_report(run, IMAGE_PROBLEM_UNUSED, name, "no image refers to this layer")
            ->repaired = run->check->repair;
    return 0;
}

static int imagecheck_temporary(void *context, const char *name, Error *error)
{
    ImageCheckRun *run = context;
    (void)error;
    int fd CLEANUP(fd_closep) = imagemark_open_leftover(run->store, name);
    if (fd >= 0)
        imagecheck_report(run, IMAGE_PROBLEM_TEMPORARY, name, "left by an interrupted command")
            ->repaired = run->check->repair;
    return 0;
}

/* A download that was interrupted is no fault: the next pull continues it. Nobody wants an old one.
 */
static int imagecheck_downloads(ImageCheckRun *run, Error *error)
{
    ImagePartialCount old;
    int r = imagepartial_abandoned(run->store, IMAGECHECK_OLD_S, run->check->repair, &old, error);
    if (r == 0 && old.files > 0)
        imagecheck_report(run, IMAGE_PROBLEM_TEMPORARY, "partial",
                          arena_printf(run->arena,
                                       "%llu downloads that nobody has continued for a week",
                                       (unsigned long long)old.files))
            ->repaired = run->check->repair;
    return r;
}

static int imagecheck_rest(ImageCheckRun *run, const OciIndex *index, Error *error)
{
    ImageMarks marks;
    int r = imagemark_all(run->store, index, run->check->use ? &run->check->use->layers : NULL,
                          run->arena, &marks, error);
    if (r < 0)
        return r;
    run->marks = &marks;
    r = imagemark_each(run->store->blobs_fd, imagecheck_unused_blob, run, error);
    if (r == 0)
        r = imagemark_each(run->store->layers_fd, imagecheck_unused_layer, run, error);
    if (r == 0)
        r = imagemark_each(run->store->root_fd, imagecheck_temporary, run, error);
    if (r == 0)
        r = imagecheck_downloads(run, error);
    run->marks = NULL;
    return r;
}

int imagecheck_run(const ImageStore *store, const ImageCheck *check, Arena *arena,
                   ImageProblems *ret_problems, Error *error)
{
    ImageCheckRun run = { .store = store, .check = check, .arena = arena };
    OciIndex index;
    Error inner = { 0 };
    int lock CLEANUP(fd_closep) = imagestore_lock(store, true, error);
    if (lock < 0)
        return lock;
    if (imageindex_read(store, arena, &index, &inner) < 0) {
        /* Without an index nothing can be said to be unused, so nothing is touched. */
        imagecheck_report(&run, IMAGE_PROBLEM_INDEX, "index.json", inner.message);
        *ret_problems = run.problems;
        return 0;
    }
    bool changed = imagecheck_images(&run, &index);
    int r = imagecheck_rest(&run, &index, error);
    if (r == 0 && check->repair && changed)
        r = imageindex_write(store, &index, error);
    fd_closep(&lock);
    ImageGcResult swept;
    if (r == 0 && check->repair)
        r = imagegc_sweep(store, check->use, &swept, error);
    if (r == 0)
        *ret_problems = run.problems;
    return r;
}
