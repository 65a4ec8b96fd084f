/*
 * Namespaces: mapping the child's ids from outside, and what the child does to the namespaces it
 * has just entered.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/identity.h"
#include "linux/link.h"
#include "linux/namespace.h"
#include "linux/procfs.h"
#include "runtime/steps.h"

/* An ordinary user may give his own id only, and only if no group can be dropped any more; the rest
 * is up to newuidmap and newgidmap, which know who may have which ids. */
static int step_idmap_unprivileged(const Runner *runner, const StepIds *ids, Error *error)
{
    bool own_gid = ids->gid_count == 1 && ids->gids->count == 1 && ids->gids->host == getegid();
    bool own_uid = ids->uid_count == 1 && ids->uids->count == 1 && ids->uids->host == geteuid();
    int r = own_uid
                ? idmap_write(runner->child_proc_fd, "uid_map", ids->uids, 1, error)
                : idmap_run_helper("newuidmap", runner->child, ids->uids, ids->uid_count, error);
    if (r < 0 || !own_gid)
        return r < 0
                   ? r
                   : idmap_run_helper("newgidmap", runner->child, ids->gids, ids->gid_count, error);
    r = idmap_setgroups(runner->child_proc_fd, "deny", error);
    return r < 0 ? r : idmap_write(runner->child_proc_fd, "gid_map", ids->gids, 1, error);
}

int step_idmap(Runner *runner, const Step *step, Error *error)
{
    const StepIds *ids = step->with.ids;
    int r;
    if (geteuid() != 0) {
        r = step_idmap_unprivileged(runner, ids, error);
    } else {
        r = idmap_write(runner->child_proc_fd, "uid_map", ids->uids, ids->uid_count, error);
        if (r == 0)
            r = idmap_write(runner->child_proc_fd, "gid_map", ids->gids, ids->gid_count, error);
    }
    if (r == 0)
        runner->ids = ids;
    return r;
}

void step_describe_idmap(const Step *step, StrBuf *text)
{
    const StepIds *ids = step->with.ids;
    for (size_t i = 0; i < ids->uid_count; i++)
        strbuf_printf(text, "%suid %u-%u inside is %u-%u outside", i ? ", " : "",
                      ids->uids[i].container, ids->uids[i].container + ids->uids[i].count - 1,
                      ids->uids[i].host, ids->uids[i].host + ids->uids[i].count - 1);
}

/* By the engine, whose namespace has the device. The child's is there: it was cloned with it, or
 * joined before. */
int step_net_device(Runner *runner, const Step *step, Error *error)
{
    if (runner->netns_fd < 0)
        runner->netns_fd = openat(runner->child_proc_fd, "ns/net", O_RDONLY | O_CLOEXEC);
    if (runner->netns_fd < 0)
        return error_errno(error, errno, "network namespace of the container");
    LinkMoved moved;
    int r = link_move(step->source, runner->netns_fd, step->target, &moved, error);
    if (r < 0)
        return r;
    *(LinkMoved *)arena_append(runner->arena, &runner->moved_links, &runner->moved_link_count,
                               sizeof(moved)) = moved;
    return 0;
}

void step_describe_net_device(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%s becomes %s", step->source, step->target ? step->target : step->source);
}

int step_unshare(Runner *runner UNUSED, const Step *step, Error *error)
{
    if (unshare((int)step->flags) < 0)
        return error_errno(error, errno, "unshare %s",
                           namespace_table[namespace_from_flag(step->flags)].name);
    return 0;
}

void step_describe_unshare(const Step *step, StrBuf *text)
{
    const NamespaceInfo *info = &namespace_table[namespace_from_flag(step->flags)];
    strbuf_printf(text, "new %s namespace: %s", info->name, info->isolates);
}

int step_loopback_up(Runner *runner UNUSED, const Step *step UNUSED, Error *error)
{
    return link_loopback_up(error);
}

int step_hostname(Runner *runner UNUSED, const Step *step, Error *error)
{
    if (sethostname(step->target, strlen(step->target)) < 0)
        return error_errno(error, errno, "sethostname '%s'", step->target);
    return 0;
}

int step_domainname(Runner *runner UNUSED, const Step *step, Error *error)
{
    if (setdomainname(step->target, strlen(step->target)) < 0)
        return error_errno(error, errno, "setdomainname '%s'", step->target);
    return 0;
}

/* Before the pivot: the kernel refuses a new procfs to a process that sees only a partly masked
 * one. */
int step_procfs(Runner *runner, const Step *step, Error *error)
{
    if (step->in) {
        runner->procfs_fd = runner_slot(runner, step, error);
        runner->slots[step->in] = -1; /* it has one owner */
        return runner->procfs_fd < 0 ? runner->procfs_fd : 0;
    }
    runner->procfs_fd = procfs_open_root(error);
    return runner->procfs_fd < 0 ? runner->procfs_fd : 0;
}

int step_sysctl(Runner *runner, const Step *step, Error *error)
{
    return procfs_set_sysctl(runner->procfs_fd, step->target, step->source, error);
}

void step_describe_sysctl(const Step *step, StrBuf *text)
{
    strbuf_printf(text, "%s = %s", step->target, step->source);
}
