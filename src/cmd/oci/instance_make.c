/*
 * From bundle to process. Invariant: from the moment the child exists, its pid and cgroup are on
 * record, so that `delete --force` finds everything after a crash at any point.
 */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "annotation.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "bundle.h"
#include "handout.h"
#include "linux/capability.h"
#include "linux/clone.h"
#include "linux/lsm.h"
#include "linux/sealed.h"
#include "log.h"
#include "notify.h"
#include "runtime/channel.h"
#include "runtime/joins.h"
#include "runtime/trace.h"

/* ---- what is asked for ---- */

int instance_read_bundle(const InstanceOptions *options, Arena *arena, Spec **ret_spec,
                         const char **ret_path, Error *error)
{
    char path[PATH_MAX];
    const char *bundle = str_empty(options->bundle) ? "." : options->bundle;
    if (!realpath(bundle, path))
        return error_errno(error, errno, "--bundle: %s", bundle);
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "--bundle: %s", path);
    char *text;
    size_t size;
    int r = options->config
                ? file_read_at(AT_FDCWD, options->config, SPEC_MAX_BYTES, arena, &text, &size)
                : file_read_at(fd, "config.json", SPEC_MAX_BYTES, arena, &text, &size);
    if (r == -ENOENT && !options->config)
        return error_set(error, ERROR_NOT_FOUND, ENOENT,
                         "JSON specification file config.json not found in %s", path);
    if (r < 0)
        return error_errno(error, r, "%s%s", options->config ? options->config : path,
                           options->config ? "" : "/config.json");
    Spec *spec;
    r = spec_parse(arena, text, size, &spec, error);
    if (r == 0)
        r = annotation_apply(spec, error);
    if (r == 0)
        r = spec_validate(spec, error);
    if (r < 0)
        return error_wrap(error, "config.json");
    SpecPids *pids = spec->linux && spec->linux->resources ? spec->linux->resources->pids : NULL;
    if (pids && pids->limit.value == 0 && spec_zero_pids_is_none(spec->oci_version))
        pids->limit.value = -1;
    *ret_spec = spec;
    *ret_path = arena_strdup(arena, path);
    return 0;
}

/* Where no rule is, all that are not named below are denied, as with runc: CAP_MKNOD alone is no
 * way to the host's disks. NULL where nobody may make rules. */
static SpecResources *instance_device_resources(Instance *instance)
{
    const CgroupHost *host = &instance->cgroup_host;
    bool possible = host->mode == CGROUP_V2 || (host->available & CGROUP_BIT(CGROUP_DEVICES));
    Spec *spec = instance->spec;
    if (spec->linux && spec->linux->resources && spec->linux->resources->devices.count)
        return spec->linux->resources;
    if (!possible || placement_is_unprivileged(instance->globals) ||
        instance->globals->cgroup_manager == OCI_CGROUP_DISABLED)
        return NULL;
    if (!spec->linux)
        spec->linux = arena_alloc(instance->arena, sizeof(*spec->linux));
    if (!spec->linux->resources)
        spec->linux->resources = arena_alloc(instance->arena, sizeof(*spec->linux->resources));
    SpecResources *resources = spec->linux->resources;
    SpecDeviceRule *rule = arena_append(instance->arena, &resources->devices.items,
                                        &resources->devices.count, sizeof(*rule));
    *rule = (SpecDeviceRule){ .access = "rwm" };
    return resources;
}

/*
 * The devices every container has are usable whatever the rules of the spec say; making nodes takes
 * a capability besides, and using them a rule. The last one is tun, as with runc and crun: images
 * of VPNs make the node themselves. A rule of the spec that names it counts.
 */
static void instance_allow_devices(Instance *instance)
{
    static const struct {
        const char *type, *access;
        int64_t major, minor;
    } rows[] = {
        { "c", "m", -1, -1 },    { "b", "m", -1, -1 },    { "c", "rwm", 1, 3 },
        { "c", "rwm", 1, 5 },    { "c", "rwm", 1, 7 },    { "c", "rwm", 1, 8 },
        { "c", "rwm", 1, 9 },    { "c", "rwm", 5, 0 },    { "c", "rwm", 5, 2 },
        { "c", "rwm", 136, -1 }, { "c", "rwm", 10, 200 },
    };
    enum { TUN = ARRAY_LEN(rows) - 1 };
    SpecResources *resources = instance_device_resources(instance);
    if (!resources)
        return; /* nothing is denied */
    bool named = false;
    for (size_t i = 0; i < resources->devices.count; i++)
        named |= resources->devices.items[i].major.value == rows[TUN].major &&
                 resources->devices.items[i].minor.value == rows[TUN].minor;
    for (size_t i = 0; i < (named ? TUN : ARRAY_LEN(rows)); i++) {
        SpecDeviceRule *rule = arena_append(instance->arena, &resources->devices.items,
                                            &resources->devices.count, sizeof(*rule));
        *rule = (SpecDeviceRule){
            .allow = true,
            .type = rows[i].type,
            .major = { true, rows[i].major },
            .minor = { true, rows[i].minor },
            .access = rows[i].access,
        };
    }
}

static int instance_check_terminal(const Instance *instance, Error *error)
{
    bool terminal = instance->spec->process && instance->spec->process->terminal;
    bool socket = instance->options->console_socket;
    bool detached = instance->start_socket >= 0 || instance->options->detach;
    return handout_check_console(terminal, detached, socket, error);
}

static void instance_fill_record(Instance *instance, const char *id, const char *bundle)
{
    const Spec *spec = instance->spec;
    const char *root = spec->root->path;
    instance->record = (Record){
        .oci_version = spec->oci_version,
        .id = id,
        .bundle = bundle,
        .rootfs = root[0] == '/' ? root : arena_printf(instance->arena, "%s/%s", bundle, root),
        .created = timestamp_now_ns(instance->arena),
        .cgroup_path = spec->linux->cgroups_path,
        .unit = instance->placement.scope ? instance->placement.scope->unit : NULL,
        .unit_user = instance->placement.unprivileged,
        .host_userns = !spec_namespace(spec, "user"),
        .own_pidns = spec_namespace_is_new(spec, "pid"),
        .keep_keyring = instance->options->no_new_keyring,
        .annotations = spec->annotations,
    };
}

/*
 * A cgroup in the hierarchies that callers read or act on: statistics, pausing, killing; device
 * rules where there are some. Limits add theirs (plan_cgroup.c). Each further directory costs at
 * the start and at the end, and 'update' makes it when it is needed. systemd is told only where it
 * looks after us.
 */
static uint32_t instance_controllers(const Instance *instance)
{
    const CgroupHost *host = &instance->cgroup_host;
    const SpecResources *resources = instance->spec->linux->resources;
    uint32_t left_out = CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET) |
                        CGROUP_BIT(CGROUP_NET_CLS) | CGROUP_BIT(CGROUP_NET_PRIO) |
                        CGROUP_BIT(CGROUP_PERF_EVENT) | CGROUP_BIT(CGROUP_MISC);
    if (str_eq(host->own_path[CGROUP_SYSTEMD], "/"))
        left_out |= CGROUP_BIT(CGROUP_SYSTEMD) | CGROUP_BIT(CGROUP_UNIFIED);
    if (!resources || resources->devices.count == 0)
        left_out |= CGROUP_BIT(CGROUP_DEVICES);
    return host->mode == CGROUP_V2 ? host->available : host->available & ~left_out;
}

void instance_warn(const Instance *instance)
{
    for (size_t i = 0; i < instance->plan.warnings.count; i++)
        log_line(LOG_LEVEL_WARNING, "%s", instance->plan.warnings.items[i]);
}

static int instance_plan(Instance *instance, Error *error)
{
    instance->hook_state = record_state(&instance->record, OCI_STATUS_CREATING);
    PlanInput input = {
        .spec = instance->spec,
        .id = instance->record.id,
        .bundle = instance->record.bundle,
        .cgroup_host = &instance->cgroup_host,
        .controllers = instance_controllers(instance),
        .cgroup_optional = instance->placement.optional,
        .unprivileged = instance->placement.unprivileged,
        .scope = instance->placement.scope,
        .outside = joins_outside(instance->spec),
        .preserve_fds = (int)(instance->listen_fds + instance->options->preserve_fds),
        .no_pivot = instance->options->no_pivot,
        .state = &instance->hook_state,
        .keep_groups = annotation_is_set(instance->spec, "run.oci.keep_original_groups"),
        .keep_keyring = instance->options->no_new_keyring,
        .selinux = !str_empty(instance->spec->linux->mount_label) && (lsm_active() & LSM_SELINUX),
    };
    int r = joins_check_settings(instance->spec, error);
    return r < 0 ? r : plan_build(&input, instance->arena, &instance->plan, error);
}

/* ---- making ---- */

static int instance_making(void *context, Error *error)
{
    const Instance *instance = context;
    return record_write(&instance->place, &instance->record, error);
}

static int instance_created(void *context, const Launched *launched, Error *error)
{
    Instance *instance = context;
    instance->record.pid = launched->pid;
    instance->record.cgroup_path = launched->cgroup.path; /* systemd's; none if it was optional */
    if (launched->resctrl) {
        instance->record.rdt_group = launched->resctrl->name;
        instance->record.rdt_own = launched->resctrl->own;
        instance->record.rdt_monitor = launched->resctrl->monitor;
    }
    int r = clone_start_time(launched->pid, &instance->record.start_ticks);
    if (r < 0)
        return error_errno(error, r, "start time of process %d", (int)launched->pid);
    r = record_write_spec(&instance->place, instance->spec, error);
    return r < 0 ? r : record_write(&instance->place, &instance->record, error);
}

void instance_idle(void *context)
{
    fd_closep(&((Instance *)context)->sealed_fd);
}

/* --trace, and a line of --debug for each step. */
static void instance_show_times(const Instance *instance, StepTime *times, uint64_t begun_ns)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    trace_print(&instance->plan, times, begun_ns, &text);
    trace_free(times, &instance->plan);
    if (instance->options->trace)
        (void)!fd_write_all(STDERR_FILENO, text.data, text.length);
    StrList lines = strlist_split(instance->arena, strbuf_text(&text), '\n');
    for (size_t i = 0; i < lines.count; i++)
        if (*lines.items[i])
            log_line(LOG_LEVEL_DEBUG, "%s", lines.items[i]);
}

static int instance_launch(Instance *instance, Error *error)
{
    LaunchOptions options = {
        .cgroup_host = &instance->cgroup_host,
        .hold = instance->start_socket >= 0,
        .start_socket = instance->start_socket,
        .making = instance_making,
        .created = instance_created,
        .context = instance,
        .idle = instance_idle,
        .not_for_child = &instance->sealed_fd,
    };
    bool timed = instance->options->trace || log_is_debug();
    uint64_t begun_ns = timed ? clock_ns() : 0;
    options.times = timed ? trace_new(&instance->plan, error) : NULL;
    if (timed && !options.times)
        return -ENOMEM;
    int r = launch_container(&instance->plan, &options, &instance->launched, error);
    if (timed)
        instance_show_times(instance, options.times, begun_ns);
    if (r < 0) { /* the child is gone, and so is its cgroup */
        instance->record.pid = 0;
        instance->record.cgroup_path = NULL;
        instance->record.rdt_group = NULL;
        return r;
    }
    instance->record.ready = true;
    r = record_write(&instance->place, &instance->record, error);
    return r < 0 ? r : handout_launched(instance, error);
}

int instance_read(Instance *instance, const char *id, Error *error)
{
    const char *bundle;
    int r =
        instance_read_bundle(instance->options, instance->arena, &instance->spec, &bundle, error);
    if (r == 0)
        r = bundle_listen(instance->spec, instance->options->preserve_fds, instance->arena,
                          &instance->listen_fds, error);
    if (r < 0)
        return r;
    r = cgroup_host_read(instance->arena, &instance->cgroup_host, error);
    if (r < 0)
        return r;
    instance_allow_devices(instance);
    r = placement_choose(&(PlacementInput){ instance->globals, &instance->cgroup_host, id },
                         instance->spec, instance->arena, &instance->placement, error);
    if (r < 0)
        return r;
    bundle_drop_capabilities(instance->spec->process, spec_namespace_is_new(instance->spec, "user"),
                             instance->arena);
    if (notify_host())
        notify_extend_spec(instance->spec,
                           arena_printf(instance->arena, "%s/%s",
                                        commands_root(instance->globals, instance->arena), id),
                           instance->arena);
    instance_fill_record(instance, id, bundle);
    return instance_plan(instance, error);
}

/* Nobody but who has CAP_SYS_ADMIN makes other namespaces without one of users. */
static int instance_check_caller(const Instance *instance, Error *error)
{
    if (!instance->placement.unprivileged || spec_namespace(instance->spec, "user") ||
        capability_have(CAP_SYS_ADMIN))
        return 0;
    return error_set(
        error, ERROR_DENIED, EPERM,
        "linux.namespaces: without CAP_SYS_ADMIN a container needs a namespace of type "
        "user: operation not permitted");
}

static int instance_prepare(Instance *instance, const char *id, bool hold, Error *error)
{
    int r = instance_read(instance, id, error);
    if (r == 0)
        r = instance_check_caller(instance, error);
    if (r == 0)
        r = record_make(commands_root(instance->globals, instance->arena), id, &instance->place,
                        error);
    if (r == 0 && notify_host())
        r = notify_make_directory(instance->place.dir, error);
    if (r == 0 && notify_host() && instance->ret_notify) {
        int fd = notify_bind(instance->place.dir, error);
        *instance->ret_notify = fd < 0 ? -1 : fd;
        r = fd < 0 ? fd : 0;
    }
    if (r == 0 && hold) {
        instance->start_socket = channel_listen(instance->place.dir, RECORD_START, error);
        r = instance->start_socket < 0 ? instance->start_socket : 0;
    }
    return r < 0 ? r : instance_check_terminal(instance, error);
}

int instance_seal(Instance *instance, const InstanceOptions *options, Error *error)
{
    /* Descriptors that the container inherits could be as many as to reach ours. */
    bool keep = options->preserve_fds == 0 && !getenv("LISTEN_FDS");
    if (!sealed_already())
        return sealed_exec(main_arguments, keep, error);
    instance->sealed_fd = sealed_take();
    return 0;
}

void instance_kill_launched(const Instance *instance)
{
    pid_t pid = instance->launched.pid;
    if (pid <= 0)
        return;
    (void)kill(pid, SIGKILL); /* a child of ours: the number is its own until it was waited for */
    (void)!clone_wait(pid, NULL, NULL);
}

int instance_make(Instance *instance, const char *id, bool hold, Error *error)
{
    int r = instance_prepare(instance, id, hold, error);
    if (r == 0)
        instance_warn(instance);
    if (r == 0)
        r = instance_launch(instance, error);
    if (r < 0 && instance->place.dir >= 0) {
        instance_kill_launched(instance);
        (void)!instance_destroy(instance, NULL);
    }
    return r;
}
