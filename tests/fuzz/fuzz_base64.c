/*
 * What is decoded is what was encoded; what decodes is, encoded again, the same but for bits that
 * padding hides.
 */
#include <string.h>

#include "base/base64.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    char *decoded;
    size_t decoded_size;
    const char *encoded = base64_encode(data, size, &arena);
    FUZZ_ASSERT(base64_decode(encoded, &arena, &decoded, &decoded_size) == 0);
    FUZZ_ASSERT(decoded_size == size && (size == 0 || memcmp(decoded, data, size) == 0));
    const char *text = arena_strndup(&arena, (const char *)data, size);
    if (base64_decode(text, &arena, &decoded, &decoded_size) < 0)
        return 0;
    const char *again = base64_encode(decoded, decoded_size, &arena);
    FUZZ_ASSERT(strlen(again) == strlen(text) && decoded[decoded_size] == '\0');
    return 0;
}
