/*
 * A server's WWW-Authenticate: every challenge has a scheme, and nothing in it was not in the
 * header.
 */
#include <string.h>

#include "cmd/registry/challenge.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ChallengeList list = { 0 };
    const char *header = arena_strndup(&arena, (const char *)data, size);
    challenge_parse(header, &arena, &list);
    for (size_t i = 0; i < list.count; i++) {
        const Challenge *item = &list.items[i];
        FUZZ_ASSERT(item->scheme && *item->scheme && strstr(header, item->scheme));
        FUZZ_ASSERT(challenge_find(&list, item->scheme) <= item);
        FUZZ_ASSERT(!item->realm || strlen(item->realm) <= strlen(header));
    }
    return 0;
}
