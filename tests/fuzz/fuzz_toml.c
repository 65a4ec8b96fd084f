/*
 * A configuration file: a tree that can be written as JSON, or an error with a line.
 */
#include <string.h>

#include "base/toml.h"
#include "fuzz.h"

static void walk(const JsonValue *value, unsigned depth)
{
    FUZZ_ASSERT(depth < 64);
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return;
    uint32_t count = 0;
    for (const JsonValue *item = value->first; item; item = item->next) {
        FUZZ_ASSERT(value->type == JSON_ARRAY || item->key);
        if (item->key)
            FUZZ_ASSERT(json_member(value, item->key) == item); /* no key stands twice */
        walk(item, depth + 1);
        count++;
    }
    FUZZ_ASSERT(count == value->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    const JsonValue *value;
    const char *text = arena_strndup(&arena, (const char *)data, size);
    if (toml_parse(text, &arena, &value, &error) < 0) {
        FUZZ_ASSERT(strncmp(error.message, "line ", 5) == 0);
        return 0;
    }
    walk(value, 0);
    return 0;
}
