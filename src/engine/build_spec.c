/*
 * The order of the parts, and the little that belongs to none of them.
 */
#include "engine/build.h"

#include <string.h>

#include "engine/build_parts.h"
#include "linux/signalname.h"

static const char build_oci_version[] = "1.3.0";

enum { BUILD_STOP_TIMEOUT_S = 10, BUILD_SIGTERM = 15 };

const FactsDevice *build_find_device(const Build *build, const char *path)
{
    for (size_t i = 0; i < build->facts->device_count; i++)
        if (str_eq(build->facts->devices[i].path, path))
            return &build->facts->devices[i];
    return NULL;
}

static void build_labels(Build *build)
{
    BuildResult *result = build->result;
    const OciImageConfig *image = build->input->image;
    for (size_t i = 0; image && i < image->labels.count; i++)
        strmap_set(build->arena, &result->labels, image->labels.items[i].key,
                   image->labels.items[i].value);
    const StrMap *own = &build->request->labels;
    for (size_t i = 0; i < own->count; i++)
        strmap_set(build->arena, &result->labels, own->items[i].key, own->items[i].value);
}

static void build_stop(Build *build)
{
    BuildResult *result = build->result;
    const OciImageConfig *image = build->input->image;
    const char *name = build->request->stop_signal;
    if (!name && image && !str_empty(image->stop_signal))
        name = image->stop_signal;
    result->stop_signal = name ? signalname_parse(name) : 0;
    if (result->stop_signal <= 0) /* an image's nonsense is no reason not to stop */
        result->stop_signal = BUILD_SIGTERM;
    result->stop_timeout_s = build->request->stop_timeout_s == REQUEST_NO_TIMEOUT
                                 ? BUILD_STOP_TIMEOUT_S
                                 : build->request->stop_timeout_s;
}

/* Fields that need no thought. Annotations come from the caller alone: CVE-2026-53488 and its
 * kin came from copying an image's. */
static void build_frame(Build *build)
{
    Spec *spec = build->spec;
    spec->oci_version = build_oci_version;
    spec->root->path = build->input->rootfs;
    spec->root->readonly = build->request->read_only;
    spec->annotations = build->request->annotations;
}

int build_spec(const BuildInput *input, Arena *arena, BuildResult *ret_result, Error *error)
{
    static int (*const parts[])(Build *, Error *) = {
        build_process, build_security, build_resources, build_devices,
        build_sysctls, build_mounts,   build_files,
    };
    BuildResult result = { .spec = arena_alloc(arena, sizeof(Spec)) };
    Build build = {
        .input = input,
        .request = input->request,
        .facts = input->facts,
        .arena = arena,
        .spec = result.spec,
        .result = &result,
    };
    build.spec->root = arena_alloc(arena, sizeof(SpecRoot));
    build.spec->process = arena_alloc(arena, sizeof(SpecProcess));
    build.spec->linux = arena_alloc(arena, sizeof(SpecLinux));
    build.spec->linux->resources = arena_alloc(arena, sizeof(SpecResources));

    int r = build_namespaces(&build, error);
    if (r == 0)
        r = build_check(&build, error);
    build_frame(&build);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(parts); i++)
        r = parts[i](&build, error);
    if (r < 0)
        return r;
    build_labels(&build);
    build_stop(&build);
    *ret_result = result;
    return 0;
}
