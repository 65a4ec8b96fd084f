/*
 * ambit: the engine for people. Parse, call, print once; everything else is in the libraries.
 */
#include <signal.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cmd/program/output.h"
#include "cmd/program/program.h"
#include "commands.h"

char **main_arguments;
static _Alignas(16) char main_memory[128 * 1024];

int main(int argc, char **argv)
{
    if (fd_fill_standard() < 0)
        return 125;
    (void)signal(SIGCHLD, SIG_DFL); /* ignored by who called us, children could not be waited for */
    main_arguments = argv;
    (void)umask(022); /* what we make has the modes we say, and a container begins with this one */
    Arena arena CLEANUP(arena_done);
    arena_start(&arena, main_memory, sizeof(main_memory));
    Error error = { 0 };
    CommandCall call;
    int r = command_parse(&ambit_command, argv, (size_t)argc, &arena, &call, &error);
    if (r == 0)
        r = call.command->run(&call, &error);
    if (r == COMMAND_HELP)
        r = program_help(&call, &error);
    if (r < 0) {
        output_error(call.path, &error);
        return error_exit_status(&error);
    }
    return call.exit_status;
}
