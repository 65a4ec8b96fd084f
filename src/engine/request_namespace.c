/*
 * Which namespaces a container has, and the names it finds in them: "private", "host",
 * "container:C", "ns:PATH", host entries, name servers, clock offsets.
 */
#include "engine/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static int request_bad_namespace(Error *error, const char *value, const char *also)
{
    return error_set(error, ERROR_USAGE, EINVAL,
                     "'%s' is not one of private, %shost, container:NAME, ns:PATH", value, also);
}

/* `also`: a further word for messages ("none, "). */
static int request_parse_namespace(RunRequest *request, NamespaceType type, const char *value,
                                   const char *also, Error *error)
{
    RequestNamespace mode = { 0 };
    if (str_eq(value, "private")) {
        mode.mode = REQUEST_NAMESPACE_PRIVATE;
    } else if (str_eq(value, "host")) {
        mode.mode = REQUEST_NAMESPACE_HOST;
    } else if (str_starts(value, "container:")) {
        mode.mode = REQUEST_NAMESPACE_CONTAINER;
        mode.target = value + strlen("container:");
        if (!request_is_name(mode.target))
            return error_set(error, ERROR_USAGE, EINVAL, "'%s' does not name a container", value);
    } else if (str_starts(value, "ns:")) {
        mode.mode = REQUEST_NAMESPACE_PATH;
        mode.target = value + strlen("ns:");
        if (mode.target[0] != '/')
            return error_set(error, ERROR_USAGE, EINVAL,
                             "'%s' does not name a namespace file by an absolute path", value);
    } else {
        return request_bad_namespace(error, value, also);
    }
    request->namespaces[type] = mode;
    return 0;
}

int request_parse_pid(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_parse_namespace(request, NAMESPACE_PID, value, "", error);
}

int request_parse_net(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (str_eq(value, "none")) /* loopback only */
        value = "private";
    if (str_eq(value, "bridge") || str_eq(value, "default"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not supported yet (there are private, none, host, "
                         "container:NAME, ns:PATH)",
                         value);
    if (request_is_name(value) && !str_eq(value, "private") && !str_eq(value, "host"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s': networks with names are not supported yet (there are private, "
                         "none, host, container:NAME, ns:PATH)",
                         value);
    return request_parse_namespace(request, NAMESPACE_NET, value, "none, ", error);
}

int request_parse_ipc(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    if (str_eq(value, "shareable")) /* docker's word; ambit's can always be joined */
        value = "private";
    return request_parse_namespace(request, NAMESPACE_IPC, value, "", error);
}

int request_parse_uts(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_parse_namespace(request, NAMESPACE_UTS, value, "", error);
}

int request_parse_userns(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_parse_namespace(request, NAMESPACE_USER, value, "", error);
}

int request_parse_cgroupns(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_parse_namespace(request, NAMESPACE_CGROUP, value, "", error);
}

int request_parse_timens(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    (void)arena;
    return request_parse_namespace(request, NAMESPACE_TIME, value, "", error);
}

NamespaceType request_namespace_leader(const RunRequest *request, NamespaceType type)
{
    /* The process tree first: nothing but its own user namespace can mount /proc for it. */
    static const NamespaceType leaders[] = { NAMESPACE_PID, NAMESPACE_IPC, NAMESPACE_NET };
    if (type != NAMESPACE_USER || request->namespaces[type].mode != REQUEST_NAMESPACE_DEFAULT)
        return type;
    for (size_t i = 0; i < ARRAY_LEN(leaders); i++)
        if (request->namespaces[leaders[i]].mode == REQUEST_NAMESPACE_CONTAINER)
            return leaders[i];
    return type;
}

const char *request_namespace_option(const RunRequest *request, NamespaceType type)
{
    NamespaceType leader = request_namespace_leader(request, type);
    return leader == NAMESPACE_NET && request->net_written ? request->net_written
                                                           : namespace_table[leader].option;
}

RequestNamespace request_namespace(const RunRequest *request, NamespaceType type)
{
    return request->namespaces[request_namespace_leader(request, type)];
}

/* "[-]N[.FRACTION][s|m|h|d]" in nanoseconds; seconds without a unit. */
static int request_parse_offset(const char *value, int64_t *ret_ns, Error *error)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    const char *p = value + (*value == '-' || *value == '+');
    int64_t whole = 0, fraction_ns = 0, scale = 1000000000, seconds = 1;
    bool digits = false, overflow = false;
    for (; *p >= '0' && *p <= '9'; p++, digits = true)
        overflow |= __builtin_mul_overflow(whole, 10, &whole) ||
                    __builtin_add_overflow(whole, *p - '0', &whole);
    if (*p == '.' && digits)
        for (p++; *p >= '0' && *p <= '9' && scale > 1; p++)
            fraction_ns += (*p - '0') * (scale /= 10);
    for (size_t i = 0; *p && i < ARRAY_LEN(units); i++) {
        if (*p == units[i].unit && !p[1]) {
            seconds = units[i].seconds;
            p++;
            break;
        }
    }
    if (!digits || *p)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not a time (examples: 90, -1.5h, 30d)", value);
    int64_t ns;
    if (overflow || __builtin_mul_overflow(whole, 1000000000, &ns) ||
        __builtin_add_overflow(ns, fraction_ns, &ns) || __builtin_mul_overflow(ns, seconds, &ns))
        return error_set(error, ERROR_USAGE, ERANGE, "'%s' is out of range", value);
    *ret_ns = *value == '-' ? -ns : ns;
    return 0;
}

int request_parse_monotonic_offset(RunRequest *request, const char *value, Arena *arena,
                                   Error *error)
{
    (void)arena;
    return request_parse_offset(value, &request->monotonic_offset_ns, error);
}

int request_parse_boottime_offset(RunRequest *request, const char *value, Arena *arena,
                                  Error *error)
{
    (void)arena;
    return request_parse_offset(value, &request->boottime_offset_ns, error);
}

static bool request_is_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool request_is_dns_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 253 || name[0] == '-' || (name[0] == '.' && length > 1))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
           length;
}

/* NAME:ADDRESS or NAME=ADDRESS; an IPv6 address may stand in brackets. */
int request_parse_host(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    size_t length = strcspn(value, "=:");
    const char *name = arena_strndup(arena, value, length);
    char *address = arena_strdup(arena, value[length] ? value + length + 1 : "");
    if (str_eq(address, "host-gateway"))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s': host-gateway needs a bridge network, which is not supported yet",
                         value);
    if (address[0] == '[' && str_ends(address, "]")) {
        address[strlen(address) - 1] = '\0';
        address++;
    }
    if (!request_is_dns_name(name) || !request_is_address(address))
        return error_set(error, ERROR_USAGE, EINVAL,
                         "'%s' is not NAME:ADDRESS (example: db:10.0.0.5)", value);
    RequestHost *host = arena_append(arena, &request->hosts, &request->host_count, sizeof(*host));
    *host = (RequestHost){ .name = name, .address = address };
    return 0;
}

int request_parse_dns(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    if (!request_is_address(value))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not an IP address", value);
    strlist_append(arena, &request->dns, value);
    return 0;
}

int request_parse_dns_search(RunRequest *request, const char *value, Arena *arena, Error *error)
{
    if (!request_is_dns_name(value))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not a domain", value);
    strlist_append(arena, &request->dns_search, value);
    return 0;
}
