/*
 * Any bytes as config.json, as far as a plan: whatever a configuration says, the plan is made or
 * refused with words, and can be printed. No system call is made.
 */
#include "fuzz.h"
#include "runtime/plan_build.h"
#include "runtime/plan_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    CgroupHost host = { .mode = CGROUP_V2, .available = ~0u, .unified_mount = "/sys/fs/cgroup" };
    OciState state = { .oci_version = "1.0.0", .id = "fuzz", .bundle = "/bundle" };
    Error error = { 0 };
    Spec *spec;
    if (spec_parse(&arena, (const char *)data, size, &spec, &error) < 0 ||
        spec_validate(spec, &error) < 0)
        return 0;
    PlanInput input = {
        .spec = spec,
        .id = "fuzz",
        .bundle = "/bundle",
        .cgroup_host = &host,
        .controllers = ~0u,
        .state = &state,
    };
    Plan plan;
    if (plan_build(&input, &arena, &plan, &error) < 0) {
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
        return 0;
    }
    plan_print(&plan, &text);
    FUZZ_ASSERT(text.length > 0);
    return 0;
}
