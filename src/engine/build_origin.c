/*
 * From a place in the spec back to the option that put it there. The runtime names the JSON path of
 * what failed ("mounts[3]"), which is right for who wrote a configuration; who typed options gets
 * the option. Only done when something failed: a start that succeeds pays nothing for it.
 *
 * The trap: most of a spec is the engine's own doing. What no option asked for keeps its path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/build_parts.h"

/* The option behind one place; `index` is the place's "[N]". NULL: the engine's own doing. */
typedef const char *BuildOrigin(const RunRequest *request, const Spec *spec, size_t index);

static const char *build_origin_mount(const RunRequest *request, const Spec *spec, size_t index)
{
    const char *target = index < spec->mounts.count ? spec->mounts.items[index].destination : NULL;
    for (size_t i = 0; i < request->mount_count; i++)
        if (str_eq(request->mounts[i].target, target))
            return request->mounts[i].option;
    return NULL;
}

/* A file is hidden under the root's own /dev/null: the engine's hidden paths fail only where
 * somebody mounted another /dev. */
static const char *build_origin_mask(const RunRequest *request, const Spec *spec, size_t index)
{
    const StrList *all = &spec->linux->masked_paths;
    if (index < all->count && strlist_contains(&request->security.mask, all->items[index]))
        return "--security-opt";
    for (size_t i = 0; i < request->mount_count; i++)
        if (str_eq(request->mounts[i].target, "/dev"))
            return request->mounts[i].option;
    return NULL;
}

static const char *build_origin_namespace(const RunRequest *request, const Spec *spec, size_t index)
{
    const SpecNamespaces *all = &spec->linux->namespaces;
    static const char *const options[NAMESPACE_MAX] = {
        [NAMESPACE_PID] = "--pid",         [NAMESPACE_NET] = "--net",
        [NAMESPACE_IPC] = "--ipc",         [NAMESPACE_UTS] = "--uts",
        [NAMESPACE_CGROUP] = "--cgroupns", [NAMESPACE_TIME] = "--timens",
        [NAMESPACE_USER] = "--userns",
    };
    for (NamespaceType type = 0; index < all->count && type < NAMESPACE_MAX; type++)
        if (str_eq(namespace_table[type].oci_name, all->items[index].type) &&
            request->namespaces[type].mode != REQUEST_NAMESPACE_DEFAULT)
            return type == NAMESPACE_NET && str_eq(request->net_written, "network") ? "--network"
                                                                                    : options[type];
    return NULL;
}

static const char *build_origin_device(const RunRequest *request, const Spec *spec, size_t index)
{
    const char *path =
        index < spec->linux->devices.count ? spec->linux->devices.items[index].path : NULL;
    for (size_t i = 0; i < request->device_count; i++)
        if (str_eq(request->devices[i].target, path))
            return "--device";
    return NULL;
}

static const char *build_origin_rlimit(const RunRequest *request, const Spec *spec, size_t index)
{
    const SpecRlimits *all = &spec->process->rlimits;
    for (size_t i = 0; index < all->count && i < request->ulimit_count; i++)
        if (str_eq(request->ulimits[i].name, all->items[index].type))
            return "--ulimit";
    return NULL;
}

/* The engine's own kernel parameters (build_sysctls.c) are there on every kernel and cannot fail.
 */
static const char *build_origin_sysctl(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    return request->sysctls.count > 0 ? "--sysctl" : NULL;
}

static const char *build_origin_oom_score(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    return request->oom_score_given == OPTION_TRUE ? "--oom-score-adj" : NULL;
}

static const char *build_origin_domainname(const RunRequest *request, const Spec *spec,
                                           size_t index)
{
    (void)spec, (void)index;
    return request->domainname ? "--domainname" : NULL;
}

static const char *build_origin_hostname(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    return request->hostname ? "--hostname" : NULL;
}

static const char *build_origin_cwd(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    return request->working_directory ? "--workdir" : NULL;
}

static const char *build_origin_user(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    if (request->groups.count > 0)
        return request->user ? "--user or --group-add" : "--group-add";
    return request->user ? "--user" : NULL;
}

static const char *build_origin_root(const RunRequest *request, const Spec *spec, size_t index)
{
    (void)spec, (void)index;
    return request->rootfs ? "--rootfs" : NULL;
}

static const struct {
    const char *path;
    BuildOrigin *find;
} build_origins[] = {
    { "mounts[", build_origin_mount },
    { "linux.namespaces[", build_origin_namespace },
    { "linux.devices[", build_origin_device },
    { "linux.maskedPaths[", build_origin_mask },
    { "linux.sysctl.", build_origin_sysctl },
    { "process.rlimits[", build_origin_rlimit },
    { "process.cwd:", build_origin_cwd },
    { "process.user:", build_origin_user },
    { "process.oomScoreAdj:", build_origin_oom_score },
    { "hostname:", build_origin_hostname },
    { "domainname:", build_origin_domainname },
    { "root.path:", build_origin_root },
};

void build_name_option(const RunRequest *request, const Spec *spec, Error *error)
{
    const char *rest = strstr(error->message, ": ");
    for (size_t i = 0; rest && i < ARRAY_LEN(build_origins); i++) {
        const char *path = build_origins[i].path;
        if (!str_starts(error->message, path))
            continue;
        size_t index = strtoul(error->message + strlen(path), NULL, 10);
        const char *option = build_origins[i].find(request, spec, index);
        char whole[ERROR_MESSAGE_SIZE];
        (void)snprintf(whole, sizeof(whole), "%.*s", (int)(rest - error->message), error->message);
        if (option)
            error_rename(error, whole, option);
        return;
    }
}
