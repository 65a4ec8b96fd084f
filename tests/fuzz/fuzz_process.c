/*
 * Any bytes as the file of `exec --process`, and as that of `update --resources`: judged, and as
 * far as a plan and limits.
 */
#include "fuzz.h"
#include "runtime/plan_build.h"
#include "runtime/plan_print.h"
#include "runtime/resources.h"

static void fuzz_exec(const SpecProcess *process, Arena *arena)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    static const Spec spec;
    Error error = { 0 };
    Plan plan;
    const PlanExecInput input = { .process = process, .spec = &spec, .id = "fuzz", .pid = 7 };
    if (plan_build_exec(&input, arena, &plan, &error) < 0)
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
    else
        plan_print(&plan, &text);
}

static void fuzz_resources(const SpecResources *resources, Arena *arena)
{
    CgroupLimit limit = { 0 };
    CgroupDeviceLimit *devices;
    size_t count;
    Error error = { 0 };
    if (resources_limit(resources, &limit, &error) < 0 ||
        resources_device_limits(resources, arena, &devices, &count, &error) < 0)
        FUZZ_ASSERT(error.kind != ERROR_NONE && *error.message);
    (void)resources_controllers(resources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    SpecProcess *process;
    SpecResources *resources;
    if (spec_process_parse(&arena, (const char *)data, size, &process, &error) == 0 &&
        spec_process_validate(process, &error) == 0)
        fuzz_exec(process, &arena);
    if (spec_resources_parse(&arena, (const char *)data, size, &resources, &error) == 0)
        fuzz_resources(resources, &arena);
    return 0;
}
