/*
 * The process that a word of the command line means: a container's first process, or any process
 * of the host.
 *
 *   NAME, ID, prefix of an ID   a container
 *   NUMBER                      a process, unless a container has that name; with 8 digits or more
 *                               it is no pid and can be the prefix of an id
 *   pid:NUMBER                  a process, whatever containers are called
 *
 * The process is held by a descriptor of its /proc directory, so that everything learnt of it is
 * about one process, even if it ends and its pid is used again.
 */
#pragma once

#include "engine/container.h"

typedef struct Target {
    const Container
        *container; /* NULL: a process in no container of ours, or not asked for by it */
    const ContainerState *state;
    pid_t pid;
    uint64_t start_ticks;
    int proc_fd;
} Target;
#define TARGET_NONE ((Target){ .proc_fd = -1 })

/* engine may be NULL: no containers are known then. A container that does not run:
 * ERROR_CONFLICT; nothing of that name: ERROR_NOT_FOUND. Strings live in the arena. */
int target_open(const Engine *engine, const char *word, Arena *arena, Target *ret_target,
                Error *error) MUST_CHECK;
int target_open_pid(pid_t pid, Target *ret_target, Error *error) MUST_CHECK;
/*
 * Whether the process is still there: what was read by its pid since target_open() is then its own.
 * -ESRCH if not. A zombie is there.
 */
int target_verify(const Target *target, Error *error) MUST_CHECK;
void target_done(Target *target);
