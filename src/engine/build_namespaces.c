/*
 * Which namespaces are new, joined or the host's, and who rules over them.
 *
 * The trap: a user namespace can mount /proc, sysfs and mqueue only for a PID, network or IPC
 * namespace that it owns. Joining one without the other is legal for the kernel and useless for a
 * container, so it is refused here or the mount is borrowed (build_mounts.c).
 */
#include <errno.h>

#include "engine/build_parts.h"

bool build_is_new(const Build *build, NamespaceType type)
{
    return build->namespaces[type].mode == REQUEST_NAMESPACE_PRIVATE;
}

bool build_is_host(const Build *build, NamespaceType type)
{
    return build->namespaces[type].mode == REQUEST_NAMESPACE_HOST;
}

bool build_rules(const Build *build, NamespaceType type)
{
    const RequestNamespace *user = &build->namespaces[NAMESPACE_USER];
    const RequestNamespace *other = &build->namespaces[type];
    if (user->mode == REQUEST_NAMESPACE_HOST || other->mode == REQUEST_NAMESPACE_PRIVATE)
        return true;
    if (other->mode == REQUEST_NAMESPACE_CONTAINER)
        return user->mode == REQUEST_NAMESPACE_CONTAINER && str_eq(user->target, other->target);
    /* Whether one path's namespace owns the other's is for the kernel to say. */
    return other->mode == REQUEST_NAMESPACE_PATH && user->mode == REQUEST_NAMESPACE_PATH;
}

const char *build_namespace_text(const Build *build, NamespaceType type)
{
    static const char *const words[] = {
        [REQUEST_NAMESPACE_DEFAULT] = "private", [REQUEST_NAMESPACE_PRIVATE] = "private",
        [REQUEST_NAMESPACE_HOST] = "host",       [REQUEST_NAMESPACE_CONTAINER] = "container:",
        [REQUEST_NAMESPACE_PATH] = "ns:",
    };
    RequestNamespace asked = request_namespace(build->request, type);
    return arena_printf(build->arena, "--%s=%s%s", request_namespace_option(build->request, type),
                        words[asked.mode], asked.target ? asked.target : "");
}

/* The request's word for one type, made final. */
static int build_resolve(Build *build, NamespaceType type, Error *error)
{
    RequestNamespace *final = &build->namespaces[type];
    bool said = build->request->namespaces[type].mode != REQUEST_NAMESPACE_DEFAULT;
    const BuildJoin *join = &build->input->joins[type];
    *final = request_namespace(build->request, type);
    if (final->mode == REQUEST_NAMESPACE_CONTAINER && join->host) {
        /* The host's user namespace is only ever entered by name, never by following. */
        bool followed = type == NAMESPACE_USER && !said;
        final->mode = followed ? REQUEST_NAMESPACE_PRIVATE : REQUEST_NAMESPACE_HOST;
    }
    if (final->mode == REQUEST_NAMESPACE_CONTAINER && !join->path)
        return error_set(error, ERROR_NOT_FOUND, ESRCH, "%s: the container is not running",
                         build_namespace_text(build, type));
    if (final->mode == REQUEST_NAMESPACE_DEFAULT)
        final->mode = REQUEST_NAMESPACE_PRIVATE;
    if (final->mode != REQUEST_NAMESPACE_PRIVATE || build->facts->namespaces & FACTS_BIT(type))
        return 0;
    /* These two came late (Linux 4.6, 5.6) and hide little: an old kernel may do without. */
    if (!said && (type == NAMESPACE_TIME || type == NAMESPACE_CGROUP)) {
        final->mode = REQUEST_NAMESPACE_HOST;
        build->missing[type] = true;
        return 0;
    }
    return error_set(error, ERROR_UNSUPPORTED, ENOSYS, "%s: this kernel has no %s namespaces",
                     build_namespace_text(build, type), namespace_table[type].name);
}

static void build_add_namespace(Build *build, NamespaceType type)
{
    const RequestNamespace *final = &build->namespaces[type];
    SpecLinux *lx = build->spec->linux;
    if (final->mode == REQUEST_NAMESPACE_HOST)
        return;
    SpecNamespace *entry =
        arena_append(build->arena, &lx->namespaces.items, &lx->namespaces.count, sizeof(*entry));
    entry->type = namespace_table[type].oci_name;
    if (final->mode == REQUEST_NAMESPACE_CONTAINER)
        entry->path = build->input->joins[type].path;
    else if (final->mode == REQUEST_NAMESPACE_PATH)
        entry->path = final->target;
}

static void build_add_mappings(Build *build, const IdRange *ranges, size_t count,
                               SpecIdMappings *mappings)
{
    for (size_t i = 0; i < count; i++) {
        SpecIdMapping *mapping =
            arena_append(build->arena, &mappings->items, &mappings->count, sizeof(*mapping));
        *mapping = (SpecIdMapping){
            .container_id = ranges[i].container,
            .host_id = ranges[i].host,
            .size = ranges[i].count,
        };
    }
}

static int build_user_namespace(Build *build, Error *error)
{
    const BuildInput *input = build->input;
    if (!build_is_new(build, NAMESPACE_USER))
        return 0;
    if (input->uid_count == 0 || input->gid_count == 0)
        return error_set(error, ERROR_LIMIT, ENOSPC,
                         "--userns=private: there are no ids for another container "
                         "(--userns=host runs it with the host's)");
    build_add_mappings(build, input->uids, input->uid_count, &build->spec->linux->uid_mappings);
    build_add_mappings(build, input->gids, input->gid_count, &build->spec->linux->gid_mappings);
    return 0;
}

static SpecTimeOffset *build_offset(Build *build, int64_t ns)
{
    if (ns == 0)
        return NULL;
    SpecTimeOffset *offset = arena_alloc(build->arena, sizeof(*offset));
    int64_t rest = ns % 1000000000;
    offset->secs = ns / 1000000000 - (rest < 0);
    offset->nanosecs = (uint32_t)(rest < 0 ? rest + 1000000000 : rest);
    return offset;
}

static int build_offsets(Build *build, Error *error)
{
    const RunRequest *request = build->request;
    if (request->monotonic_offset_ns == 0 && request->boottime_offset_ns == 0)
        return 0;
    const char *option = request->monotonic_offset_ns ? "--monotonic-offset" : "--boottime-offset";
    if (build->missing[NAMESPACE_TIME])
        return error_set(error, ERROR_UNSUPPORTED, ENOSYS, "%s: this kernel has no time namespaces",
                         option);
    if (!build_is_new(build, NAMESPACE_TIME))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "%s: only a new time namespace can have one, "
                         "not %s",
                         option, build_namespace_text(build, NAMESPACE_TIME));
    SpecTimeOffsets *offsets = arena_alloc(build->arena, sizeof(*offsets));
    offsets->monotonic = build_offset(build, request->monotonic_offset_ns);
    offsets->boottime = build_offset(build, request->boottime_offset_ns);
    build->spec->linux->time_offsets = offsets;
    return 0;
}

/* A name is the container's own only in a UTS namespace of its own. On the host's network it is by
 * default the host's, as in docker and podman: that is what its peers know it by. */
static void build_names(Build *build)
{
    if (!build_is_new(build, NAMESPACE_UTS))
        return;
    const RunRequest *request = build->request;
    if (request->hostname)
        build->spec->hostname = request->hostname;
    else if (build_is_host(build, NAMESPACE_NET) && !str_empty(build->facts->hostname))
        build->spec->hostname = build->facts->hostname;
    else
        build->spec->hostname = arena_strndup(build->arena, build->input->id, 12);
    build->spec->domainname = request->domainname;
}

int build_namespaces(Build *build, Error *error)
{
    /* The order people know from other engines' specs; it has no meaning. */
    static const NamespaceType order[] = {
        NAMESPACE_PID,   NAMESPACE_NET,  NAMESPACE_IPC,    NAMESPACE_UTS,
        NAMESPACE_MOUNT, NAMESPACE_USER, NAMESPACE_CGROUP, NAMESPACE_TIME,
    };
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        int r = build_resolve(build, order[i], error);
        if (r < 0)
            return r;
        build_add_namespace(build, order[i]);
    }
    int r = build_user_namespace(build, error);
    if (r == 0)
        r = build_offsets(build, error);
    if (r == 0)
        build_names(build);
    return r;
}
