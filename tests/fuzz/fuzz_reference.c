/*
 * A name that is accepted can stand in a URL, and its text and familiar form mean the same again.
 */
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "image/reference.h"

static void same(const Reference *a, const char *text, Arena *arena)
{
    Reference b;
    FUZZ_ASSERT(reference_parse(text, arena, &b, NULL) == 0);
    FUZZ_ASSERT(str_eq(a->domain, b.domain) && str_eq(a->path, b.path) && str_eq(a->tag, b.tag) &&
                str_eq(a->digest, b.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    Reference reference;
    const char *text = arena_strndup(&arena, (const char *)data, size);
    (void)reference_id_prefix(text);
    (void)reference_has_domain(text);
    if (reference_parse(text, &arena, &reference, &error) < 0) {
        FUZZ_ASSERT(*error.message);
        return 0;
    }
    const char *whole = reference_text(&reference, &arena);
    FUZZ_ASSERT(!strstr(whole, "/.") && !strstr(whole, "//"));
    FUZZ_ASSERT(strlen(whole) == strcspn(whole, " ?#%\\\r\n\"<>"));
    same(&reference, whole, &arena);
    same(&reference, reference_familiar(&reference, &arena), &arena);
    return 0;
}
