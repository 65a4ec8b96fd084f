/*
 * The life of one foreground container, in the order of design and reading: find the image, take
 * what the container needs, build its spec, plan, launch, wait, give everything back.
 *
 * Invariant: after lifecycle_begin every way out goes through lifecycle_ended or
 * lifecycle_abandon.
 */
#include "engine/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/build.h"
#include "engine/foreground.h"
#include "engine/idrange.h"
#include "engine/lifecycle.h"
#include "engine/rootfs.h"
#include "engine/run_inputs.h"
#include "engine/spare.h"
#include "engine/volume.h"
#include "linux/detach_keys.h"
#include "linux/terminal.h"
#include "runtime/joins.h"
#include "runtime/launch.h"
#include "runtime/plan_print.h"
#include "runtime/trace.h"

typedef struct Run {
    const Engine *engine;
    RunRequest *request;
    Arena *arena;
    CgroupHost cgroup_host;
    RunInputs inputs; /* image, facts, joins: what build_spec needs to know */
    Lifecycle lifecycle;
    BuildResult built;
    PlanLayers layers;
    const char *copy; /* the copied root, when that rung is taken */
    RootfsRung rung;
    Plan plan;
    StepTime *times;
    uint64_t begun_ns;
    sigset_t signals;
    Streams streams;
} Run;

/* Looked up inside even when it is a number: HOME and the groups come from there. */
static const char *run_user(const Run *run)
{
    const OciImageConfig *image = run->inputs.build.image;
    const char *user = run->request->user;
    if (str_empty(user) && image)
        user = image->user;
    return str_empty(user) ? "0" : user;
}

static int run_build(Run *run, Error *error)
{
    const char *files =
        arena_printf(run->arena, "%s/containers/%s", run->engine->state, run->lifecycle.id);
    IdRange *range = arena_alloc(run->arena, sizeof(*range));
    *range = (IdRange){ 0, run->lifecycle.state.first_id, IDRANGE_SIZE };
    BuildInput input = run->inputs.build;
    input.id = run->lifecycle.id;
    input.files = files;
    if (run->inputs.own_ids) {
        input.uids = input.gids = range;
        input.uid_count = input.gid_count = 1;
    }
    return build_spec(&input, run->arena, &run->built, error);
}

static void run_record(Run *run)
{
    Container *container = &run->lifecycle.container;
    const RunRequest *request = run->request;
    const SpecProcess *process = run->built.spec->process;
    container->image = request->image;
    container->image_id = run->inputs.image_id;
    container->layers = run->inputs.layers;
    container->rootfs = request->rootfs;
    container->command = process->args;
    container->env = request->env;
    container->user = request->user;
    container->workdir = request->working_directory;
    container->annotations = request->annotations;
    build_settings(&run->inputs.build, &run->built, run->arena, &container->settings);
    container->rung = rootfs_rung_name(run->rung);
    run->lifecycle.state.cgroup_path = run->built.spec->linux->cgroups_path;
    run->lifecycle.state.user = run_user(run);
    run->lifecycle.state.host_userns = !spec_namespace(run->built.spec, "user");
}

static bool run_in_memory(const RunRequest *request)
{
    return request->read_only || request->upper == REQUEST_UPPER_MEMORY;
}

static int run_root(Run *run, Error *error)
{
    bool own_ids = spec_namespace(run->built.spec, "user");
    if (run->request->rootfs) {
        run->rung = ROOTFS_DIRECTORY;
        return 0;
    }
    run->rung = own_ids ? ROOTFS_IDMAPPED : ROOTFS_PLAIN;
    return rootfs_layers(&run->lifecycle, &run->inputs.layers, run_in_memory(run->request),
                         run->arena, &run->layers, error);
}

/* The containers whose namespaces are joined. */
static void run_neighbours(const Run *run, PlanInput *input)
{
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        const ContainerState *state = run->inputs.build.joins[type].state;
        if (!state)
            continue;
        PlanNeighbour *neighbour = arena_append(run->arena, &input->neighbours,
                                                &input->neighbour_count, sizeof(*neighbour));
        *neighbour = (PlanNeighbour){ state->pid, state->start_ticks,
                                      request_namespace(run->request, type).target };
    }
}

static int run_plan(Run *run, Error *error)
{
    const Spec *spec = run->built.spec;
    PlanInput input = {
        .spec = spec,
        .id = run->lifecycle.id,
        .bundle = run->engine->root,
        .layers = run->request->rootfs || run->copy ? NULL : &run->layers,
        .cgroup_host = &run->cgroup_host,
        /* Enough to say what it uses and to stop it; each v1 hierarchy more costs 0.1 ms. */
        .controllers = CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS),
        .user = run_user(run),
        .extra_groups = &run->built.groups,
        .init_path = run->request->init ? run->inputs.init_path : NULL,
        .parent_death_signal = SIGKILL,
        .idmap_root = !run->copy,
        .outside = joins_outside(spec),
        .engine_mounts = true,
    };
    run_neighbours(run, &input);
    input.controllers &= run->cgroup_host.available;
    if (run->request->terminal)
        (void)!terminal_size(STDIN_FILENO, &input.rows, &input.columns);
    return plan_build(&input, run->arena, &run->plan, error);
}

static int run_write_file(int directory_fd, const BuildFile *file, uint32_t owner, Error *error)
{
    int fd CLEANUP(fd_closep) = openat(directory_fd, file->name,
                                       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : fd_write_all(fd, file->text, strlen(file->text));
    if (r == 0 && owner && fchown(fd, owner, owner) < 0)
        r = -errno;
    return r < 0 ? error_errno(error, r, "file %s of the container", file->name) : 0;
}

/* What the spec refers to and does not exist yet. */
static int run_make_sources(Run *run, Error *error)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < run->built.file_count; i++)
        r = run_write_file(run->lifecycle.state_fd, &run->built.files[i], 0, error);
    for (size_t i = 0; r == 0 && i < run->built.volume_count; i++) {
        const BuildVolume *volume = &run->built.volumes[i];
        r = volume_make(run->engine, volume, run->request->rootfs ? NULL : &run->layers, error);
        if (r == 0 && volume->anonymous)
            strlist_append(run->arena, &run->lifecycle.container.anonymous_volumes, volume->name);
    }
    return r;
}

static int run_write_cidfile(const Run *run, Error *error)
{
    const char *path = run->request->cidfile;
    if (!path)
        return 0;
    int fd CLEANUP(fd_closep) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_errno(error, errno, "--cidfile: %s", path);
    int r = fd_write_all(fd, run->lifecycle.id, strlen(run->lifecycle.id));
    if (r < 0)
        (void)unlink(path);
    return r < 0 ? error_errno(error, r, "--cidfile: %s", path) : 0;
}

/* What was cloned from the joined containers' trees, by number too, was theirs (plan.h). */
static int run_check_joins(const Run *run, Error *error)
{
    for (NamespaceType type = 0; type < NAMESPACE_MAX; type++) {
        const ContainerState *state = run->inputs.build.joins[type].state;
        if (state && !container_is_running(state))
            return error_set(error, ERROR_CONFLICT, ESRCH, "container %s is not running",
                             request_namespace(run->request, type).target);
    }
    return 0;
}

/* The child works on its root meanwhile: time to write what others want to know. */
static int run_created(void *context, const Launched *launched, Error *error)
{
    Run *run = context;
    int r = run_check_joins(run, error);
    if (r == 0)
        r = container_write_spec(run->engine, run->lifecycle.id, run->built.spec, error);
    if (r == 0)
        r = container_write(run->engine, &run->lifecycle.container, error);
    fd_closep(&run->inputs.store_lock); /* the record keeps the layers from now on */
    return r < 0 ? r : lifecycle_started(&run->lifecycle, launched->pid, error);
}

/* What earlier containers left, where removing waits for the disk. */
static void run_idle(void *context)
{
    const Run *run = context;
    spare_sweep(run->engine);
}

static int run_wait(Run *run, const Launched *launched, int *ret_status, Error *error)
{
    Foreground foreground = {
        .interactive = run->request->interactive,
        .no_signal_proxy = run->request->no_signal_proxy,
        .terminal = run->request->terminal,
        .terminal_fd = launched->terminal_fd,
        .pid = launched->pid,
        .pidfd = launched->pidfd,
        .detach_keys = run->request->detach_keys,
        .streams = &run->streams,
    };
    return foreground_wait(&foreground, &run->signals, ret_status, error);
}

/* The next rung of rootfs.h: a copy with shifted owners instead of idmapped layers. */
static int run_fall_back(Run *run, Error *error)
{
    int r = rootfs_copy(&run->lifecycle, &run->layers, run->lifecycle.state.first_id, run->arena,
                        &run->copy, error);
    if (r < 0)
        return error_wrap(error, "copying the image, as its layers cannot be idmapped here");
    run->rung = ROOTFS_COPIED;
    run->lifecycle.container.rung = rootfs_rung_name(run->rung);
    run->built.spec->root->path = run->copy;
    return run_plan(run, error);
}

/* Root inside is nobody there, and "permission denied" would not say why. Of the engine's own
 * files, which all may read, nobody needs to hear. */
static void run_warn_unmapped(const Run *run, const Step *step)
{
    Error warning = { 0 };
    (void)error_set(
        &warning, ERROR_UNSUPPORTED, EOPNOTSUPP,
        "%s: %s: its filesystem cannot map ids, so the container's users own nothing in "
        "it (--userns=host has the ids as they are)",
        step->origin, step->source);
    build_name_option(run->request, run->built.spec, &warning);
    if (run->request->warn && str_starts(warning.message, "--"))
        run->request->warn(warning.message);
}

static int run_launch(Run *run, Launched *launched, Error *error)
{
    LaunchOptions options = {
        .cgroup_host = &run->cgroup_host,
        .times = run->times,
        .created = run_created,
        .idle = run_idle,
        .give_pipes = run->streams.pipes,
        .context = run,
    };
    int r = launch_container(&run->plan, &options, launched, error);
    if (r < 0 && run->rung == ROOTFS_IDMAPPED && rootfs_is_refusal(error)) {
        r = run_fall_back(run, error);
        options.times = NULL; /* there is one for each step of the first plan only */
        r = r < 0 ? r : launch_container(&run->plan, &options, launched, error);
    }
    streams_restore(&run->streams);
    if (r == 0 && launched->unmapped)
        run_warn_unmapped(run, launched->unmapped);
    return r;
}

/* From the plan to the end of the process. On failure before it ran, nothing of it is left. */
static int run_execute(Run *run, int *ret_status, Error *error)
{
    Launched launched CLEANUP(launch_done) = LAUNCHED_NONE;
    int r = run_launch(run, &launched, error);
    if (r < 0) {
        lifecycle_abandon(&run->lifecycle);
        return r;
    }
    Error failure = { 0 };
    int waited = run_wait(run, &launched, ret_status, &failure);
    r = lifecycle_ended(&run->lifecycle, &launched.cgroup, waited < 0 ? 125 : *ret_status, error);
    if (waited < 0) {
        *error = failure;
        return waited;
    }
    return r;
}

/* Now, and not when somebody presses a key. */
static int run_check_keys(const Run *run, Error *error)
{
    DetachKeys keys;
    const char *text = run->request->detach_keys;
    int r = text ? detach_keys_parse(text, &keys, error) : 0;
    return r < 0 ? error_wrap(error, "--detach-keys"), r : 0;
}

static int run_prepare(Run *run, Error *error)
{
    int r = run_check_keys(run, error);
    if (r == 0)
        r = run_build(run, error);
    if (r == 0)
        r = run_root(run, error);
    if (r == 0)
        r = run_plan(run, error);
    if (r < 0 || run->request->plan)
        return r;
    run_record(run);
    r = run_make_sources(run, error);
    /* Where its cgroup will be cannot be told from the id then: a crash must not hide it. */
    if (r == 0 && run->request->limits.cgroup_parent)
        r = container_write_state(run->engine, run->lifecycle.id, &run->lifecycle.state, error);
    if (r == 0)
        r = run_write_cidfile(run, error);
    if (r == 0)
        r = streams_give(&run->streams,
                         run->request->terminal ? STREAMS_TERMINAL : STREAMS_FOREGROUND,
                         run->request->interactive, error);
    if (r == 0 && run->request->trace) {
        run->times = trace_new(&run->plan, error);
        r = run->times ? 0 : -error->code;
    }
    return r;
}

static void run_outcome_text(const Run *run, RunOutcome *outcome)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    if (run->request->plan)
        plan_print(&run->plan, &text);
    else if (run->times)
        trace_print(&run->plan, run->times, run->begun_ns, &text);
    outcome->text = text.length ? arena_strdup(run->arena, strbuf_text(&text)) : NULL;
}

static int run_check_caller(const RunRequest *request, Error *error)
{
    if (geteuid() != 0)
        return error_set(error, ERROR_DENIED, EPERM,
                         "containers of ordinary users are not supported yet: run ambit as root");
    return foreground_check(request->interactive, request->terminal, error);
}

int run_container(const Engine *engine, RunRequest *request, Arena *arena, RunOutcome *ret_outcome,
                  Error *error)
{
    Run run = {
        .engine = engine,
        .request = request,
        .arena = arena,
        .begun_ns = clock_ns(),
        .streams = STREAMS_NONE,
    };
    int r = request->plan ? 0 : run_check_caller(request, error);
    if (r == 0)
        r = cgroup_host_read(arena, &run.cgroup_host, error);
    if (r == 0)
        r = run_inputs_read(engine, request, &run.cgroup_host, arena, &run.inputs, error);
    if (r < 0)
        return r;
    /* From here on a signal is for the container, and kept until it is there. */
    foreground_block_signals(&run.signals);
    LifecycleWish wish = {
        .name = request->name,
        .id_range = run.inputs.own_ids,
        .passing = request->remove,
        .no_files = run_in_memory(request) && !request->rootfs,
    };
    r = lifecycle_begin(engine, &wish, arena, &run.lifecycle, error);
    if (r < 0)
        return r;
    RunOutcome outcome = { 0 };
    r = run_prepare(&run, error);
    if (r < 0 || request->plan)
        lifecycle_abandon(&run.lifecycle);
    else
        r = run_execute(&run, &outcome.exit_status, error);
    if (r < 0 && error && run.built.spec)
        build_name_option(request, run.built.spec, error);
    lifecycle_done(&run.lifecycle);
    fd_closep(&run.inputs.store_lock);
    if (r == 0) {
        run_outcome_text(&run, &outcome);
        *ret_outcome = outcome;
    }
    streams_done(&run.streams);
    trace_free(run.times, &run.plan);
    return r;
}
