/*
 * Images' documents: each kind read and written back byte for byte, docker's forms of them, what
 * hostile ones are refused for, digests and media types.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "spec/oci_image.h"

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define BLOB   "{\"mediaType\":\"m/t\",\"digest\":\"" DIGEST "\",\"size\":1}"

static void test_round_trips(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf out CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    size_t size;

    OciManifest manifest;
    char *text = sample_read(&arena, "image-manifest.json", &size);
    assert_int_equal(oci_manifest_parse(&arena, text, size, &manifest, &error), 0);
    assert_int_equal(manifest.layers.items[0].size, 32654);
    oci_manifest_encode(&manifest, true, &out);
    assert_string_equal(out.data, text);

    OciIndex index;
    strbuf_clear(&out);
    text = sample_read(&arena, "image-index.json", &size);
    assert_int_equal(oci_index_parse(&arena, text, size, &index, &error), 0);
    assert_string_equal(index.manifests.items[0].platform->variant, "v7");
    oci_index_encode(&index, true, &out);
    assert_string_equal(out.data, text);

    OciImage image;
    strbuf_clear(&out);
    text = sample_read(&arena, "image-config.json", &size);
    assert_int_equal(oci_image_parse(&arena, text, size, &image, &error), 0);
    assert_string_equal(image.config.exposed_ports.items[1], "53/udp");
    assert_true(image.config.cmd.items && image.config.cmd.count == 0);
    oci_image_encode(&image, true, &out);
    assert_string_equal(out.data, text);

    assert_int_equal(oci_image_check_layers(&image, &manifest, &error), 0);
    manifest.layers.count = 0;
    assert_int_equal(oci_image_check_layers(&image, &manifest, &error), -EINVAL);
    assert_string_equal(error.message, "the image's config has 1 diff_ids, its manifest 0 layers");
}

/* As docker writes them: its media types, null for what is empty, members that we do not know. */
static void test_docker_forms(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    OciImage image;
    const char *text =
        "{\"architecture\":\"amd64\",\"config\":{\"Hostname\":\"\",\"AttachStdin\":false,"
        "\"Env\":null,\"Cmd\":[\"sh\"],\"Image\":\"" DIGEST "\",\"Volumes\":null,"
        "\"Entrypoint\":null,\"OnBuild\":null,\"Labels\":null},\"container\":\"abc\","
        "\"container_config\":{\"Cmd\":[\"/bin/sh\"]},\"docker_version\":\"20\",\"os\":\"linux\","
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null},\"history\":null}";
    assert_int_equal(oci_image_parse(&arena, text, strlen(text), &image, NULL), 0);
    assert_null(image.config.env.items);
    assert_null(image.config.entrypoint.items);
    assert_null(image.config.healthcheck);
    assert_string_equal(image.config.cmd.items[0], "sh");
    assert_int_equal(image.rootfs.diff_ids.count, 0);

    OciManifest manifest;
    text = "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_MANIFEST
           "\",\"config\":" BLOB ",\"layers\":[]}";
    assert_int_equal(oci_manifest_parse(&arena, text, strlen(text), &manifest, NULL), 0);

    OciIndex index;
    text =
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":[]}";
    assert_int_equal(oci_index_parse(&arena, text, strlen(text), &index, NULL), 0);

    OciArchiveImages images;
    text = "[{\"Config\":\"abc.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"l/layer.tar\"]},"
           "{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":[]}]";
    assert_int_equal(oci_archive_parse(&arena, text, strlen(text), &images, NULL), 0);
    assert_int_equal(images.count, 2);
    assert_string_equal(images.items[0].layers.items[0], "l/layer.tar");

    OciLayout layout;
    text = "{\"imageLayoutVersion\":\"1.0.0\"}";
    assert_int_equal(oci_layout_parse(&arena, text, strlen(text), &layout, NULL), 0);
}

typedef enum Kind { INDEX, MANIFEST, IMAGE, LAYOUT, ARCHIVE } Kind;

static int parse(Kind kind, Arena *arena, const char *text, size_t size, Error *error)
{
    OciIndex index;
    OciManifest manifest;
    OciImage image;
    OciLayout layout;
    OciArchiveImages images;
    switch (kind) {
    case INDEX: return oci_index_parse(arena, text, size, &index, error);
    case MANIFEST: return oci_manifest_parse(arena, text, size, &manifest, error);
    case IMAGE: return oci_image_parse(arena, text, size, &image, error);
    case LAYOUT: return oci_layout_parse(arena, text, size, &layout, error);
    case ARCHIVE: return oci_archive_parse(arena, text, size, &images, error);
    }
    return 0;
}

static const struct {
    Kind kind;
    const char *text;
    const char *message;
} refused[] = {
    { MANIFEST, "{}", "schemaVersion: required, but missing" },
    { MANIFEST, "{\"schemaVersion\":1,\"config\":" BLOB ",\"layers\":[]}",
      "schemaVersion: expected an integer from 2 to 2, found 1" },
    { MANIFEST, "{\"schemaVersion\":1,\"fsLayers\":[]}",
      "docker's image manifest version 1 is not supported" },
    { MANIFEST, "{\"schemaVersion\":2,\"config\":" BLOB "}", "layers: required, but missing" },
    { MANIFEST, "{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[],\"manifests\":[]}",
      "a manifest that is an index too" },
    { MANIFEST,
      "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_INDEX "\",\"config\":" BLOB
      ",\"layers\":[]}",
      "mediaType: not the type of a manifest" },
    { MANIFEST, "{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[{\"mediaType\":\"m\"}]}",
      "layers[0].digest: required, but missing" },
    { MANIFEST,
      "{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[{\"mediaType\":\"m\",\"digest\":"
      "\"" DIGEST "\",\"size\":-1}]}",
      "layers[0].size: expected an integer from 0 to 9223372036854775807, found -1" },
    { MANIFEST,
      "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"m\",\"size\":1,\"digest\":"
      "\"sha256:../../etc/passwd\"},\"layers\":[]}",
      "config.digest: expected sha256: and 64 hexadecimal digits, found "
      "\"sha256:../../etc/passwd\"" },
    { INDEX, "{\"schemaVersion\":2}", "manifests: required, but missing" },
    { INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
      "an index that is a manifest too" },
    { INDEX, "{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}",
      "an index that is a manifest too" },
    { INDEX, "{\"schemaVersion\":2,\"mediaType\":\"text/plain\",\"manifests\":[]}",
      "mediaType: not the type of an index" },
    { IMAGE, "{}", "rootfs: required, but missing" },
    { IMAGE, "{\"rootfs\":{\"type\":\"tree\"}}",
      "rootfs.type: found \"tree\", expected one of layers" },
    { IMAGE, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:1\"]}}",
      "rootfs.diff_ids[0]: expected sha256: and 64 hexadecimal digits, found \"sha256:1\"" },
    { IMAGE, "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"ExposedPorts\":[\"80\"]}}",
      "config.ExposedPorts: expected an object, found an array" },
    { LAYOUT, "{\"imageLayoutVersion\":\"2.0.0\"}", "imageLayoutVersion: only 1.x is supported" },
    { ARCHIVE, "{}", "expected an array, found an object" },
    { ARCHIVE, "[{\"Layers\":[]}]", "[0].Config: required, but missing" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        Arena arena CLEANUP(arena_done) = { 0 };
        Error error = { 0 };
        const char *text = refused[i].text;
        assert_true(parse(refused[i].kind, &arena, text, strlen(text), &error) < 0);
        assert_string_equal(error.message, refused[i].message);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    Error error = { 0 };
    strbuf_add(&text, "{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[" BLOB);
    for (int i = 1; i < OCI_MAX_LAYERS; i++)
        strbuf_add(&text, "," BLOB);
    size_t length = text.length;
    strbuf_add(&text, "]}");
    assert_int_equal(parse(MANIFEST, &arena, text.data, text.length, &error), 0);
    text.length = length;
    strbuf_add(&text, "," BLOB "]}");
    assert_int_equal(parse(MANIFEST, &arena, text.data, text.length, &error), -EINVAL);
    assert_string_equal(error.message, "layers: expected 0 to 500 items, found 501");

    char *large = arena_alloc(&arena, OCI_MAX_DOCUMENT_BYTES + 1);
    for (Kind kind = INDEX; kind <= ARCHIVE; kind++) {
        assert_int_equal(parse(kind, &arena, large, OCI_MAX_DOCUMENT_BYTES + 1, &error), -EFBIG);
        assert_string_equal(error.message, "text of 4194305 bytes, at most 4194304 are allowed");
    }
}

static void test_digests(void **state)
{
    (void)state;
    assert_true(oci_digest_is_valid(DIGEST));
    assert_string_equal(oci_digest_hex(DIGEST), &DIGEST[7]);
    static const char *const bad[] = {
        "",
        "sha256:",
        "sha256:1",
        (DIGEST "1"),
        "SHA256:1111",
        "sha512:11",
        (DIGEST "\n"),
        "sha256:A111111111111111111111111111111111111111111111111111111111111111",
        "sha256:/111111111111111111111111111111111111111111111111111111111111111",
        (" " DIGEST),
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(oci_digest_is_valid(bad[i]));
    assert_false(oci_digest_is_valid(NULL));
}

static void test_media_types(void **state)
{
    (void)state;
    assert_int_equal(oci_media_kind(OCI_MEDIA_TYPE_DOCKER_LIST), OCI_MEDIA_INDEX);
    assert_int_equal(oci_media_kind("application/vnd.oci.empty.v1+json"), OCI_MEDIA_EMPTY);
    assert_int_equal(oci_media_kind("text/plain"), OCI_MEDIA_UNKNOWN);
    assert_int_equal(oci_media_kind(NULL), OCI_MEDIA_UNKNOWN);
    assert_null(oci_media_type(OCI_MEDIA_TYPE_LAYER)->compression);
    assert_string_equal(oci_media_type(OCI_MEDIA_TYPE_LAYER_ZSTD)->compression, "zstd");
    const OciMediaType *type =
        oci_media_type("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    assert_true(type->docker && type->foreign);
    assert_string_equal(type->compression, "gzip");
    for (const char *const *name = oci_media_accepted(); *name; name++)
        assert_true(oci_media_kind(*name) == OCI_MEDIA_INDEX ||
                    oci_media_kind(*name) == OCI_MEDIA_MANIFEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_docker_forms),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_digests),     cmocka_unit_test(test_media_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
