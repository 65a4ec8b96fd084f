/*
 * The store without its helper: index.json, finding images, removal, sweep and check, on small
 * stores that the test writes itself. Digests are invented: nothing here computes any.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "image/image.h"
#include "image/imagecheck.h"
#include "image/imageindex.h"

typedef struct Place {
    char path[64];
    ImageStore store;
    Arena arena;
} Place;

static int setup(void **state)
{
    Place *place = mem_alloc(sizeof(*place));
    strcpy(place->path, "/tmp/ambit-store-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    assert_int_equal(imagestore_open(AT_FDCWD, place->path, &place->store, NULL), 0);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    Place *place = *state;
    imagestore_done(&place->store);
    arena_done(&place->arena);
    assert_int_equal(file_remove_tree_at(AT_FDCWD, place->path), 0);
    free(place);
    return 0;
}

/* "sha256:" and the letter 64 times. */
static const char *digest(Place *p, char letter)
{
    char hex[65];
    memset(hex, letter, 64);
    hex[64] = '\0';
    return arena_printf(&p->arena, "sha256:%s", hex);
}

static int64_t blob(Place *p, char letter, const char *text)
{
    assert_int_equal(file_write_at(p->store.blobs_fd, oci_digest_hex(digest(p, letter)), text,
                                   strlen(text), 0600, FILE_VOLATILE),
                     0);
    return (int64_t)strlen(text);
}

static void layer(Place *p, char letter)
{
    const char *hex = oci_digest_hex(digest(p, letter));
    (void)mkdirat(p->store.layers_fd, hex, 0755);
    const char *file = arena_printf(&p->arena, "%s/file", hex);
    assert_int_equal(file_write_at(p->store.layers_fd, file, "12345", 5, 0644, FILE_VOLATILE), 0);
}

/* An image: manifest, config and one layer of its own above the layer `base` (or none). */
static OciDescriptor image(Place *p, char manifest, char config, char own, char base)
{
    Arena *a = &p->arena;
    const char *base_diff = base ? arena_printf(a, "\"%s\",", digest(p, base)) : "";
    const char *base_layer = base ? arena_printf(a,
                                                 "{\"mediaType\":\"" OCI_MEDIA_TYPE_LAYER
                                                 "\",\"digest\":\"%s\",\"size\":%d},",
                                                 digest(p, base), (int)blob(p, base, "base layer"))
                                  : "";
    int64_t config_size = blob(
        p, config,
        arena_printf(a,
                     "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
                     "\"diff_ids\":[%s\"%s\"]}}",
                     base_diff, digest(p, own)));
    int64_t layer_size = blob(p, own, "own layer");
    int64_t size = blob(
        p, manifest,
        arena_printf(
            a,
            "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG
            "\",\"digest\":\"%s\",\"size\":%d},\"layers\":[%s{\"mediaType\":\"" OCI_MEDIA_TYPE_LAYER
            "\",\"digest\":\"%s\",\"size\":%d}]}",
            digest(p, config), (int)config_size, base_layer, digest(p, own), (int)layer_size));
    if (base)
        layer(p, base);
    layer(p, own);
    return (OciDescriptor){ .media_type = OCI_MEDIA_TYPE_MANIFEST,
                            .digest = digest(p, manifest),
                            .size = size };
}

static void put(Place *p, OciDescriptor manifest, const char *name)
{
    OciIndex index;
    assert_int_equal(imageindex_read(&p->store, &p->arena, &index, NULL), 0);
    imageindex_put(&index, &p->arena, &manifest, name);
    assert_int_equal(imageindex_write(&p->store, &index, NULL), 0);
}

#define NAME(word) "docker.io/library/" word ":latest"

/* Two images on one base layer; the first has two names. */
static void two_images(Place *p)
{
    OciDescriptor one = image(p, 'a', 'b', 'c', '0');
    put(p, one, NAME("one"));
    put(p, one, "quay.io/x/uno:1");
    put(p, image(p, 'd', 'e', 'f', '0'), NAME("two"));
}

static bool has_blob(Place *p, char letter)
{
    return faccessat(p->store.blobs_fd, oci_digest_hex(digest(p, letter)), F_OK, 0) == 0;
}

static bool has_layer(Place *p, char letter)
{
    return faccessat(p->store.layers_fd, oci_digest_hex(digest(p, letter)), F_OK, 0) == 0;
}

static void assert_index(Place *p, const char *expected)
{
    OciIndex index;
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    assert_int_equal(imageindex_read(&p->store, &p->arena, &index, NULL), 0);
    for (size_t i = 0; i < index.manifests.count; i++) {
        const char *name = imageindex_name(&index.manifests.items[i]);
        strbuf_printf(&text, "%c=%s ", index.manifests.items[i].digest[7], name ? name : "-");
    }
    assert_string_equal(strbuf_text(&text), expected);
}

/*** The index. ***/

static void names_are_unique(void **state)
{
    Place *p = *state;
    OciDescriptor one = { .media_type = OCI_MEDIA_TYPE_MANIFEST, .digest = digest(p, 'a') };
    OciDescriptor two = { .media_type = OCI_MEDIA_TYPE_MANIFEST, .digest = digest(p, 'b') };
    put(p, one, NULL);
    put(p, one, NULL);
    assert_index(p, "a=- ");
    put(p, one, NAME("x")); /* its first name takes the place of none */
    assert_index(p, "a=" NAME("x") " ");
    put(p, one, NAME("y"));
    put(p, one, NAME("y"));
    put(p, one, NULL);
    assert_index(p, "a=" NAME("x") " a=" NAME("y") " ");
    put(p, two, NAME("y")); /* moves: the other one has a name left */
    assert_index(p, "a=" NAME("x") " b=" NAME("y") " ");
    put(p, two, NAME("x")); /* moves: the other one has none left */
    assert_index(p, "a=- b=" NAME("y") " b=" NAME("x") " ");
}

static void strangers_annotations_are_dropped(void **state)
{
    Place *p = *state;
    OciDescriptor one = { .media_type = OCI_MEDIA_TYPE_MANIFEST, .digest = digest(p, 'a') };
    strmap_set(&p->arena, &one.annotations, IMAGEINDEX_REF_NAME, "evil");
    strmap_set(&p->arena, &one.annotations, "io.containerd.image.name", "evil");
    put(p, one, NULL);
    OciIndex index;
    assert_int_equal(imageindex_read(&p->store, &p->arena, &index, NULL), 0);
    assert_int_equal(index.manifests.items[0].annotations.count, 0);
}

/*** Finding. ***/

static void images_are_found(void **state)
{
    Place *p = *state;
    two_images(p);
    static const struct {
        const char *text;
        char manifest; /* 0: an error */
        int code;
    } rows[] = {
        { "one", 'a', 0 },
        { "one:latest", 'a', 0 },
        { "docker.io/library/one", 'a', 0 },
        { "quay.io/x/uno:1", 'a', 0 },
        { "two", 'd', 0 },
        { "bbb", 0, ENOENT },
        { "bbbb", 'a', 0 }, /* the beginning of an id */
        { "sha256:bbbb", 'a', 0 },
        { "eeeeeeeeeeee", 'd', 0 },
        { "aaaa", 'a', 0 }, /* of a manifest's digest */
        { "one:2", 0, ENOENT },
        { "uno:1", 0, ENOENT },
        { "three", 0, ENOENT },
        { "9999", 0, ENOENT },
        { "One", 0, EINVAL },
        { "", 0, EINVAL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Image found;
        Error error = { 0 };
        int r = image_resolve(&p->store, rows[i].text, &p->arena, &found, &error);
        if (r != -rows[i].code)
            fail_msg("%s: %d %s", rows[i].text, r, error.message);
        if (r == 0)
            assert_int_equal(found.manifest_digest[7], rows[i].manifest);
    }
    const char *with_digest = arena_printf(&p->arena, "quay.io/x/uno@%s", digest(p, 'a'));
    Image found;
    assert_int_equal(image_resolve(&p->store, with_digest, &p->arena, &found, NULL), 0);
    with_digest = arena_printf(&p->arena, "quay.io/x/other@%s", digest(p, 'a'));
    assert_int_equal(image_resolve(&p->store, with_digest, &p->arena, &found, NULL), -ENOENT);
}

static void layers_come_topmost_first(void **state)
{
    Place *p = *state;
    two_images(p);
    Image found;
    assert_int_equal(image_resolve(&p->store, "one", &p->arena, &found, NULL), 0);
    assert_int_equal(found.layers.count, 2);
    assert_string_equal(found.layers.items[0], oci_digest_hex(digest(p, 'c')));
    assert_string_equal(found.layers.items[1], oci_digest_hex(digest(p, '0')));
    assert_string_equal(found.id, digest(p, 'b'));
    uint64_t bytes;
    assert_int_equal(image_bytes(&p->store, &found, &bytes, NULL), 0);
    assert_int_equal(bytes, 10);

    /* A layer of this image alone has the image's id in its name. */
    char name[IMAGESTORE_LAYER_NAME_SIZE];
    imagestore_layer_name(digest(p, 'c'), found.id, true, name);
    assert_int_equal(
        renameat(p->store.layers_fd, oci_digest_hex(digest(p, 'c')), p->store.layers_fd, name), 0);
    assert_int_equal(image_resolve(&p->store, "one", &p->arena, &found, NULL), 0);
    assert_string_equal(found.layers.items[0], name);
}

static void times_are_read(void **state)
{
    (void)state;
    assert_int_equal(image_time("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(image_time("2024-05-01T10:00:00Z"), 1714557600);
    assert_int_equal(image_time("2024-05-01T10:00:00.123456789Z"), 1714557600);
    assert_int_equal(image_time("2024-05-01T12:00:00+02:00"), 1714557600);
    assert_int_equal(image_time("2024-05-01T04:30:00.5-05:30"), 1714557600);
    assert_int_equal(image_time("2024-05-01"), 0);
    assert_int_equal(image_time("soon"), 0);
    assert_int_equal(image_time(NULL), 0);
}

static void ambiguous_ids_are_refused(void **state)
{
    Place *p = *state;
    two_images(p);
    /* Two images whose ids both begin with... the empty beginning is no id, so make them equal. */
    Image found;
    Error error = { 0 };
    OciDescriptor other = image(p, '1', '2', '3', 0);
    char hex[65];
    memset(hex, 'b', 63); /* an id that differs from the first one's in its last digit */
    strcpy(hex + 63, "7");
    assert_int_equal(
        linkat(p->store.blobs_fd, oci_digest_hex(digest(p, '2')), p->store.blobs_fd, hex, 0), 0);
    char *text;
    size_t size;
    assert_int_equal(imagestore_read_blob(&p->store, &other, &p->arena, &text, &size, NULL), 0);
    memcpy(strstr(text, digest(p, '2')) + 7, hex, 64);
    (void)blob(p, '1', text);
    put(p, other, NAME("other"));
    assert_int_equal(image_resolve(&p->store, "bbbb", &p->arena, &found, &error), -ENOTUNIQ);
    assert_int_equal(error.kind, ERROR_CONFLICT);
    assert_int_equal(image_resolve(&p->store, hex, &p->arena, &found, &error), 0);
}

static void broken_images_say_so(void **state)
{
    Place *p = *state;
    two_images(p);
    Image found;
    Error error = { 0 };
    assert_int_equal(unlinkat(p->store.blobs_fd, oci_digest_hex(digest(p, 'b')), 0), 0);
    assert_true(image_resolve(&p->store, "one", &p->arena, &found, &error) < 0);
    assert_int_equal(error.kind, ERROR_CORRUPT);
    (void)blob(p, 'e', "{}"); /* not the size that the manifest promises */
    assert_true(image_resolve(&p->store, "two", &p->arena, &found, &error) < 0);
    assert_int_equal(error.kind, ERROR_CORRUPT);

    ImageList list;
    size_t broken;
    assert_int_equal(image_list(&p->store, &p->arena, &list, &broken, NULL), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(broken, 3);
}

static void store_belongs_to_its_user(void **state)
{
    Place *p = *state;
    Error error = { 0 };
    ImageStore store;
    assert_int_equal(chmod(p->path, 0755), 0);
    assert_true(imagestore_open(AT_FDCWD, p->path, &store, &error) < 0);
    assert_int_equal(error.kind, ERROR_DENIED);
}

static void tags_are_names(void **state)
{
    Place *p = *state;
    two_images(p);
    assert_int_equal(image_tag(&p->store, "two", "dos:2", NULL), 0);
    assert_int_equal(image_tag(&p->store, "bbbb", "two", NULL), 0); /* takes the name over */
    assert_index(
        p, "a=" NAME("one") " a=quay.io/x/uno:1 d=docker.io/library/dos:2 a=" NAME("two") " ");
    assert_true(image_tag(&p->store, "nothing", "x", NULL) == -ENOENT);
    const char *bad = arena_printf(&p->arena, "x@%s", digest(p, 'a'));
    assert_true(image_tag(&p->store, "one", bad, NULL) == -EINVAL);
}

/*** Removal. ***/

static int rmi(Place *p, const char *text, bool force, const ImageGcUse *use, ImageRemoval *ret,
               Error *error)
{
    ImageRemoveRequest request = { .image = text, .force = force, .use = use };
    request.lock = imagestore_lock(&p->store, true, NULL);
    return imagegc_remove(&p->store, &request, &p->arena, ret, error);
}

static void names_go_before_images(void **state)
{
    Place *p = *state;
    two_images(p);
    ImageRemoval removal;
    Error error = { 0 };
    assert_int_equal(rmi(p, "bbbb", false, NULL, &removal, &error), -EBUSY); /* two names */
    assert_int_equal(rmi(p, "one", false, NULL, &removal, &error), 0);
    assert_int_equal(removal.untagged.count, 1);
    assert_int_equal(removal.removed.count, 0);
    assert_true(has_blob(p, 'a') && has_layer(p, 'c'));
    assert_int_equal(rmi(p, "quay.io/x/uno:1", false, NULL, &removal, &error), 0);
    assert_int_equal(removal.removed.count, 1);
    assert_string_equal(removal.removed.items[0], digest(p, 'b'));
    assert_int_equal(removal.swept.blobs, 3);
    assert_int_equal(removal.swept.layers, 1);
    assert_false(has_blob(p, 'a') || has_blob(p, 'b') || has_blob(p, 'c') || has_layer(p, 'c'));
    /* The base is the other image's too. */
    assert_true(has_blob(p, '0') && has_layer(p, '0') && has_layer(p, 'f'));
    assert_index(p, "d=" NAME("two") " ");
    assert_int_equal(rmi(p, "one", false, NULL, &removal, &error), -ENOENT);
}

static void used_images_stay(void **state)
{
    Place *p = *state;
    two_images(p);
    ImageGcUse use = { 0 };
    strlist_append(&p->arena, &use.ids, digest(p, 'e'));
    strlist_append(&p->arena, &use.layers, oci_digest_hex(digest(p, 'f')));
    strlist_append(&p->arena, &use.layers, oci_digest_hex(digest(p, '0')));
    ImageRemoval removal;
    Error error = { 0 };
    assert_int_equal(rmi(p, "two", false, &use, &removal, &error), -EBUSY);
    assert_int_equal(rmi(p, "two", true, &use, &removal, &error), 0);
    assert_index(p, "a=" NAME("one") " a=quay.io/x/uno:1 ");
    assert_true(has_layer(p, 'f')); /* the container's */
    assert_false(has_blob(p, 'd'));
    ImageGcResult result;
    assert_int_equal(imagegc_sweep(&p->store, NULL, &result, NULL), 0); /* it is gone now */
    assert_int_equal(result.layers, 1);
    assert_false(has_layer(p, 'f'));
}

static void prune_takes_what_has_no_name(void **state)
{
    Place *p = *state;
    two_images(p);
    put(p, image(p, '1', '2', '3', '0'), NULL);
    ImageUsage usage;
    assert_int_equal(imagegc_usage(&p->store, NULL, &usage, NULL), 0);
    assert_int_equal(usage.images, 3);
    assert_true(usage.layer_bytes > 20); /* blocks, and directories */
    assert_int_equal(usage.layer_bytes % 512, 0);
    ImageRemoval removal;
    ImagePruneRequest prune = { .lock = imagestore_lock(&p->store, true, NULL) };
    assert_int_equal(imagegc_prune(&p->store, &prune, &p->arena, &removal, NULL), 0);
    assert_int_equal(removal.removed.count, 1);
    assert_false(has_layer(p, '3'));
    assert_true(has_layer(p, '0'));

    ImageGcUse use = { 0 };
    strlist_append(&p->arena, &use.ids, digest(p, 'b'));
    prune = (ImagePruneRequest){ .all = true, .use = &use };
    prune.lock = imagestore_lock(&p->store, true, NULL);
    assert_int_equal(imagegc_prune(&p->store, &prune, &p->arena, &removal, NULL), 0);
    assert_index(p, "a=" NAME("one") " a=quay.io/x/uno:1 ");
    assert_int_equal(removal.removed.count, 1);
}

static void lost_images_can_be_removed(void **state)
{
    Place *p = *state;
    two_images(p);
    assert_int_equal(unlinkat(p->store.blobs_fd, oci_digest_hex(digest(p, 'd')), 0), 0);
    ImageRemoval removal;
    assert_int_equal(rmi(p, "two", false, NULL, &removal, NULL), 0);
    assert_index(p, "a=" NAME("one") " a=quay.io/x/uno:1 ");
    assert_false(has_layer(p, 'f'));
}

static void work_in_progress_is_spared(void **state)
{
    Place *p = *state;
    two_images(p);
    char name[IMAGESTORE_TEMP_NAME_SIZE];
    int temp CLEANUP(fd_closep) = imagestore_make_temp(&p->store, name, NULL);
    assert_true(temp >= 0);
    const char *keep = arena_printf(&p->arena, "blobs/%s\nlayers/%s\n",
                                    oci_digest_hex(digest(p, 'f')), oci_digest_hex(digest(p, 'f')));
    assert_int_equal(file_write_at(temp, "keep", keep, strlen(keep), 0600, FILE_VOLATILE), 0);
    ImageRemoval removal;
    assert_int_equal(rmi(p, "two", false, NULL, &removal, NULL), 0);
    assert_true(has_layer(p, 'f') && has_blob(p, 'f')); /* an import relies on them */
    assert_false(has_blob(p, 'd') || has_blob(p, 'e'));
    assert_int_equal(removal.swept.temporaries, 0);

    fd_closep(&temp); /* the import died */
    ImageGcResult result;
    assert_int_equal(imagegc_sweep(&p->store, NULL, &result, NULL), 0);
    assert_int_equal(result.temporaries, 1);
    assert_int_equal(imagegc_sweep(&p->store, NULL, &result, NULL), 0);
    assert_int_equal(result.layers, 1);
}

/*** The check. ***/

static size_t count_problems(const ImageProblems *problems, ImageProblemKind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < problems->count; i++)
        count += problems->items[i].kind == kind;
    return count;
}

static void check_finds_and_repairs(void **state)
{
    Place *p = *state;
    two_images(p);
    ImageCheck look = { 0 }, repair = { .repair = true };
    ImageProblems problems;
    assert_int_equal(imagecheck_run(&p->store, &look, &p->arena, &problems, NULL), 0);
    assert_int_equal(problems.count, 0);

    (void)blob(p, '9', "of nobody");
    layer(p, '8');
    assert_int_equal(mkdirat(p->store.root_fd, ".tmp-1-dead", 0700), 0);
    assert_int_equal(file_write_at(p->store.root_fd, ".tmp-2-file", "x", 1, 0600, FILE_VOLATILE),
                     0);
    assert_int_equal(file_remove_tree_at(p->store.layers_fd, oci_digest_hex(digest(p, 'c'))), 0);
    (void)blob(p, 'f', "other size than it had");
    assert_int_equal(unlinkat(p->store.blobs_fd, oci_digest_hex(digest(p, 'e')), 0), 0);
    put(p, image(p, '1', '2', '3', '0'), NAME("three"));
    (void)blob(p, '3', "short");

    assert_int_equal(imagecheck_run(&p->store, &look, &p->arena, &problems, NULL), 0);
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_UNUSED),
                     5); /* 9, 8; d, f and its tree with the image they belonged to */
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_TEMPORARY), 2);
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_LAYER), 2); /* c, under both names */
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_MANIFEST), 1); /* two */
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_BLOB), 1);     /* three's layer */
    assert_true(has_blob(p, '9'));

    assert_int_equal(imagecheck_run(&p->store, &repair, &p->arena, &problems, NULL), 0);
    assert_false(has_blob(p, '9') || has_layer(p, '8') || has_layer(p, 'f'));
    assert_int_equal(faccessat(p->store.root_fd, ".tmp-1-dead", F_OK, 0), -1);
    assert_int_equal(faccessat(p->store.root_fd, ".tmp-2-file", F_OK, 0), -1);
    assert_index(p, "a=" NAME("one") " a=quay.io/x/uno:1 1=" NAME("three") " ");
    layer(p, 'c');
    (void)blob(p, '3', "own layer");
    assert_int_equal(imagecheck_run(&p->store, &look, &p->arena, &problems, NULL), 0);
    assert_int_equal(problems.count, 0);
}

static void damaged_index_touches_nothing(void **state)
{
    Place *p = *state;
    two_images(p);
    assert_int_equal(file_write_at(p->store.root_fd, "index.json", "{", 1, 0600, FILE_VOLATILE), 0);
    ImageCheck repair = { .repair = true };
    ImageProblems problems;
    assert_int_equal(imagecheck_run(&p->store, &repair, &p->arena, &problems, NULL), 0);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].kind, IMAGE_PROBLEM_INDEX);
    ImageGcResult result;
    assert_true(imagegc_sweep(&p->store, NULL, &result, NULL) < 0);
    assert_true(has_blob(p, 'a') && has_layer(p, 'c'));
}

static int digest_of(int fd, char ret_digest[OCI_DIGEST_SIZE], Error *error)
{
    (void)error;
    char text[16] = "";
    (void)!read(fd, text, sizeof(text) - 1);
    /* As if every blob were "c" but the manifests' and configs', which are JSON. */
    memset(ret_digest, text[0] == '{' ? '?' : 'c', OCI_DIGEST_SIZE);
    memcpy(ret_digest, "sha256:", 7);
    ret_digest[OCI_DIGEST_SIZE - 1] = '\0';
    return 0;
}

static void deep_check_computes_digests(void **state)
{
    Place *p = *state;
    two_images(p);
    ImageCheck deep = { .digest_of = digest_of };
    ImageProblems problems;
    assert_int_equal(imagecheck_run(&p->store, &deep, &p->arena, &problems, NULL), 0);
    assert_int_equal(count_problems(&problems, IMAGE_PROBLEM_MANIFEST), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(names_are_unique),
        TEST(strangers_annotations_are_dropped),
        TEST(images_are_found),
        TEST(layers_come_topmost_first),
        TEST(times_are_read),
        TEST(ambiguous_ids_are_refused),
        TEST(broken_images_say_so),
        TEST(store_belongs_to_its_user),
        TEST(tags_are_names),
        TEST(names_go_before_images),
        TEST(used_images_stay),
        TEST(prune_takes_what_has_no_name),
        TEST(lost_images_can_be_removed),
        TEST(work_in_progress_is_spared),
        TEST(check_finds_and_repairs),
        TEST(damaged_index_touches_nothing),
        TEST(deep_check_computes_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
