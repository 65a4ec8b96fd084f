/*
 * `ambit version`: one line, the same as `ambit --version`.
 */
/* `ambit version`. */
#include "cmd/program/output.h"
#include "commands.h"

static int version_run(CommandCall *call, Error *error)
{
    (void)call;
    return output_write("ambit " AMBIT_VERSION "\n", error);
}

const Command version_command = {
    .name = "version",
    .summary = "Print the version",
    .run = version_run,
};
