/*
 * The process of `exec` is a child of this program, which joins the container's namespaces through
 * the runtime's stage and waits like `run` does. It gets the environment, working directory,
 * capabilities and filter of the container's own process, unless the request says otherwise.
 */
#include "engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/foreground.h"
#include "engine/names.h"
#include "linux/capability.h"
#include "linux/terminal.h"
#include "runtime/launch.h"
#include "runtime/plan_build.h"

typedef struct ExecTarget {
    char id[NAMES_ID_LENGTH + 1];
    ContainerState *state;
    Spec *spec;
} ExecTarget;

static int exec_find(const Engine *engine, const char *container, Arena *arena, ExecTarget *target,
                     Error *error)
{
    int r = names_resolve(engine, container, target->id, error);
    if (r < 0)
        return r;
    r = container_read_state(engine, target->id, arena, &target->state, error);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r < 0 || !container_is_running(target->state))
        return error_set(error, ERROR_CONFLICT, ESRCH, "container %s is not running", container);
    return container_read_spec(engine, target->id, arena, &target->spec, error);
}

int exec_needs_seal(const Engine *engine, const char *container, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ExecTarget target;
    int r = exec_find(engine, container, &arena, &target, error);
    return r < 0 ? r : target.state->host_userns;
}

static void exec_all_capabilities(SpecProcess *process, Arena *arena)
{
    SpecCapabilities *all = arena_alloc(arena, sizeof(*all));
    uint64_t known = capability_all();
    for (int c = 0; c < 64; c++) {
        if (!(known & (1ULL << c)) || !capability_name(c))
            continue;
        strlist_append(arena, &all->bounding, capability_name(c));
        strlist_append(arena, &all->effective, capability_name(c));
        strlist_append(arena, &all->permitted, capability_name(c));
    }
    process->capabilities = all;
    process->no_new_privileges = false;
}

/* A later "NAME=..." replaces an earlier one in its place. */
static void exec_set_env(StrList *env, Arena *arena, const char *entry)
{
    size_t name_length = strcspn(entry, "=") + 1;
    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], entry, name_length) == 0) {
            env->items[i] = arena_strdup(arena, entry);
            return;
        }
    }
    strlist_append(arena, env, entry);
}

static SpecProcess *exec_process(const ExecRequest *request, const ExecTarget *target, Arena *arena)
{
    SpecProcess *process = arena_copy(arena, target->spec->process, sizeof(*process));
    process->args = request->command;
    process->terminal = request->terminal;
    process->console_size = NULL;
    process->oom_score_adj.set = false; /* inherited, and only root may lower it again */
    if (request->working_directory)
        process->cwd = request->working_directory;
    if (request->privileged)
        exec_all_capabilities(process, arena);
    StrList env = { 0 };
    for (size_t i = 0; i < process->env.count; i++)
        strlist_append(arena, &env, process->env.items[i]);
    if (request->terminal)
        exec_set_env(&env, arena, "TERM=xterm");
    for (size_t i = 0; i < request->env.count; i++)
        exec_set_env(&env, arena, request->env.items[i]);
    process->env = env;
    return process;
}

static int exec_foreground(const ExecRequest *request, const Launched *launched, Streams *streams,
                           const sigset_t *signals, int *ret_status, Error *error)
{
    Foreground foreground = {
        .interactive = request->interactive,
        .terminal = request->terminal,
        .terminal_fd = launched->terminal_fd,
        .pid = launched->pid,
        .pidfd = launched->pidfd,
        .detach_keys = request->detach_keys,
        .streams = streams,
    };
    return foreground_wait(&foreground, signals, ret_status, error);
}

static int exec_plan(const ExecRequest *request, const ExecTarget *target,
                     const CgroupHost *cgroup_host, Arena *arena, Plan *ret_plan, Error *error)
{
    PlanExecInput input = {
        .process = exec_process(request, target, arena),
        .spec = target->spec,
        .id = target->id,
        .pid = target->state->pid,
        .start_ticks = target->state->start_ticks,
        .cgroup_path = target->state->cgroup_path,
        .cgroup_host = cgroup_host,
        .user = str_empty(request->user) ? target->state->user : request->user,
        .privileged = request->privileged,
        .userns_host = target->state->host_userns,
    };
    if (request->terminal)
        (void)!terminal_size(0, &input.rows, &input.columns);
    return plan_build_exec(&input, arena, ret_plan, error);
}

static StreamsKind exec_streams(const ExecRequest *request)
{
    if (request->detach)
        return STREAMS_DETACHED;
    return request->terminal ? STREAMS_TERMINAL : STREAMS_FOREGROUND;
}

/* The runtime names places in a configuration; who typed options gets the option. */
static int exec_failed(const ExecRequest *request, int code, Error *error)
{
    if (request->user)
        error_rename(error, "process.user", "--user");
    if (request->working_directory)
        error_rename(error, "process.cwd", "--workdir");
    return code;
}

int exec_run(const Engine *engine, const ExecRequest *request, Arena *arena, int *ret_status,
             Error *error)
{
    ExecTarget target;
    CgroupHost cgroup_host;
    Plan plan;
    int r = foreground_check(request->interactive && !request->detach, request->terminal, error);
    if (r == 0)
        r = exec_find(engine, request->container, arena, &target, error);
    if (r == 0)
        r = cgroup_host_read(arena, &cgroup_host, error);
    if (r == 0)
        r = exec_plan(request, &target, &cgroup_host, arena, &plan, error);
    Streams streams CLEANUP(streams_done) = STREAMS_NONE;
    if (r == 0)
        r = streams_give(&streams, exec_streams(request), request->interactive, error);
    if (r < 0)
        return r;

    sigset_t signals;
    foreground_block_signals(&signals);
    LaunchOptions options = {
        .cgroup_host = &cgroup_host,
        .keep_cgroup = true,
        .give_pipes = streams.pipes,
    };
    Launched launched CLEANUP(launch_done) = LAUNCHED_NONE;
    r = launch_container(&plan, &options, &launched, error);
    streams_restore(&streams);
    if (r < 0)
        return exec_failed(request, r, error);
    if (request->detach) {
        *ret_status = 0;
        return 0;
    }
    return exec_foreground(request, &launched, &streams, &signals, ret_status, error);
}
