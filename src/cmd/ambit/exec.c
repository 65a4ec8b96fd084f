/*
 * `ambit exec`: one more program in a container.
 */
#include "engine/exec.h"

#include <unistd.h>

#include "engine/request.h"
#include "linux/sealed.h"
#include "session.h"

static int exec_env(void *values, const Option *option, const char *value, Arena *arena,
                    Error *error)
{
    (void)option;
    RunRequest request = { 0 };
    int r = request_parse_env(&request, value, arena, error);
    ExecRequest *exec = values;
    for (size_t i = 0; r == 0 && i < request.env.count; i++)
        strlist_append(arena, &exec->env, request.env.items[i]);
    return r;
}

/* As `run` reads them: those of files first. */
static int exec_load_env(ExecRequest *exec, Arena *arena, Error *error)
{
    RunRequest request = { .env = exec->env, .env_files = exec->env_files };
    int r = request_load_files(&request, arena, error);
    exec->env = request.env;
    return r;
}

static const Option exec_options[] = {
    { 'i', "interactive", OPTION_FLAG(ExecRequest, interactive), NULL, "Pass standard input on" },
    { 't', "tty", OPTION_FLAG(ExecRequest, terminal), NULL, "Give the command a terminal" },
    { 'd', "detach", OPTION_FLAG(ExecRequest, detach), NULL, "Do not wait for the command" },
    { 'e', "env", OPTION_CUSTOM(ExecRequest, env, exec_env), "NAME[=VALUE]",
      "Set a variable; NAME alone takes the caller's value" },
    { 0, "env-file", OPTION_LIST(ExecRequest, env_files), "FILE", "Read variables from a file",
      .completes = "file" },
    { 'u', "user", OPTION_STRING(ExecRequest, user), "USER[:GROUP]",
      "Run as USER, a name or number inside" },
    { 'w', "workdir", OPTION_STRING(ExecRequest, working_directory), "DIR", "Start in DIR" },
    { 0, "privileged", OPTION_FLAG(ExecRequest, privileged), NULL,
      "All capabilities of the container's user namespace, and no system call filter" },
    { 0, "detach-keys", OPTION_STRING(ExecRequest, detach_keys), "KEYS",
      "Keys that would detach (default ctrl-p,ctrl-q)" },
    OPTION_REFUSE('l', "latest", "not supported yet: `ambit ps -lq` says which it is"),
    OPTION_REFUSE(0, "preserve-fds", "not supported yet: streams are 0, 1 and 2"),
    OPTION_END,
};

static int exec_command_run(CommandCall *call, Error *error)
{
    Engine engine CLEANUP(engine_done) = ENGINE_NONE;
    ExecRequest *request = call->values;
    int r = exec_load_env(request, call->arena, error);
    if (r == 0)
        r = session_open(call, ENGINE_CHANGE, &engine, error);
    if (r < 0)
        return r;
    request->container = call->arguments[0];
    for (size_t i = 1; i < call->argument_count; i++)
        strlist_append(call->arena, &request->command, call->arguments[i]);
    /* With the host's ids inside, our own program file must be out of the container's reach. */
    r = exec_needs_seal(&engine, request->container, error);
    if (r > 0 && !sealed_already())
        return sealed_exec(main_arguments, false, error);
    return r < 0 ? r : exec_run(&engine, request, call->arena, &call->exit_status, error);
}

const Command exec_command = {
    .name = "exec",
    .summary = "Run one more program in a container",
    .arguments = "CONTAINER COMMAND [ARG...]",
    .arguments_min = 2,
    .arguments_max = COMMAND_ANY_NUMBER,
    .completes = "container",
    .mode = OPTION_STOP_AT_ARGUMENT,
    .examples = "# a shell next to what runs\n"
                "ambit exec -it web sh\n",
    .options = exec_options,
    .values_size = sizeof(ExecRequest),
    .run = exec_command_run,
};
