/*
 * Any bytes as the state.json of a container of ambit-oci: what is accepted names this container,
 * no process but one, and no cgroup above.
 */
#include <string.h>

#include "cmd/oci/record.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    Record record;
    if (record_parse("box", (const char *)data, size, &arena, &record, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
        return 0;
    }
    OciState state = record_state(&record, OCI_STATUS_RUNNING);
    FUZZ_ASSERT(strcmp(state.id, "box") == 0 && state.bundle && state.created);
    FUZZ_ASSERT(state.pid >= 0 && state.pid != 1);
    return 0;
}
