/*
 * Any bytes as a seccomp profile in docker's form: what is accepted becomes a filter or is refused,
 * and a filter has a verdict for every call.
 */
#include "fuzz.h"
#include "linux/seccomp.h"
#include "runtime/filter_translate.h"
#include "spec/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SeccompProfile *profile;
    if (seccomp_profile_parse(&arena, (const char *)data, size, &profile, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
        return 0;
    }
    StrList capabilities = strlist_split(&arena, "CAP_SYS_ADMIN,CAP_NET_ADMIN", ',');
    const SeccompProfileTarget target = { SECCOMP_PROFILE_NATIVE, 6, 1, &capabilities };
    SpecSeccomp *seccomp = seccomp_profile_resolve(profile, &target, &arena);
    SeccompProgram program;
    uint32_t flags;
    if (filter_translate(seccomp, &arena, &program, &flags, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
        return 0;
    }
    const uint64_t arguments[6] = { size, UINT64_MAX, 0, 1, 2, 3 };
    for (uint32_t number = 0; number < 500; number += 7)
        (void)seccomp_evaluate(&program, seccomp_native_architecture(), number, arguments);
    return 0;
}
