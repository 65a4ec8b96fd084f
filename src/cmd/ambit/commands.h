/*
 * The commands of `ambit`: one file each, which exports its own row. commands.c lists them in the
 * order in which --help shows them.
 */
#pragma once

#include "base/command.h"

/* What stands before the command: CommandCall.globals points to it. */
typedef struct AmbitGlobals {
    const char *root;  /* images, layers, containers, volumes: survives a reboot */
    const char *state; /* what runs now: gone with a reboot */
    bool version;
} AmbitGlobals;

extern const Command ambit_command; /* the program itself, with all commands as children */

extern const Command completion_command;
extern const Command help_command;
extern const Command version_command;
