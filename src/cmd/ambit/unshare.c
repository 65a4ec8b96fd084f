/*
 * `ambit unshare`: the caller moves into new namespaces and becomes a program there.
 */
#include "engine/unshare.h"

#include <errno.h>
#include <unistd.h>

#include "boundary.h"
#include "linux/sealed.h"
#include "session.h"

typedef struct UnshareOptions {
    UnshareRequest request;
    bool map_root, map_auto;
} UnshareOptions;

/* The notation of a namespace and of a clock is that of `run`: its request is filled, and what
 * became of it is taken over. */
static int unshare_take(UnshareOptions *options, RequestParse *parse, NamespaceType type,
                        const char *value, Arena *arena, Error *error)
{
    RunRequest request = request_defaults;
    int r = parse(&request, value, arena, error);
    if (r == 0)
        options->request.namespaces[type] = request.namespaces[type];
    return r;
}

#define UNSHARE_PARSE(name, type)                                                                  \
    static int unshare_##name(void *values, const Option *option, const char *value, Arena *arena, \
                              Error *error)                                                        \
    {                                                                                              \
        (void)option;                                                                              \
        return unshare_take(values, request_parse_##name, type, value, arena, error);              \
    }

UNSHARE_PARSE(pid, NAMESPACE_PID)
UNSHARE_PARSE(net, NAMESPACE_NET)
UNSHARE_PARSE(ipc, NAMESPACE_IPC)
UNSHARE_PARSE(uts, NAMESPACE_UTS)
UNSHARE_PARSE(userns, NAMESPACE_USER)
UNSHARE_PARSE(cgroupns, NAMESPACE_CGROUP)
UNSHARE_PARSE(timens, NAMESPACE_TIME)

/* `run` has no such option: a container's mounts are always its own. */
static int unshare_mount(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    (void)option, (void)arena;
    UnshareOptions *options = values;
    bool private = str_eq(value, "private");
    if (!private && !str_eq(value, "host"))
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not one of private, host", value);
    options->request.namespaces[NAMESPACE_MOUNT].mode =
        private ? REQUEST_NAMESPACE_PRIVATE : REQUEST_NAMESPACE_HOST;
    return 0;
}

static int unshare_clock(void *values, const Option *option, const char *value, Arena *arena,
                         Error *error)
{
    UnshareOptions *options = values;
    RunRequest request = request_defaults;
    bool monotonic = str_eq(option->name, "monotonic-offset");
    int r = (monotonic ? request_parse_monotonic_offset
                       : request_parse_boottime_offset)(&request, value, arena, error);
    if (r < 0)
        return r;
    options->request.set_clocks = true;
    if (monotonic)
        options->request.monotonic_offset_ns = request.monotonic_offset_ns;
    else
        options->request.boottime_offset_ns = request.boottime_offset_ns;
    return 0;
}

static const char *const unshare_modes[] = { "private", "host", "container:", "ns:", NULL };

#define UNSHARE_NAMESPACE(name, type) \
    OPTION_CUSTOM(UnshareOptions, request.namespaces[type], unshare_##name), "MODE"

static const Option unshare_options[] = {
    OPTION_HEADING("Namespaces (MODE: private, host, container:C, ns:FILE)"),
    { 0, "pid", UNSHARE_NAMESPACE(pid, NAMESPACE_PID),
      "Process ids: the command is 1 in its own namespace", .implied = "private",
      .choices = unshare_modes },
    { 0, "net", UNSHARE_NAMESPACE(net, NAMESPACE_NET),
      "Network: in its own there is a loopback device only", .implied = "private",
      .choices = unshare_modes },
    { 0, "ipc", UNSHARE_NAMESPACE(ipc, NAMESPACE_IPC), "System V IPC and message queues",
      .implied = "private", .choices = unshare_modes },
    { 0, "uts", UNSHARE_NAMESPACE(uts, NAMESPACE_UTS), "Host name", .implied = "private",
      .choices = unshare_modes },
    { 0, "userns", UNSHARE_NAMESPACE(userns, NAMESPACE_USER),
      "Users and groups: nobody in its own, without --map-root or --map-auto", .implied = "private",
      .choices = unshare_modes },
    { 0, "cgroupns", UNSHARE_NAMESPACE(cgroupns, NAMESPACE_CGROUP),
      "View of the control groups: its own is the top", .implied = "private",
      .choices = unshare_modes },
    { 0, "timens", UNSHARE_NAMESPACE(timens, NAMESPACE_TIME), "Monotonic and boot clocks",
      .implied = "private", .choices = unshare_modes },
    { 0, "mount", UNSHARE_NAMESPACE(mount, NAMESPACE_MOUNT), "Mounts: a copy of those there are",
      .implied = "private", .choices = unshare_modes },
    OPTION_HEADING("What is in them"),
    { 0, "map-root", OPTION_FLAG(UnshareOptions, map_root), NULL,
      "Be root inside a user namespace with no other id" },
    { 0, "map-auto", OPTION_FLAG(UnshareOptions, map_auto), NULL,
      "Be root inside a user namespace with 65,536 ids" },
    { 0, "mount-proc", OPTION_FLAG(UnshareOptions, request.mount_proc), NULL,
      "Mount a /proc that shows the pid namespace" },
    { 0, "root", OPTION_STRING(UnshareOptions, request.root), "DIR",
      "Make DIR the root directory (pivot_root)", .completes = "directory" },
    { 0, "hostname", OPTION_STRING(UnshareOptions, request.hostname), "NAME", "Set the host name" },
    { 0, "monotonic-offset", OPTION_CUSTOM(UnshareOptions, request, unshare_clock), "TIME",
      "Move the monotonic clock: 90, -1.5h, 30d" },
    { 0, "boottime-offset", OPTION_CUSTOM(UnshareOptions, request, unshare_clock), "TIME",
      "Move the time since boot, that of uptime" },
    OPTION_REFUSE('f', "fork", "it is done where it is needed: with --pid and --timens"),
    OPTION_END,
};

/* As in `run`: a namespace with the host's ids may be someone's who waits for our program file. */
static bool unshare_joins(const UnshareRequest *request)
{
    bool joins = false;
    for (int type = 0; type < NAMESPACE_MAX; type++)
        joins |= request->namespaces[type].mode == REQUEST_NAMESPACE_CONTAINER ||
                 request->namespaces[type].mode == REQUEST_NAMESPACE_PATH;
    return joins;
}

static int unshare_run_command(CommandCall *call, Error *error)
{
    UnshareOptions *options = call->values;
    UnshareRequest *request = &options->request;
    if (options->map_root && options->map_auto)
        return error_set(error, ERROR_USAGE, EINVAL,
                         "--map-root and --map-auto exclude each other");
    if (options->map_root || options->map_auto)
        request->map = options->map_root ? UNSHARE_MAP_ROOT : UNSHARE_MAP_AUTO;
    for (size_t i = 0; i < call->argument_count; i++)
        strlist_append(call->arena, &request->command, call->arguments[i]);
    request->environment = environ;
    int r = unshare_complete(request, error);
    if (r < 0)
        return r;
    if (unshare_joins(request) && !sealed_already())
        return sealed_exec(main_arguments, false, error);
    Engine opened CLEANUP(engine_done) = ENGINE_NONE;
    const Engine *engine = NULL;
    if (request->map == UNSHARE_MAP_AUTO && geteuid() == 0) { /* takes a range of ids */
        r = session_open(call, ENGINE_MAKE, &opened, error);
        engine = &opened;
    } else {
        engine = boundary_engine(call, &opened);
    }
    return r < 0 ? r : unshare_run(engine, request, call->arena, &call->exit_status, error);
}

const Command unshare_command = {
    .name = "unshare",
    .summary = "Move into new namespaces and run a program there (unshare)",
    .arguments = "[COMMAND [ARG...]]",
    .arguments_max = COMMAND_ANY_NUMBER,
    .mode = OPTION_STOP_AT_ARGUMENT,
    .description =
        "A boundary by hand, one wall at a time, without image, limits or filters: the calling "
        "process leaves the namespaces that are named and becomes COMMAND, a shell if there is "
        "none. With --pid and --timens, which begin with the next process, COMMAND is a child, "
        "which is killed if ambit is. The exit status is that of COMMAND: 126 if it cannot be "
        "executed, 127 if it is not there.\n\n"
        "A namespace can be a new one (--net), that of a container (--net=container:web) or one "
        "that a file keeps (--net=ns:/run/web-net); any combination is allowed.",
    .examples = "# a host name of one's own\n"
                "ambit unshare --uts --hostname inside hostname\n"
                "# pid 1, alone\n"
                "ambit unshare --pid --mount-proc ps aux\n"
                "# root without being root\n"
                "ambit unshare --userns --map-root id\n"
                "# most of a container, by hand\n"
                "ambit unshare --pid --net --ipc --uts --userns --map-auto --mount-proc "
                "--root /srv/rootfs /bin/sh\n",
    .options = unshare_options,
    .values_size = sizeof(UnshareOptions),
    .run = unshare_run_command,
};
