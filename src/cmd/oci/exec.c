/*
 * `exec`: one more process in a container. What it is comes from --process, or from the container's
 * own process with the changes that the options ask for.
 */
#include <errno.h>
#include <string.h>

#include <fcntl.h>

#include "base/file.h"
#include "bundle.h"
#include "engine/foreground.h"
#include "handout.h"
#include "instance.h"
#include "linux/clone.h"
#include "linux/terminal.h"

typedef struct ExecOptions {
    InstanceOptions common; /* pid_file, console_socket, preserve_fds, detach */
    const char *process, *cwd, *user, *apparmor, *selinux;
    StrList env, caps, groups, cgroups;
    OptionTristate no_new_privs;
    bool tty, ignore_paused;
} ExecOptions;

static const Option exec_options[] = {
    { 'p', "process", OPTION_STRING(ExecOptions, process), "FILE",
      "Read the process from FILE, as in config.json", .completes = "file" },
    { 't', "tty", OPTION_FLAG(ExecOptions, tty), NULL, "Give it a terminal" },
    { 'u', "user", OPTION_STRING(ExecOptions, user), "UID[:GID]", "Run as this user" },
    { 'g', "additional-gids", OPTION_LIST(ExecOptions, groups), "GID", "Add it to a group" },
    { 0, "cwd", OPTION_STRING(ExecOptions, cwd), "DIR", "Start in DIR" },
    { 'e', "env", OPTION_LIST(ExecOptions, env), "NAME=VALUE", "Set a variable" },
    { 'c', "cap", OPTION_LIST(ExecOptions, caps), "CAP", "Add a capability" },
    { 0, "apparmor", OPTION_STRING(ExecOptions, apparmor), "PROFILE", "Its AppArmor profile" },
    { 0, "process-label", OPTION_STRING(ExecOptions, selinux), "LABEL", "Its SELinux label" },
    { 0, "no-new-privs", OPTION_TRISTATE(ExecOptions, no_new_privs), NULL, "Set no_new_privs" },
    { 'd', "detach", OPTION_FLAG(ExecOptions, common.detach), NULL, "Do not wait for it" },
    { 0, "pid-file", OPTION_STRING(ExecOptions, common.pid_file), "FILE",
      "Write the process id to FILE", .completes = "file" },
    { 0, "console-socket", OPTION_STRING(ExecOptions, common.console_socket), "SOCKET",
      "Send the terminal's descriptor to this Unix socket", .completes = "file" },
    { 0, "pidfd-socket", OPTION_STRING(ExecOptions, common.pidfd_socket), "SOCKET",
      "Send a pidfd of the process to this Unix socket", .completes = "file" },
    { 0, "preserve-fds", OPTION_U64(ExecOptions, common.preserve_fds), "N",
      "Pass N descriptors after standard error on", .max = 1024 },
    { 0, "cgroup", OPTION_LIST(ExecOptions, cgroups), "[CONTROLLER[,...]:]PATH",
      "Run it in this cgroup below the container's, which must be there" },
    { 0, "ignore-paused", OPTION_FLAG(ExecOptions, ignore_paused), NULL,
      "In a paused container too: it runs when that is resumed" },
    { 0, "no-subreaper", OPTION_FLAG(ExecOptions, common.no_subreaper), NULL,
      "Taken for compatibility" },
    OPTION_END,
};

static int exec_user(const char *word, SpecUser *user, Arena *arena, Error *error)
{
    StrList parts = strlist_split(arena, word, ':');
    uint32_t uid, gid = user->gid;
    int r = parts.count == 1 || parts.count == 2 ? str_to_u32(parts.items[0], &uid) : -EINVAL;
    if (r == 0 && parts.count == 2)
        r = str_to_u32(parts.items[1], &gid);
    if (r < 0)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--user: bad uid or gid: '%s' is not UID[:GID] in numbers", word);
    user->uid = uid;
    user->gid = gid;
    return 0;
}

static void exec_caps(SpecProcess *process, const StrList *caps, Arena *arena)
{
    SpecCapabilities *sets = arena_alloc(arena, sizeof(*sets));
    if (process->capabilities)
        *sets = *process->capabilities;
    for (size_t i = 0; i < caps->count; i++) {
        strlist_append(arena, &sets->bounding, caps->items[i]);
        strlist_append(arena, &sets->effective, caps->items[i]);
        strlist_append(arena, &sets->permitted, caps->items[i]);
        if (sets->inheritable.count) { /* without, the kernel refuses ambient ones */
            strlist_append(arena, &sets->inheritable, caps->items[i]);
            strlist_append(arena, &sets->ambient, caps->items[i]);
        }
    }
    process->capabilities = sets;
}

/* The container's own process, with other words. */
static int exec_from_options(const ExecOptions *options, const CommandCall *call,
                             SpecProcess *process, Error *error)
{
    Arena *arena = call->arena;
    process->args = (StrList){ 0 };
    for (size_t i = 1; i < call->argument_count; i++)
        strlist_append(arena, &process->args, call->arguments[i]);
    process->terminal = options->tty;
    process->console_size = NULL;
    process->cwd = options->cwd ? options->cwd : process->cwd;
    process->apparmor_profile = options->apparmor ? options->apparmor : process->apparmor_profile;
    process->selinux_label = options->selinux ? options->selinux : process->selinux_label;
    if (options->no_new_privs != OPTION_UNSET)
        process->no_new_privileges = options->no_new_privs == OPTION_TRUE;
    for (size_t i = 0; i < options->env.count; i++) {
        const char *equals = strchr(options->env.items[i], '=');
        if (!equals || equals == options->env.items[i])
            return error_set(error, ERROR_USAGE, EINVAL, "--env: '%s' is not NAME=VALUE",
                             options->env.items[i]);
        bundle_set_env(&process->env, arena, options->env.items[i]);
    }
    if (options->caps.count)
        exec_caps(process, &options->caps, arena);
    for (size_t i = 0; i < options->groups.count; i++) {
        uint32_t *gid = arena_append(arena, &process->user.additional_gids.items,
                                     &process->user.additional_gids.count, sizeof(*gid));
        if (str_to_u32(options->groups.items[i], gid) < 0)
            return error_set(error, ERROR_USAGE, EINVAL, "--additional-gids: '%s' is not a number",
                             options->groups.items[i]);
    }
    return options->user ? exec_user(options->user, &process->user, arena, error) : 0;
}

/* What --process leaves out and the container's own process has, as with runc. */
static void exec_inherit(SpecProcess *process, const SpecProcess *own)
{
    if (!process->capabilities)
        process->capabilities = own->capabilities;
    if (!process->rlimits.count)
        process->rlimits = own->rlimits;
    if (str_empty(process->apparmor_profile))
        process->apparmor_profile = own->apparmor_profile;
    if (str_empty(process->selinux_label))
        process->selinux_label = own->selinux_label;
    if (!process->oom_score_adj.set)
        process->oom_score_adj = own->oom_score_adj;
}

static int exec_process(const ExecOptions *options, const CommandCall *call, const Spec *spec,
                        SpecProcess **ret_process, Error *error)
{
    if (!options->process && !spec->process)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--process: needed for a container without a process of its own");
    if (!options->process) {
        *ret_process = arena_copy(call->arena, spec->process, sizeof(**ret_process));
        return exec_from_options(options, call, *ret_process, error);
    }
    char *text;
    size_t size;
    int r = file_read_at(AT_FDCWD, options->process, SPEC_MAX_BYTES, call->arena, &text, &size);
    if (r < 0)
        return error_errno(error, r, "--process: %s", options->process);
    r = spec_process_parse(call->arena, text, size, ret_process, error);
    if (r < 0)
        return error_wrap(error, "--process");
    if (spec->process)
        exec_inherit(*ret_process, spec->process);
    return 0;
}

static int exec_check(Instance *instance, const ExecOptions *options, const SpecProcess *process,
                      Error *error)
{
    OciStatus status = instance_status(instance);
    if (status == OCI_STATUS_PAUSED && !options->ignore_paused)
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "cannot exec in a paused container (use --ignore-paused to override)");
    if (status == OCI_STATUS_STOPPED || status == OCI_STATUS_CREATING)
        return error_set(error, ERROR_CONFLICT, ESRCH, "cannot exec in a %s container",
                         oci_state_status_name(status));
    int r = handout_check_console(process->terminal, options->common.detach,
                                  options->common.console_socket, error);
    if (r == 0)
        r = bundle_check_fds(0, options->common.preserve_fds, error);
    if (r < 0)
        return r;
    return spec_process_validate(process, error);
}

/* One --cgroup: "PATH" (in all hierarchies), or "cpu,memory:PATH". */
static int exec_cgroup(const char *word, const char *base, Arena *arena, StepCgroupPart *ret_part,
                       Error *error)
{
    const char *colon = strchr(word, ':');
    const char *path = colon ? colon + 1 : word;
    StrList names = { 0 };
    if (colon)
        names = strlist_split(arena, arena_strndup(arena, word, (size_t)(colon - word)), ',');
    *ret_part = (StepCgroupPart){ 0 };
    for (size_t i = 0; i < names.count; i++) {
        CgroupController controller =
            cgroup_controller_from_name(names.items[i], strlen(names.items[i]));
        if (controller == CGROUP_CONTROLLER_INVALID)
            return error_set(error, ERROR_USAGE, EINVAL,
                             "--cgroup: invalid argument %s: unknown controller '%s'", word,
                             names.items[i]);
        ret_part->controllers |= CGROUP_BIT(controller);
    }
    StrList parts = strlist_split(arena, path, '/');
    for (size_t i = 0; i < parts.count; i++)
        if (str_eq(parts.items[i], ".."))
            return error_set(error, ERROR_USAGE, EINVAL, "--cgroup: bad sub cgroup path: %s", path);
    path += strspn(path, "/");
    ret_part->path = *path ? arena_printf(arena, "%s/%s", base, path) : base;
    return 0;
}

static int exec_cgroups(const ExecOptions *options, PlanExecInput *input, Arena *arena,
                        Error *error)
{
    bool v1 = input->cgroup_host->mode != CGROUP_V2;
    const char *base = input->cgroup_path;
    if (options->cgroups.count && !base)
        return error_set(error, ERROR_USAGE, EINVAL, "--cgroup: the container has no cgroup");
    for (size_t i = 0; i < options->cgroups.count; i++) {
        StepCgroupPart part;
        int r = exec_cgroup(options->cgroups.items[i], base, arena, &part, error);
        if (r < 0)
            return r;
        if (part.controllers && v1) {
            StepCgroupPart *more = arena_append(arena, &input->cgroup_parts.items,
                                                &input->cgroup_parts.count, sizeof(*more));
            *more = part;
        } else if (part.controllers || options->cgroups.count > 1) {
            return error_set(error, ERROR_USAGE, EINVAL, "--cgroup: invalid argument %s: %s",
                             options->cgroups.items[i],
                             v1 ? "missing <controller>: prefix" : "cgroup v2 has one path");
        } else {
            input->cgroup_path = part.path;
        }
    }
    return 0;
}

static int exec_wait(const Instance *instance, bool terminal, const sigset_t *signals,
                     int *ret_status, Error *error)
{
    Foreground foreground = {
        .interactive = true,
        .transparent = true,
        .terminal = terminal,
        .terminal_fd = terminal ? instance->launched.terminal_fd : -1,
        .pid = instance->launched.pid,
        .pidfd = instance->launched.pidfd,
    };
    return foreground_wait(&foreground, signals, ret_status, error);
}

static int exec_launch(Instance *instance, const ExecOptions *options, const SpecProcess *process,
                       Error *error)
{
    PlanExecInput input = {
        .process = process,
        .spec = instance->spec,
        .id = instance->record.id,
        .pid = instance->record.pid,
        .start_ticks = instance->record.start_ticks,
        .cgroup_path = instance->record.cgroup_path,
        .cgroup_host = &instance->cgroup_host,
        .userns_host = instance->record.host_userns,
        .unprivileged = placement_is_unprivileged(instance->globals),
        .preserve_fds = (int)options->common.preserve_fds,
        .keep_keyring = instance->record.keep_keyring,
        .state = &instance->hook_state,
    };
    instance->hook_state = record_state(&instance->record, OCI_STATUS_RUNNING);
    if (process->terminal)
        (void)!terminal_size(0, &input.rows, &input.columns);
    int r = cgroup_host_read(instance->arena, &instance->cgroup_host, error);
    if (r == 0)
        r = exec_cgroups(options, &input, instance->arena, error);
    if (r == 0)
        r = plan_build_exec(&input, instance->arena, &instance->plan, error);
    if (r < 0)
        return r;
    instance_warn(instance);
    LaunchOptions launch = {
        .cgroup_host = &instance->cgroup_host,
        .keep_cgroup = true,
        .context = instance,
        .idle = instance_idle,
        .not_for_child = &instance->sealed_fd,
    };
    r = launch_container(&instance->plan, &launch, &instance->launched, error);
    if (r < 0)
        return r;
    r = handout_launched(instance, error);
    if (r < 0)
        instance_kill_launched(instance);
    return r;
}

static int exec_run(CommandCall *call, Error *error)
{
    const ExecOptions *options = call->values;
    Instance instance CLEANUP(instance_done) = INSTANCE_NONE;
    SpecProcess *process;
    if (!options->process && call->argument_count < 2)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "exec args cannot be empty: a command or --process is missing");
    int r = instance_seal(&instance, &options->common, error);
    if (r == 0)
        r = instance_open(&instance, call, false, error);
    if (r == 0)
        r = record_read_spec(&instance.place, call->arena, &instance.spec, error);
    if (r == 0)
        r = exec_process(options, call, instance.spec, &process, error);
    if (r == 0)
        bundle_drop_capabilities(process, !instance.record.host_userns, call->arena);
    if (r == 0)
        r = exec_check(&instance, options, process, error);
    if (r < 0)
        return r;
    instance.options = &options->common;
    sigset_t signals;
    if (!options->common.detach)
        foreground_block_signals(&signals);
    r = exec_launch(&instance, options, process, error);
    if (r < 0 || options->common.detach)
        return r;
    bool terminal = process->terminal && !options->common.console_socket;
    return exec_wait(&instance, terminal, &signals, &call->exit_status, error);
}

const Command exec_command = {
    .name = "exec",
    .summary = "Run one more process in a container",
    .arguments = "ID [COMMAND [ARG...]]",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .options = exec_options,
    .values_size = sizeof(ExecOptions),
    .run = exec_run,
};
