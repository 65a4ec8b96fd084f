/*
 * Any words as a command line of `ambit run`, one word a line. What is accepted and can be built
 * must be a spec that validates; what is refused must say why in one line.
 */
#include <string.h>

#include "cmd/ambit/run_options.h"
#include "engine/build.h"
#include "fuzz.h"

static FactsDevice devices[] = {
    { .path = "/dev/fuse", .type = 'c', .major = 10, .minor = 229, .mode = 0666 },
    { .path = "/dev/sda", .type = 'b', .major = 8, .minor = 0, .mode = 0660, .gid = 6 },
};
static const Facts facts = {
    .namespaces = (1u << NAMESPACE_MAX) - 1,
    .capabilities = (1ULL << 41) - 1,
    .cgroup_mode = CGROUP_V1,
    .controllers = UINT32_MAX,
    .swap_limit = true,
    .cpu_count = 4,
    .cpu_highest = 3,
    .nofile_hard = 1048576,
    .recursive_readonly = true,
    .hostname = "host",
    .working_directory = "/home/me",
    .devices = devices,
    .device_count = ARRAY_LEN(devices),
};
static const IdRange ids[] = { { .container = 0, .host = 1000000, .count = 65536 } };
static const SeccompProfile seccomp = { .default_action = "SCMP_ACT_ERRNO" };

static void fuzz_build(const RunRequest *request, Arena *arena)
{
    OciImageConfig image = { .cmd = strlist_split(arena, "/init", ' ') };
    BuildInput input = {
        .request = request,
        .image = request->rootfs ? NULL : &image,
        .facts = &facts,
        .id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .rootfs = "/root",
        .uids = ids,
        .gids = ids,
        .uid_count = 1,
        .gid_count = 1,
        .joined_shm = "/proc/77/root/dev/shm",
        .volumes = "/volumes",
        .files = "/files",
        .seccomp_default = &seccomp,
        .seccomp_file = &seccomp,
    };
    for (int i = 0; i < NAMESPACE_MAX; i++)
        input.joins[i].path = "/proc/77/ns/x";
    BuildResult result;
    Error error = { 0 };
    if (build_spec(&input, arena, &result, &error) < 0) {
        FUZZ_ASSERT(error.message[0] != '\0');
        return;
    }
    if (spec_validate(result.spec, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.message);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Error error = { 0 };
    RunRequest request = request_defaults;
    StrList arguments;
    StrList words = strlist_split(&arena, arena_strndup(&arena, (const char *)data, size), '\n');
    OptionLine line = { run_options, OPTION_STOP_AT_ARGUMENT, words.items, words.count };
    int r = option_parse(&line, &request, &arena, &arguments, &error);
    request.env_files = request.label_files = (StrList){ 0 }; /* no files of this machine */
    if (r == 0)
        r = run_options_finish(&request, arguments.items, arguments.count, &arena, &error);
    if (r == 0)
        fuzz_build(&request, &arena);
    else
        FUZZ_ASSERT(r == OPTION_HELP || error.message[0] != '\0');
    return 0;
}
