/*
 * Any bytes: what the parser accepts is written, read back and written again, with the same text.
 */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"

static void write_value(const JsonValue *value, bool pretty, StrBuf *text)
{
    JsonWriter writer = { .text = text, .pretty = pretty };
    json_write_value(&writer, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf first CLEANUP(strbuf_done) = { 0 }, second CLEANUP(strbuf_done) = { 0 };
    const JsonValue *value, *again;
    Error error = { 0 };
    if (json_parse((const char *)data, size, NULL, &arena, &value, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && strncmp(error.message, "line ", 5) == 0);
        return 0;
    }
    write_value(value, true, &first);
    FUZZ_ASSERT(json_parse(first.data, first.length, NULL, &arena, &again, &error) == 0);
    write_value(json_copy(again, &arena), true, &second);
    FUZZ_ASSERT(strcmp(first.data, second.data) == 0);
    return 0;
}
