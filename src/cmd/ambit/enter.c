/*
 * `ambit enter`: a program in the namespaces of a container, a process or a file.
 */
#include "engine/enter.h"

#include <string.h>
#include <unistd.h>

#include "boundary.h"
#include "linux/sealed.h"

static const Option enter_options[] = {
    { 0, "pid", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_PID]), NULL,
      "Join its pid namespace: its processes are seen, by its numbers" },
    { 0, "net", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_NET]), NULL, "Join its network" },
    { 0, "ipc", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_IPC]), NULL,
      "Join its System V IPC and message queues" },
    { 0, "uts", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_UTS]), NULL, "Join its host name" },
    { 0, "userns", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_USER]), NULL,
      "Join its user namespace, as root of it" },
    { 0, "cgroupns", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_CGROUP]), NULL,
      "Join its view of the control groups" },
    { 0, "timens", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_TIME]), NULL, "Join its clocks" },
    { 0, "mount", OPTION_FLAG(EnterRequest, namespaces[NAMESPACE_MOUNT]), NULL,
      "Join its mounts: its root, its working directory, its environment" },
    { 0, "cgroup", OPTION_FLAG(EnterRequest, cgroup), NULL,
      "Move into its control group: its limits hold" },
    { 'u', "user", OPTION_STRING(EnterRequest, user), "UID[:GID]",
      "Run as these numbers (default 0:0 with its user namespace)" },
    { 'w', "workdir", OPTION_STRING(EnterRequest, working_directory), "DIR", "Start in DIR" },
    OPTION_END,
};

static int enter_make_plan(CommandCall *call, EnterPlan *ret_plan, Error *error)
{
    EnterRequest *request = call->values;
    const char *word = call->arguments[0];
    for (size_t i = 1; i < call->argument_count; i++)
        strlist_append(call->arena, &request->command, call->arguments[i]);
    request->environment = environ;
    if (str_starts(word, "ns:"))
        return enter_plan_path(word + strlen("ns:"), request, call->arena, ret_plan, error);
    Engine opened CLEANUP(engine_done) = ENGINE_NONE;
    Target target CLEANUP(target_done) = TARGET_NONE;
    int r = target_open(boundary_engine(call, &opened), word, call->arena, &target, error);
    return r < 0 ? r : enter_plan(&target, request, call->arena, ret_plan, error);
}

static int enter_run_command(CommandCall *call, Error *error)
{
    EnterPlan plan;
    int r = enter_make_plan(call, &plan, error);
    if (r < 0)
        return r;
    if (enter_needs_seal(&plan) && !sealed_already())
        r = sealed_exec(main_arguments, false, error);
    else
        r = enter_run(&plan, &call->exit_status, error);
    enter_plan_done(&plan);
    return r;
}

const Command enter_command = {
    .name = "enter",
    .summary = "Run a program in namespaces that exist (setns)",
    .arguments = "CONTAINER|PID|ns:FILE [COMMAND [ARG...]]",
    .arguments_min = 1,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .description =
        "Joins the namespaces of a process, those that are named or all, and runs COMMAND there, "
        "a shell if there is none; ns:FILE joins the one namespace which that file keeps. The "
        "exit status is that of COMMAND: 126 if it cannot be executed, 127 if it is not there.\n\n"
        "The walls are passed, not taken along: COMMAND has all powers inside the namespaces and "
        "neither the limits nor the system call filter of what runs there. `ambit exec` runs a "
        "program that is bounded like its container.",
    .examples = "# the host's tools in a container's network\n"
                "ambit enter --net web ip address\n"
                "# all of its namespaces\n"
                "ambit enter web\n"
                "# a network that is kept by a file\n"
                "ambit enter ns:/run/web-net ss -tln\n",
    .options = enter_options,
    .values_size = sizeof(EnterRequest),
    .run = enter_run_command,
};
