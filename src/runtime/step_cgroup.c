/*
 * Cgroups: made and limited by the parent before the child exists, entered by the child itself.
 *
 * The child writes "0" to `tasks` files the parent opened (v1), or was cloned into the cgroup (v2):
 * writing another process's pid to cgroup.procs would wait 10 ms for RCU after an idle moment. The
 * cgroup namespace is made only after that (step_unshare), or its root would be the engine's
 * cgroup.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/cgroup_devices.h"
#include "linux/cgroup_limit.h"
#include "linux/inroot.h"
#include "linux/syscalls.h"
#include "runtime/resources.h"
#include "runtime/steps.h"

static int step_open_tasks(Runner *runner, const Step *step, Error *error)
{
    size_t count;
    return cgroup_open_tasks(&runner->cgroup, &runner->slots[step->out], &count, error);
}

int step_cgroup_create(Runner *runner, const Step *step, Error *error)
{
    const StepCgroup *wish = step->with.cgroup;
    CgroupRequest request = {
        .path = step->target,
        .controllers = wish->needed | wish->wanted,
        .optional = wish->wanted & ~wish->needed,
    };
    int r = cgroup_create_as(runner->cgroup_host, &request, runner->arena, &runner->cgroup, error);
    if (wish->optional && (r == -EACCES || r == -EPERM || r == -EROFS)) {
        error_clear(error);
        return 0;
    }
    if (r < 0)
        return r;
    return step_open_tasks(runner, step, error);
}

/* Hierarchies with several controllers have one directory, whichever of them is named. */
static uint32_t step_cgroup_mounted_with(const CgroupHost *host, uint32_t controllers)
{
    uint32_t all = controllers;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        for (int other = 0; (controllers & CGROUP_BIT(c)) && other < CGROUP_CONTROLLER_MAX; other++)
            if (host->mount[c] && host->mount[other] && str_eq(host->mount[c], host->mount[other]))
                all |= CGROUP_BIT(other);
    return all;
}

static int step_cgroup_part(Runner *runner, const StepCgroupPart *part, Error *error)
{
    uint32_t controllers = step_cgroup_mounted_with(runner->cgroup_host, part->controllers);
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r =
        cgroup_open(runner->cgroup_host, part->path, controllers, runner->arena, &cgroup, error);
    if (r == 0 && (cgroup.controllers & controllers) != controllers)
        r = error_set(error, ERROR_NOT_FOUND, ENOENT, "%s: not there in every hierarchy",
                      part->path);
    for (int c = 0; r == 0 && c < CGROUP_CONTROLLER_MAX; c++) {
        if (!(controllers & CGROUP_BIT(c)))
            continue;
        int before = runner->cgroup.fds[c]; /* closed with the part */
        runner->cgroup.fds[c] = cgroup.fds[c];
        cgroup.fds[c] = before;
    }
    return r;
}

/* A cgroup of v2 that passes controllers on may have no process of its own: the container's first
 * process has made itself another place below it, and the newcomer goes there too. */
static int step_cgroup_leave_inner(Runner *runner, pid_t pid, Error *error)
{
    char text[256];
    if (runner->cgroup.mode != CGROUP_V2 || pid <= 0 ||
        cgroup_read(&runner->cgroup, CGROUP_PIDS, "cgroup.subtree_control", text, sizeof(text),
                    NULL) < 0 ||
        text[0] == '\0')
        return 0;
    cgroup_done(&runner->cgroup);
    return cgroup_open_of_pid(runner->cgroup_host, pid, runner->arena, &runner->cgroup, error);
}

/* systemd makes a scope around a process that exists: the child, which waits for it. */
int step_scope(Runner *runner, const Step *step, Error *error)
{
    const StepCgroup *wish = step->with.cgroup;
    const CgroupHost *host = runner->cgroup_host;
    UnitRequest start = {
        .verb = UNIT_START,
        .name = wish->scope->unit,
        .user = wish->scope->user,
        .pid = runner->child,
        .properties = wish->scope->properties,
    };
    const char *path;
    int r = unit_ask(&start, runner->arena, &path, error);
    if (r < 0)
        return r;
    const char *below = cgroup_path_below(
        path, host->mode == CGROUP_V2 ? host->unified_root : host->root[CGROUP_SYSTEMD]);
    if (!below)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT, "cgroup %s of %s is not visible here",
                         path, wish->scope->unit);
    /* systemd has no word for some controllers; and on v1 it makes no cgroup of cpusets. */
    CgroupRequest request = {
        .path = below,
        .controllers = wish->needed | wish->wanted,
        .optional = wish->wanted & ~wish->needed,
        .shared = true,
    };
    r = cgroup_create_as(host, &request, runner->arena, &runner->cgroup, error);
    if (r < 0 || host->mode == CGROUP_V2)
        return r;
    return cgroup_attach(&runner->cgroup, runner->child, error);
}

int step_cgroup_open(Runner *runner, const Step *step, Error *error)
{
    int r =
        cgroup_open(runner->cgroup_host, step->target, ~0u, runner->arena, &runner->cgroup, error);
    const StepCgroups *parts = step->with.cgroups;
    for (size_t i = 0; r == 0 && parts && i < parts->count; i++)
        r = step_cgroup_part(runner, &parts->items[i], error);
    if (r == 0)
        r = step_cgroup_leave_inner(runner, (pid_t)step->flags, error);
    if (r < 0)
        return r;
    return step_open_tasks(runner, step, error);
}

int step_cgroup_limit(Runner *runner, const Step *step, Error *error)
{
    return cgroup_limit_apply(&runner->cgroup, step->with.limit, error);
}

static void step_describe_number_limit(const char *name, int64_t value, StrBuf *text)
{
    strbuf_printf(text, "%s%s %lld", text->length ? ", " : "", name, (long long)value);
}

void step_describe_limit(const Step *step, StrBuf *text)
{
    const CgroupLimit *limit = step->with.limit;
    const struct {
        uint32_t bit;
        const char *name;
        int64_t value;
    } rows[] = {
        { CGROUP_LIMIT_MEMORY, "memory", limit->memory },
        { CGROUP_LIMIT_MEMORY_SWAP, "memory+swap", limit->memory_swap },
        { CGROUP_LIMIT_MEMORY_RESERVATION, "memory reservation", limit->memory_reservation },
        { CGROUP_LIMIT_CPU_SHARES, "cpu shares", limit->cpu_shares },
        { CGROUP_LIMIT_CPU_QUOTA, "cpu quota us", limit->cpu_quota_us },
        { CGROUP_LIMIT_CPU_PERIOD, "per us", limit->cpu_period_us },
        { CGROUP_LIMIT_PIDS, "pids", limit->pids },
        { CGROUP_LIMIT_IO_WEIGHT, "io weight", limit->io_weight },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (limit->set & rows[i].bit)
            step_describe_number_limit(rows[i].name, rows[i].value, text);
    if (limit->set & CGROUP_LIMIT_CPUSET_CPUS)
        strbuf_printf(text, "%scpus %s", text->length ? ", " : "", limit->cpuset_cpus);
    if (limit->set & CGROUP_LIMIT_CPUSET_MEMS)
        strbuf_printf(text, "%smems %s", text->length ? ", " : "", limit->cpuset_mems);
}

int step_cgroup_device_limit(Runner *runner, const Step *step, Error *error)
{
    return cgroup_device_limit_apply(&runner->cgroup, step->with.device_limit, error);
}

int step_cgroup_devices(Runner *runner, const Step *step, Error *error)
{
    const StepDevices *devices = step->with.devices;
    return cgroup_devices_apply(&runner->cgroup, devices->rules, devices->count, error);
}

/* What has no place in a CgroupLimit: limits by page size, by device, by file. */
int step_cgroup_more(Runner *runner, const Step *step, Error *error)
{
    return resources_apply_more(&runner->cgroup, step->with.resources, error);
}

int step_cgroup_enter(Runner *runner, const Step *step, Error *error)
{
    const int *tasks = &runner->slots[step->in];
    size_t count = 0;
    while (count < CGROUP_CONTROLLER_MAX && tasks[count] >= 0)
        count++;
    return cgroup_enter_tasks(tasks, count, error);
}

/* Whether one of the step's controllers is in this one's hierarchy: they may be mounted together.
 */
static bool step_hierarchy_has(const Runner *runner, const Step *step, CgroupController hierarchy,
                               CgroupController controller)
{
    return (step->flags & CGROUP_BIT(controller)) &&
           str_eq(runner->cgroup_host->mount[controller], runner->cgroup_host->mount[hierarchy]);
}

/* The first of the step's controllers in a hierarchy stands for all of them. */
static bool step_hierarchy_begins(const Runner *runner, const Step *step,
                                  CgroupController controller)
{
    if (!(step->flags & CGROUP_BIT(controller)))
        return false;
    for (CgroupController c = 0; c < controller; c++)
        if (step_hierarchy_has(runner, step, controller, c))
            return false;
    return true;
}

/*
 * v1 without a cgroup namespace of the container's own: what it is shown is its own cgroup, cloned
 * from the host's mounts. A new mount would show the whole hierarchy. Where it has none, an
 * ordinary user's, there is nothing to show.
 */
int step_cgroup_clone(Runner *runner, const Step *step, Error *error)
{
    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!step_hierarchy_begins(runner, step, c) || runner->cgroup.fds[c] < 0)
            continue;
        int fd = mount_clone(runner->cgroup.fds[c], "", false, error);
        if (fd < 0)
            return fd;
        runner->slots[step->out + (Slot)c] = fd;
    }
    return 0;
}

/* One v1 hierarchy, as the container's own cgroup namespace shows it: with all its controllers,
 * also those that the container has no limits of, for the kernel takes other words as another
 * hierarchy. */
static int step_new_hierarchy(const Runner *runner, const Step *step, CgroupController controller,
                              Error *error)
{
    char *names[CGROUP_CONTROLLER_MAX + 1];
    StrList options = { .items = names };
    if (controller == CGROUP_UNIFIED)
        return mount_new("cgroup2", "cgroup", &options, step->with.mount->set, error);
    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        if (str_eq(runner->cgroup_host->mount[c], runner->cgroup_host->mount[controller]))
            names[options.count++] = (char *)cgroup_controller_name(c, CGROUP_V1);
    return mount_new("cgroup", "cgroup", &options, step->with.mount->set, error);
}

/* cpu and cpuacct are links to cpu,cpuacct, as on the host. */
static int step_hierarchy_links(const Runner *runner, CgroupController controller, int directory_fd,
                                const char *target, Error *error)
{
    const char *const *mounts = runner->cgroup_host->mount;
    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        const char *name = cgroup_controller_name(c, CGROUP_V1);
        if (c >= CGROUP_SYSTEMD || !str_eq(mounts[c], mounts[controller]) || str_eq(name, target))
            continue;
        if (symlinkat(target, directory_fd, name) < 0 && errno != EEXIST)
            return error_errno(error, errno, "link of cgroup %s", name);
    }
    return 0;
}

static int step_mount_hierarchy(Runner *runner, const Step *step, CgroupController controller,
                                int directory_fd, Error *error)
{
    int *clone = step->in ? &runner->slots[step->in + (Slot)controller] : NULL;
    if (clone && *clone < 0)
        return 0;
    int mount_fd CLEANUP(fd_closep) =
        clone ? TAKE_FD(*clone) : step_new_hierarchy(runner, step, controller, error);
    if (mount_fd < 0)
        return mount_fd;
    MountAttributes attributes = {
        .set = step->with.mount->set,
        .propagation = MS_PRIVATE,
        .userns_fd = -1,
    };
    int r = clone ? mount_change(mount_fd, &attributes, error) : 0;
    if (r < 0)
        return r;
    /* The tmpfs is new, and what could change it does not run yet: names in it need no care. */
    const char *name = strrchr(runner->cgroup_host->mount[controller], '/') + 1;
    if (mkdirat(directory_fd, name, 0755) < 0)
        return error_errno(error, errno, "directory of cgroup %s", name);
    r = mount_attach_at(mount_fd, directory_fd, name, error);
    return r < 0 ? r : step_hierarchy_links(runner, controller, directory_fd, name, error);
}

/*
 * /sys/fs/cgroup: the v2 tree, or a tmpfs with those v1 hierarchies in which the container has a
 * cgroup of its own. The others would show the engine's.
 */
int step_mount_cgroup(Runner *runner, const Step *step, Error *error)
{
    const StepMount *mount = step->with.mount;
    int target_fd CLEANUP(fd_closep) = inroot_make_dir(runner->root_fd, step->target, 0755, error);
    if (target_fd < 0)
        return target_fd;

    bool unified = runner->cgroup_host->mode == CGROUP_V2;
    const StrList options = { .items = (char *[]){ (char *)"mode=755", NULL },
                              .count = unified ? 0 : 1 };
    int mount_fd CLEANUP(fd_closep) =
        mount_new(unified ? "cgroup2" : "tmpfs", "cgroup", &options,
                  unified ? mount->set : mount->set & ~(uint64_t)MOUNT_ATTR_RDONLY, error);
    if (mount_fd < 0)
        return mount_fd;
    int r = mount_attach(mount_fd, target_fd, error);
    if (r < 0 || unified)
        return r;

    for (CgroupController c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!step_hierarchy_begins(runner, step, c))
            continue;
        r = step_mount_hierarchy(runner, step, c, mount_fd, error);
        if (r < 0)
            return r;
    }
    uint64_t later = mount->writable_top ? MOUNT_ATTR_RDONLY : 0;
    MountAttributes readonly = { .set = mount->set & ~later, .userns_fd = -1 };
    return mount_change(mount_fd, &readonly, error);
}
