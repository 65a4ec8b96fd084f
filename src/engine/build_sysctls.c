/*
 * Kernel parameters, by the namespace each belongs to: one that belongs to none is the host's, and
 * one whose namespace is shared is somebody else's.
 */
#include <errno.h>
#include <string.h>

#include "engine/build_parts.h"

/* Keys as paths below /proc/sys; with '/' at the end: all below. */
static const struct {
    const char *key;
    NamespaceType type;
} build_sysctl_table[] = {
    { "net/", NAMESPACE_NET },
    { "kernel/msgmax", NAMESPACE_IPC },
    { "kernel/msgmnb", NAMESPACE_IPC },
    { "kernel/msgmni", NAMESPACE_IPC },
    { "kernel/sem", NAMESPACE_IPC },
    { "kernel/shmall", NAMESPACE_IPC },
    { "kernel/shmmax", NAMESPACE_IPC },
    { "kernel/shmmni", NAMESPACE_IPC },
    { "kernel/shm_rmid_forced", NAMESPACE_IPC },
    { "fs/mqueue/", NAMESPACE_IPC },
    { "user/", NAMESPACE_USER },
};

const char *build_sysctl_dotted(const char *key, Arena *arena)
{
    char *dotted = arena_strdup(arena, key);
    str_swap(dotted, '.', '/');
    return dotted;
}

static NamespaceType build_sysctl_type(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(build_sysctl_table); i++) {
        const char *known = build_sysctl_table[i].key;
        if (str_ends(known, "/") ? str_starts(key, known) : str_eq(key, known))
            return build_sysctl_table[i].type;
    }
    return NAMESPACE_INVALID;
}

static int build_check_sysctl(const Build *build, const char *key, Error *error)
{
    const char *dotted = build_sysctl_dotted(key, build->arena);
    if (str_eq(key, "kernel/hostname") || str_eq(key, "kernel/domainname"))
        return error_set(error, ERROR_USAGE, EINVAL, "--sysctl: %s is set by --%s", dotted,
                         key + strlen("kernel/"));
    NamespaceType type = build_sysctl_type(key);
    if (type == NAMESPACE_INVALID)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--sysctl: %s belongs to no namespace: it is the host's", dotted);
    if (!build_is_new(build, type))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--sysctl: %s cannot be used with %s (it is not the container's own)",
                         dotted, build_namespace_text(build, type));
    return 0;
}

/* The highest group id of the container: the kernel refuses one that is not mapped. */
static uint32_t build_highest_gid(const Build *build)
{
    uint32_t highest = 0;
    if (build_is_host(build, NAMESPACE_USER))
        return INT32_MAX;
    for (size_t i = 0; i < build->input->gid_count; i++)
        if (build->input->gids[i].container == 0)
            highest = build->input->gids[i].count - 1;
    return highest > INT32_MAX ? INT32_MAX : highest;
}

/* In a network of its own nobody has to be root to ping or to listen on port 80: that is what
 * CAP_NET_RAW and many a root user were for. */
static void build_default_sysctls(Build *build)
{
    StrMap *map = &build->spec->linux->sysctl;
    if (!build_is_new(build, NAMESPACE_NET))
        return;
    strmap_set(build->arena, map, "net.ipv4.ping_group_range",
               arena_printf(build->arena, "0 %u", build_highest_gid(build)));
    strmap_set(build->arena, map, "net.ipv4.ip_unprivileged_port_start", "0");
}

int build_sysctls(Build *build, Error *error)
{
    build_default_sysctls(build);
    const StrMap *wishes = &build->request->sysctls;
    for (size_t i = 0; i < wishes->count; i++) {
        int r = build_check_sysctl(build, wishes->items[i].key, error);
        if (r < 0)
            return r;
        strmap_set(build->arena, &build->spec->linux->sysctl,
                   build_sysctl_dotted(wishes->items[i].key, build->arena), wishes->items[i].value);
    }
    return 0;
}
