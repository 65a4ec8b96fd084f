/*
 * ambit-oci: the runtime for engines. Parse, call, and say an error where the caller looks for it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cmd/program/program.h"
#include "commands.h"
#include "log.h"

char **main_arguments;
static _Alignas(16) char main_memory[128 * 1024];

/* runc's: 1, and 255 for exec, whose 1 to 254 are the process's own. */
static int main_fail(const CommandCall *call, bool parsed, const Error *error)
{
    const Command *command = call->command;
    char message[ERROR_MESSAGE_SIZE + 64];
    if (parsed && command == &exec_command)
        (void)snprintf(message, sizeof(message), "exec failed: %s", error->message);
    else if (parsed && (command == &create_command || command == &run_command))
        (void)snprintf(message, sizeof(message), "%s failed: %s", call->path, error->message);
    else
        (void)snprintf(message, sizeof(message), "%s: %s", call->path, error->message);
    log_fatal(message);
    return parsed && command == &exec_command ? 255 : 1;
}

/* --cwd "$DIR" with an empty variable is no --cwd, as with runc. */
static void main_forget_empty(const Option *options, void *values)
{
    for (const Option *option = options; option && option->kind != OPTION_KIND_END; option++) {
        const char **text = option_member(values, option);
        if (option->kind == OPTION_KIND_STRING && str_empty(*text))
            *text = NULL;
    }
}

int main(int argc, char **argv)
{
    if (fd_fill_standard() < 0)
        return 1;
    (void)signal(SIGCHLD, SIG_DFL); /* ignored by who called us, children could not be waited for */
    main_arguments = argv;
    (void)umask(022);
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, main_memory, sizeof(main_memory));
    Error error = { 0 };
    CommandCall call;
    int r = command_parse(&oci_command, argv, (size_t)argc, &arena, &call, &error);
    log_configure(call.globals);
    if (r == 0)
        main_forget_empty(call.command->options, call.values);
    if (r == 0)
        r = log_check(&error);
    bool parsed = r >= 0;
    if (r == 0)
        r = call.command->run(&call, &error);
    if (r == COMMAND_HELP)
        r = program_help(&call, &error);
    return r < 0 ? main_fail(&call, parsed, &error) : call.exit_status;
}
