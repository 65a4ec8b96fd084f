/*
 * What a caller gets of a process that was made for him, by the options --console-socket,
 * --pidfd-socket and --pid-file of create, run, exec and restore. Errors name the option.
 */
#pragma once

#include "instance.h"

/* A terminal of a detached process goes to a socket, and nothing else does. */
int handout_check_console(bool terminal, bool detached, bool socket, Error *error) MUST_CHECK;
/* What the options want of the launched process. */
int handout_launched(const Instance *instance, Error *error) MUST_CHECK;
/* --pid-file: whole or not at all. */
int handout_write_pid(const char *path, pid_t pid, Error *error) MUST_CHECK;
