/*
 * Reading only; nothing is taken yet, so every error here leaves nothing to undo.
 */
#include "engine/run_inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/companion.h"
#include "base/file.h"
#include "engine/container.h"
#include "engine/listing.h"
#include "image/imagehelper.h"

#include "linux/idmap.h"

enum { RUN_PROFILE_MAX = 4 * 1024 * 1024 };

static int run_find_init(const RunRequest *request, Arena *arena, RunInputs *inputs, Error *error)
{
    if (!request->init)
        return 0;
    inputs->init_path = companion_program("ambit-init", arena);
    if (access(inputs->init_path, X_OK) < 0)
        return error_errno(error, errno, "--init: %s", inputs->init_path);
    return 0;
}

static int run_read_profile(const RunRequest *request, Arena *arena, RunInputs *inputs,
                            Error *error)
{
    const char *path = request->security.seccomp_file;
    inputs->build.seccomp_default = seccomp_default_profile();
    if (request->security.seccomp != REQUEST_SECCOMP_FILE)
        return 0;
    char *text;
    SeccompProfile *profile = NULL;
    size_t size;
    int r = file_read_at(AT_FDCWD, path, RUN_PROFILE_MAX, arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "--security-opt: seccomp=%s", path);
    r = seccomp_profile_parse(arena, text, size, &profile, error);
    inputs->build.seccomp_file = profile;
    return r < 0 ? error_wrap(error, "--security-opt: seccomp=%s", path) : 0;
}

static int run_read_map(pid_t pid, const char *file, Arena *arena, const IdRange **ret_ranges,
                        size_t *ret_count, Error *error)
{
    char *text;
    IdRange *ranges;
    const char *path = arena_printf(arena, "/proc/%d/%s", (int)pid, file);
    int r = file_read_at(AT_FDCWD, path, 65536, arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r, "%s", path);
    r = idmap_parse(text, arena, &ranges, ret_count, error);
    if (r == 0)
        *ret_ranges = ranges;
    return r;
}

static int run_join_ended(const char *option, const char *name, Error *error)
{
    return error_set(error, ERROR_CONFLICT, ESRCH, "--%s: container %s is not running", option,
                     name);
}

static int run_join(const Engine *engine, NamespaceType type, Arena *arena, RunInputs *inputs,
                    Error *error)
{
    const RunRequest *request = inputs->build.request;
    const char *option = request_namespace_option(request, type);
    const char *name = request_namespace(request, type).target;
    ListingItem item;
    int r = listing_find(engine, name, arena, &item, error);
    if (r < 0)
        return error_wrap(error, "--%s", option);
    if (item.status != CONTAINER_RUNNING)
        return run_join_ended(option, name, error);
    BuildJoin *join = &inputs->build.joins[type];
    join->state = item.state;
    join->path = arena_printf(arena, "/proc/%d/ns/%s", (int)item.state->pid,
                              namespace_table[type].proc_name);
    uint64_t theirs, ours;
    r = namespace_id_of_pid(item.state->pid, type, &theirs, error);
    if (r == 0)
        r = namespace_id_of_pid(0, type, &ours, error);
    if (r < 0) /* it may have ended since it was found */
        return container_is_running(item.state) ? r : run_join_ended(option, name, error);
    join->host = theirs == ours;
    if (type == NAMESPACE_IPC)
        inputs->build.joined_shm =
            arena_printf(arena, "/proc/%d/root/dev/shm", (int)item.state->pid);
    if (type == NAMESPACE_NET)
        inputs->build.joined_files =
            arena_printf(arena, "%s/containers/%s", engine->state, item.id);
    if (type != NAMESPACE_USER || join->host)
        return 0;
    r = run_read_map(item.state->pid, "uid_map", arena, &inputs->build.uids,
                     &inputs->build.uid_count, error);
    if (r == 0)
        r = run_read_map(item.state->pid, "gid_map", arena, &inputs->build.gids,
                         &inputs->build.gid_count, error);
    return r;
}

/* A user namespace that was only followed and turns out to be the host's is not entered: the
 * container gets its own (build_namespaces.c). */
static bool run_has_own_ids(const RunRequest *request, const RunInputs *inputs)
{
    bool said = request->namespaces[NAMESPACE_USER].mode != REQUEST_NAMESPACE_DEFAULT;
    RequestNamespaceMode mode = request_namespace(request, NAMESPACE_USER).mode;
    return mode == REQUEST_NAMESPACE_DEFAULT || mode == REQUEST_NAMESPACE_PRIVATE ||
           (mode == REQUEST_NAMESPACE_CONTAINER && !said &&
            inputs->build.joins[NAMESPACE_USER].host);
}

static int run_joins(const Engine *engine, const RunRequest *request, Arena *arena,
                     RunInputs *inputs, Error *error)
{
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        if (request_namespace(request, type).mode != REQUEST_NAMESPACE_CONTAINER)
            continue;
        int r = run_join(engine, type, arena, inputs, error);
        if (r < 0)
            return r;
    }
    inputs->own_ids = run_has_own_ids(request, inputs);
    return 0;
}

static bool run_platform_fits(const OciPlatform *wanted, const Image *image)
{
    const OciPlatform stored = {
        .os = image->config.os,
        .architecture = image->config.architecture,
        .variant = image->config.variant,
    };
    return oci_platform_fits(&stored, wanted->architecture, wanted->variant);
}

/* 1: the image, or a sibling that is stored with it and becomes *image, is for the machine that
 * --platform says; 0: neither is. */
static int run_choose_platform(const ImageStore *store, const RunRequest *request, Arena *arena,
                               Image *image, Error *error)
{
    OciPlatform wanted;
    if (!request->platform || oci_platform_parse(request->platform, arena, &wanted) < 0 ||
        run_platform_fits(&wanted, image))
        return 1;
    if (!image->whole)
        return 0;
    Error inner = { 0 };
    int r = imagehelper_variant(store, image->name, &wanted, arena, image, &inner);
    if (r == -ENOENT && inner.kind == ERROR_NONE)
        return 0;
    if (r < 0 && error)
        *error = inner;
    return r < 0 ? r : 1;
}

static int run_other_platform(const RunRequest *request, const Image *image, Error *error)
{
    return error_set(error, ERROR_NOT_FOUND, ENOENT, "--platform: %s is here for %s/%s, not for %s",
                     request->image, image->config.os, image->config.architecture,
                     request->platform);
}

static int run_find_image(const ImageStore *store, const RunRequest *request, Arena *arena,
                          Image *image, Error *error)
{
    bool may_fetch = request->pull != REQUEST_PULL_NEVER && request->fetch;
    bool ask = request->pull != REQUEST_PULL_MISSING && may_fetch;
    int r = -ENOENT, chosen = 1;
    if (request->pull == REQUEST_PULL_NEVER)
        r = image_resolve(store, request->image, arena, image, error);
    else if (!ask)
        r = imagehelper_resolve(store, request->image, arena, image, error);
    if (r == 0)
        chosen = run_choose_platform(store, request, arena, image, error);
    if (chosen >= 0 && may_fetch && (r == -ENOENT || !chosen)) {
        error_clear(error);
        r = request->fetch(request, store, error);
        if (r < 0)
            return chosen ? r
                          : error_wrap(error, "--platform: what is here is for %s/%s",
                                       image->config.os, image->config.architecture);
        r = image_resolve(store, request->image, arena, image, error);
        if (r == 0)
            chosen = run_choose_platform(store, request, arena, image, error);
    }
    if (r < 0 || chosen < 0)
        return r < 0 ? r : chosen;
    return chosen ? 0 : run_other_platform(request, image, error);
}

/* Until the container's record names its layers, they must not be removed. */
static int run_lock_image(const ImageStore *store, const RunRequest *request, Arena *arena,
                          RunInputs *inputs, Image *image, Error *error)
{
    int r = run_find_image(store, request, arena, image, error);
    if (r < 0)
        return r;
    inputs->store_lock = imagestore_lock(store, false, error);
    return inputs->store_lock < 0 ? inputs->store_lock
                                  : image_find_layers(store, image, arena, error);
}

static int run_image(const Engine *engine, const RunRequest *request, Arena *arena,
                     RunInputs *inputs, Error *error)
{
    ImageStore store CLEANUP(imagestore_done) = IMAGESTORE_EMPTY;
    Image image;
    int r = imagestore_open(engine->root_fd, ".", &store, error);
    if (r == 0)
        r = run_lock_image(&store, request, arena, inputs, &image, error);
    /* Found, and removed before it was locked: it is fetched, as if the removal had come first. */
    if (r == -EBADMSG && inputs->store_lock >= 0) {
        fd_closep(&inputs->store_lock);
        error_clear(error);
        r = run_lock_image(&store, request, arena, inputs, &image, error);
    }
    if (r < 0)
        return r;
    inputs->layers = image.layers;
    inputs->image_id = image.id;
    inputs->build.image = arena_copy(arena, &image.config.config, sizeof(image.config.config));
    inputs->build.rootfs = engine->root; /* layers stand in for it */
    return r;
}

static int run_facts(const RunRequest *request, const CgroupHost *cgroup_host, Arena *arena,
                     RunInputs *inputs, Error *error)
{
    Facts *facts = arena_alloc(arena, sizeof(*facts));
    inputs->build.facts = facts;
    return facts_read(request, cgroup_host, arena, facts, error);
}

static int run_rootfs(const RunRequest *request, Arena *arena, RunInputs *inputs, Error *error)
{
    char path[4096];
    if (!realpath(request->rootfs, path))
        return error_errno(error, errno, "--rootfs: %s", request->rootfs);
    inputs->build.rootfs = arena_strdup(arena, path);
    return 0;
}

int run_inputs_read(const Engine *engine, RunRequest *request, const CgroupHost *cgroup_host,
                    Arena *arena, RunInputs *ret_inputs, Error *error)
{
    RunInputs inputs = { .store_lock = -1 };
    inputs.build.request = request;
    inputs.build.volumes = arena_printf(arena, "%s/volumes", engine->root);
    int r = run_find_init(request, arena, &inputs, error);
    if (r == 0)
        r = run_joins(engine, request, arena, &inputs, error);
    if (r == 0)
        r = run_facts(request, cgroup_host, arena, &inputs, error);
    if (r == 0)
        r = run_read_profile(request, arena, &inputs, error);
    if (r == 0)
        r = request->rootfs ? run_rootfs(request, arena, &inputs, error)
                            : run_image(engine, request, arena, &inputs, error);
    if (r == 0)
        *ret_inputs = inputs;
    return r;
}
