/*
 * Wishes that are fine each by itself and make no sense together. One row each where a row can say
 * it; the message names both options.
 */
#include <errno.h>

#include "engine/build_parts.h"

static int build_conflict(Error *error, const char *option, const char *with, const char *why)
{
    return error_set(error, ERROR_USAGE, EINVAL, "%s: cannot be used with %s (%s)", option, with,
                     why);
}

/* Options that change a namespace, and therefore need it to be the container's own. */
static int build_check_owned(const Build *build, Error *error)
{
    const RunRequest *request = build->request;
    const char *written = request->dns_option_written;
    const char *dns_option = arena_printf(build->arena, "--%s", written ? written : "dns-option");
    const struct {
        bool given;
        const char *option;
        NamespaceType type;
        bool host_too; /* the files it changes are the container's own even in the host's */
        const char *why;
    } rows[] = {
        { request->hostname, "--hostname", NAMESPACE_UTS, false, "the name is not its own" },
        { request->domainname, "--domainname", NAMESPACE_UTS, false, "the name is not its own" },
        { request->host_count, "--add-host", NAMESPACE_NET, true, "it shares that one's hosts" },
        { request->dns.count, "--dns", NAMESPACE_NET, true, "it shares that one's name servers" },
        { request->dns_search.count, "--dns-search", NAMESPACE_NET, true,
          "it shares that one's name servers" },
        { request->dns_options.count, dns_option, NAMESPACE_NET, true,
          "it shares that one's name servers" },
        { request->shm_bytes, "--shm-size", NAMESPACE_IPC, false, "/dev/shm is not its own" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].given || build_is_new(build, rows[i].type) ||
            (rows[i].host_too && build_is_host(build, rows[i].type)))
            continue;
        return build_conflict(error, rows[i].option, build_namespace_text(build, rows[i].type),
                              rows[i].why);
    }
    return 0;
}

/* A process tree that only another user namespace may show. */
static int build_check_pid(const Build *build, Error *error)
{
    if (build_is_host(build, NAMESPACE_PID) || build_rules(build, NAMESPACE_PID))
        return 0;
    const char *pid = build_namespace_text(build, NAMESPACE_PID);
    const char *user = build_is_new(build, NAMESPACE_USER)
                           ? "a user namespace of its own"
                           : build_namespace_text(build, NAMESPACE_USER);
    return build_conflict(error, pid, user, "only the user namespace it belongs to can show it");
}

static int build_check_rootfs(const Build *build, Error *error)
{
    const RunRequest *request = build->request;
    if (!request->rootfs)
        return 0;
    if (request->platform)
        return build_conflict(error, "--platform", "--rootfs", "there is no image to choose");
    if (request->pull != REQUEST_PULL_MISSING)
        return build_conflict(error, "--pull", "--rootfs", "there is no image to pull");
    return 0;
}

int build_check(const Build *build, Error *error)
{
    int r = build_check_owned(build, error);
    if (r == 0)
        r = build_check_pid(build, error);
    if (r == 0)
        r = build_check_rootfs(build, error);
    return r;
}
