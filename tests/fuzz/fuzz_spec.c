/*
 * Any bytes as a container's configuration: what is accepted is judged, written, read back and
 * copied, with the same text each time.
 */
#include <string.h>

#include "fuzz.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf first CLEANUP(strbuf_done) = { 0 }, second CLEANUP(strbuf_done) = { 0 };
    Spec *spec, *again;
    Error error = { 0 };
    if (spec_parse(&arena, (const char *)data, size, &spec, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
        return 0;
    }
    int valid = spec_validate(spec, &error);
    Spec copy;
    field_copy(&spec_table, spec, &arena, &copy);
    spec_encode(&copy, false, &first);
    FUZZ_ASSERT(spec_parse(&arena, first.data, first.length, &again, &error) == 0);
    FUZZ_ASSERT(spec_validate(again, &error) == valid);
    spec_encode(again, false, &second);
    FUZZ_ASSERT(strcmp(first.data, second.data) == 0);
    return 0;
}
