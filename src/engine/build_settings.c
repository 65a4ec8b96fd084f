/*
 * What `inspect` says of a container. Taken from what was built, not from the command line alone:
 * defaults and the image's word are in it, and a relative source is an absolute one.
 */
#include <ctype.h>

#include "engine/build_parts.h"
#include "linux/signalname.h"

enum { SETTINGS_SHM_BYTES = 64 * 1024 * 1024 };

/* --- .Config --------------------------------------------------------------------------------- */

/* How much of the command is the entrypoint's (build_args). */
static void build_settings_split_command(const BuildInput *input, const StrList *args, Arena *arena,
                                         SettingsConfig *config)
{
    const char *asked = input->request->entrypoint;
    size_t first = input->image ? input->image->entrypoint.count : 0;
    if (asked)
        first = *asked ? 1 : 0;
    for (size_t i = 0; i < args->count; i++)
        strlist_append(arena, i < first ? &config->entrypoint : &config->cmd, args->items[i]);
}

static void build_settings_config(const BuildInput *input, const BuildResult *built, Arena *arena,
                                  SettingsConfig *config)
{
    const RunRequest *request = input->request;
    const OciImageConfig *image = input->image;
    const SpecProcess *process = built->spec->process;
    char name[SIGNALNAME_SIZE];
    *config = (SettingsConfig){
        .hostname = built->spec->hostname,
        .domainname = built->spec->domainname,
        .user = request->user ? request->user
                : image       ? image->user
                              : NULL,
        .terminal = request->terminal,
        .interactive = request->interactive,
        .env = process->env,
        .image = request->image,
        .working_dir = process->cwd,
        .labels = built->labels,
        .stop_signal = arena_strdup(arena, signalname_of(built->stop_signal, name)),
    };
    for (size_t i = 0; image && i < image->exposed_ports.count; i++)
        strlist_append(arena, &config->exposed_ports, image->exposed_ports.items[i]);
    for (size_t i = 0; i < request->expose.count; i++)
        strlist_append_new(arena, &config->exposed_ports, request->expose.items[i]);
    if (image)
        config->volumes = image->volumes;
    if (built->stop_timeout_s >= 0)
        config->stop_timeout = (OptU32){ true, (uint32_t)built->stop_timeout_s };
    build_settings_split_command(input, &process->args, arena, config);
}

/* --- .HostConfig ----------------------------------------------------------------------------- */

/* `own` is docker's word for a namespace of the container's own. */
static const char *build_settings_namespace(const RunRequest *request, NamespaceType type,
                                            const char *own, Arena *arena)
{
    RequestNamespace space = request_namespace(request, type);
    switch (space.mode) {
    case REQUEST_NAMESPACE_DEFAULT:
    case REQUEST_NAMESPACE_PRIVATE: return own;
    case REQUEST_NAMESPACE_HOST: return "host";
    case REQUEST_NAMESPACE_CONTAINER: return arena_printf(arena, "container:%s", space.target);
    case REQUEST_NAMESPACE_PATH: return arena_printf(arena, "ns:%s", space.target);
    }
    return own;
}

static void build_settings_security(const RequestSecurity *asked, Arena *arena, StrList *list)
{
    if (asked->no_new_privileges != OPTION_UNSET)
        strlist_append(arena, list,
                       asked->no_new_privileges == OPTION_TRUE ? "no-new-privileges"
                                                               : "no-new-privileges=false");
    if (asked->seccomp == REQUEST_SECCOMP_UNCONFINED)
        strlist_append(arena, list, "seccomp=unconfined");
    else if (asked->seccomp == REQUEST_SECCOMP_FILE)
        strlist_append(arena, list, arena_printf(arena, "seccomp=%s", asked->seccomp_file));
    if (asked->apparmor)
        strlist_append(arena, list, arena_printf(arena, "apparmor=%s", asked->apparmor));
    if (asked->paths_unconfined)
        strlist_append(arena, list, "systempaths=unconfined");
    for (size_t i = 0; i < asked->mask.count; i++)
        strlist_append(arena, list, arena_printf(arena, "mask=%s", asked->mask.items[i]));
    for (size_t i = 0; i < asked->unmask.count; i++)
        strlist_append(arena, list, arena_printf(arena, "unmask=%s", asked->unmask.items[i]));
}

static void build_settings_namespaces(const RunRequest *request, Arena *arena, SettingsHost *host)
{
    host->network = build_settings_namespace(request, NAMESPACE_NET, "none", arena);
    host->ipc = build_settings_namespace(request, NAMESPACE_IPC, "private", arena);
    host->cgroupns = build_settings_namespace(request, NAMESPACE_CGROUP, "private", arena);
    host->pid = build_settings_namespace(request, NAMESPACE_PID, "", arena);
    host->uts = build_settings_namespace(request, NAMESPACE_UTS, "", arena);
    host->userns = build_settings_namespace(request, NAMESPACE_USER, "", arena);
    host->timens = build_settings_namespace(request, NAMESPACE_TIME, "", arena);
}

static void build_settings_limits(const RequestLimits *limits, const Spec *spec, SettingsHost *host)
{
    const SpecResources *resources = spec->linux->resources;
    host->cpu_shares = limits->cpu_shares;
    host->memory_bytes = limits->memory_bytes;
    host->cpus_nano = limits->cpus_nano;
    host->cgroup_parent = limits->cgroup_parent;
    host->blkio_weight = limits->blkio_weight;
    host->cpu_period_us = limits->cpu_period_us;
    host->cpu_quota_us = limits->cpu_quota_us;
    host->cpuset_cpus = limits->cpuset_cpus;
    host->cpuset_mems = limits->cpuset_mems;
    host->memory_reservation_bytes = limits->memory_reservation_bytes;
    host->oom_kill_disable = limits->oom_kill_disable;
    if (limits->memory_swappiness != REQUEST_NO_SWAPPINESS)
        host->memory_swappiness = (OptI64){ true, limits->memory_swappiness };
    if (resources && resources->memory && resources->memory->swap.set)
        host->memory_swap_bytes = resources->memory->swap.value;
    if (resources && resources->pids && resources->pids->limit.set)
        host->pids = resources->pids->limit.value;
}

/* "RLIMIT_NOFILE" as "nofile". */
static const char *build_settings_ulimit_name(const char *name, Arena *arena)
{
    char *lower = arena_strdup(arena, str_starts(name, "RLIMIT_") ? name + 7 : name);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return lower;
}

static void build_settings_lists(const RunRequest *request, Arena *arena, SettingsHost *host)
{
    for (size_t i = 0; i < request->sysctls.count; i++)
        strmap_set(arena, &host->sysctls, build_sysctl_dotted(request->sysctls.items[i].key, arena),
                   request->sysctls.items[i].value);
    for (size_t i = 0; i < request->host_count; i++)
        strlist_append(
            arena, &host->hosts,
            arena_printf(arena, "%s:%s", request->hosts[i].name, request->hosts[i].address));
    for (size_t i = 0; i < request->device_count; i++) {
        const RequestDevice *asked = &request->devices[i];
        SettingsDevice *device =
            arena_append(arena, &host->devices.items, &host->devices.count, sizeof(*device));
        *device = (SettingsDevice){ asked->source, asked->target, asked->access };
    }
    for (size_t i = 0; i < request->ulimit_count; i++) {
        const RequestUlimit *asked = &request->ulimits[i];
        SettingsUlimit *limit =
            arena_append(arena, &host->ulimits.items, &host->ulimits.count, sizeof(*limit));
        *limit = (SettingsUlimit){ build_settings_ulimit_name(asked->name, arena),
                                   (int64_t)asked->soft, (int64_t)asked->hard };
    }
}

static void build_settings_host(const BuildInput *input, const BuildResult *built, Arena *arena,
                                SettingsHost *host)
{
    const RunRequest *request = input->request;
    *host = (SettingsHost){
        .cidfile = request->cidfile,
        .restart = { .name = "no" },
        .remove = request->remove,
        .cap_add = request->security.cap_add,
        .cap_drop = request->security.cap_drop,
        .dns = request->dns,
        .dns_options = request->dns_options,
        .dns_search = request->dns_search,
        .groups = request->groups,
        .oom_score_adj = request->oom_score_given == OPTION_TRUE ? request->oom_score_adj : 0,
        .privileged = request->privileged,
        .readonly = request->read_only,
        .shm_bytes = request->shm_bytes ? request->shm_bytes : SETTINGS_SHM_BYTES,
        .init = request->init,
    };
    build_settings_namespaces(request, arena, host);
    build_settings_security(&request->security, arena, &host->security);
    build_settings_limits(&request->limits, built->spec, host);
    build_settings_lists(request, arena, host);
}

/* --- .Mounts, and what of them stands in .HostConfig -------------------------------------------
 */

static const BuildVolume *build_settings_volume_at(const BuildResult *built, const char *target)
{
    for (size_t i = 0; i < built->volume_count; i++)
        if (str_eq(built->volumes[i].target, target))
            return &built->volumes[i];
    return NULL;
}

static const char *build_settings_source_at(const BuildResult *built, const char *target)
{
    const SpecMounts *mounts = &built->spec->mounts;
    for (size_t i = 0; i < mounts->count; i++)
        if (str_eq(mounts->items[i].destination, target))
            return mounts->items[i].source;
    return NULL;
}

static const char *build_settings_words(const RequestMount *asked, Arena *arena)
{
    StrList words = { 0 };
    if (asked->readonly)
        strlist_append(arena, &words, "ro");
    if (asked->propagation)
        strlist_append(arena, &words, asked->propagation);
    for (size_t i = 0; i < asked->options.count; i++)
        strlist_append(arena, &words, asked->options.items[i]);
    return strlist_join(arena, &words, ",");
}

static void build_settings_add_volume(Settings *settings, const BuildVolume *volume, Arena *arena,
                                      const RequestMount *asked)
{
    SettingsMount *mount =
        arena_append(arena, &settings->mounts.items, &settings->mounts.count, sizeof(*mount));
    *mount = (SettingsMount){
        .type = "volume",
        .name = volume->name,
        .source = volume->path,
        .target = volume->target,
        .driver = "local",
        .words = asked ? build_settings_words(asked, arena) : "",
        .writable = !asked || !asked->readonly,
    };
}

static void build_settings_add_mount(Settings *settings, const BuildResult *built,
                                     const RequestMount *asked, Arena *arena)
{
    const char *words = build_settings_words(asked, arena);
    if (str_eq(asked->option, "--tmpfs")) { /* docker has these in one place only */
        strmap_set(arena, &settings->host.tmpfs, asked->target, words);
        return;
    }
    bool bind = asked->kind == REQUEST_MOUNT_BIND;
    const char *source = bind ? build_settings_source_at(built, asked->target) : asked->source;
    if (str_eq(asked->option, "--volume") && source)
        strlist_append(
            arena, &settings->host.binds,
            arena_printf(arena, "%s:%s%s%s", source, asked->target, *words ? ":" : "", words));
    const BuildVolume *volume = build_settings_volume_at(built, asked->target);
    if (volume) {
        build_settings_add_volume(settings, volume, arena, asked);
        return;
    }
    SettingsMount *mount =
        arena_append(arena, &settings->mounts.items, &settings->mounts.count, sizeof(*mount));
    *mount = (SettingsMount){
        .type = bind ? "bind" : "tmpfs",
        .source = bind ? source : NULL,
        .target = asked->target,
        .words = words,
        .writable = !asked->readonly,
        .propagation = !bind                ? NULL
                       : asked->propagation ? asked->propagation
                                            : "rprivate",
    };
}

/* The request's in its order, then the image's volumes that it says nothing of. */
static void build_settings_mounts(const BuildInput *input, const BuildResult *built, Arena *arena,
                                  Settings *settings)
{
    const RunRequest *request = input->request;
    for (size_t i = 0; i < request->mount_count; i++)
        build_settings_add_mount(settings, built, &request->mounts[i], arena);
    for (size_t i = 0; i < built->volume_count; i++) {
        bool asked = false;
        for (size_t j = 0; j < request->mount_count; j++)
            asked = asked || str_eq(request->mounts[j].target, built->volumes[i].target);
        if (!asked)
            build_settings_add_volume(settings, &built->volumes[i], arena, NULL);
    }
}

void build_settings(const BuildInput *input, const BuildResult *built, Arena *arena,
                    Settings *ret_settings)
{
    *ret_settings = (Settings){ 0 };
    build_settings_config(input, built, arena, &ret_settings->config);
    build_settings_host(input, built, arena, &ret_settings->host);
    build_settings_mounts(input, built, arena, ret_settings);
}
