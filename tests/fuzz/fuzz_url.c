/*
 * A URL has its own authority and no other; what is clean has no credentials; what is escaped is
 * plain.
 */
#include <string.h>

#include "cmd/registry/url.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    const char *url = arena_strndup(&arena, (const char *)data, size);
    const char *authority = url_authority(url, &arena);
    FUZZ_ASSERT(strcspn(authority, "/?#\\@") == strlen(authority));
    FUZZ_ASSERT(url_has_authority(url, authority));
    FUZZ_ASSERT(!url_has_authority(url, arena_printf(&arena, "%s.example", authority)));
    (void)url_authority_is_loopback(authority);
    if (url_is_clean(url))
        FUZZ_ASSERT(strlen(url) == strcspn(url, " \t\r\n\\"));
    const char *escaped = url_escape(url, &arena);
    FUZZ_ASSERT(strlen(escaped) == strcspn(escaped, "&=/?# \r\n"));
    return 0;
}
