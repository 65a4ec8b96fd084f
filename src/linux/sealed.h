/*
 * Our own program out of reach: a process inside a container that gets hold of /proc/PID/exe of the
 * runtime must not be able to write the host's file (CVE-2019-5736, CVE-2024-21626 class).
 *
 * A container in a user namespace of its own cannot, by ownership; one with the host's ids can, so
 * the runtime executes itself anew from a read-only detached clone of its own file's mount, or,
 * without the right to make one, from a sealed memfd. Costs 0.1 ms or the copy of the file.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether the running program cannot be written through /proc/self/exe by anyone. */
bool sealed_already(void);

/* Executes the running program sealed, with these arguments and the same environment; returns only
 * on failure. The copy has no path: where the program lies is in AMBIT_PROGRAM. */
int sealed_exec(char *const argv[], bool keep, Error *error) MUST_CHECK;
/* With `keep`, what the program was executed from stays open in it, because closing that may take
 * 0.1 ms: its descriptor, now close-on-exec, to be closed when there is time; or -1. */
int sealed_take(void);
