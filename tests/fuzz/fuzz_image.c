/*
 * Any bytes as each of the images' documents. No text is both an index and a manifest.
 */
#include <string.h>

#include "fuzz.h"
#include "spec/oci_image.h"

static void round_trip(const FieldTable *table, const void *object, void *again, Arena *arena)
{
    StrBuf first CLEANUP(strbuf_done) = { 0 }, second CLEANUP(strbuf_done) = { 0 };
    field_print(table, object, true, &first);
    FUZZ_ASSERT(field_parse(table, first.data, first.length, arena, again, NULL) == 0);
    field_print(table, again, true, &second);
    FUZZ_ASSERT(strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *text = (const char *)data;
    OciIndex index, index_again;
    OciManifest manifest, manifest_again;
    OciImage image, image_again;
    OciArchiveImages archive;
    bool is_index = oci_index_parse(&arena, text, size, &index, NULL) == 0;
    bool is_manifest = oci_manifest_parse(&arena, text, size, &manifest, NULL) == 0;
    FUZZ_ASSERT(!is_index || !is_manifest);
    if (is_index)
        round_trip(&oci_index_table, &index, &index_again, &arena);
    if (is_manifest)
        round_trip(&oci_manifest_table, &manifest, &manifest_again, &arena);
    if (oci_image_parse(&arena, text, size, &image, NULL) == 0)
        round_trip(&oci_image_table, &image, &image_again, &arena);
    (void)!oci_archive_parse(&arena, text, size, &archive, NULL);
    return 0;
}
