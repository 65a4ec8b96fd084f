/*
 * Hooks: runtime-spec config.md#posix-platform-hooks.
 *
 *     kind             where it runs                  when                           on failure
 *     prestart         the engine's namespaces        the tree is built, before      no container
 *     createRuntime    the same                       pivot_root; in this order
 *     createContainer  the container's, host's paths  after them                     no container
 *     startContainer   the container's, its paths     `start`, before the program    no container
 *     poststart        the engine's namespaces        after the program's exec       no container
 *     poststop         the same                       after everything is removed    the next one
 *
 * The path of createContainer hooks is the host's, since pivot_root comes later.
 */
#pragma once

#include "spec/oci_state.h"
#include "spec/spec.h"

typedef enum HookKind {
    HOOK_PRESTART,
    HOOK_CREATE_RUNTIME,
    HOOK_CREATE_CONTAINER,
    HOOK_START_CONTAINER,
    HOOK_POSTSTART,
    HOOK_POSTSTOP,
    HOOK_KIND_MAX,
} HookKind;

const char *hook_name(HookKind kind); /* "createRuntime" */
/* The list of one kind; an empty one when `hooks` is NULL. */
const SpecHookList *hook_list(const SpecHooks *hooks, HookKind kind);

/*
 * Runs all of a kind in their order, each with the state on its standard input. The first that
 * fails (a status that is not 0, a signal, longer than its timeout, not executable) ends it with
 * an error that names it: "hooks.prestart[1]: ...". For poststop the others run all the same, and
 * the first error is the answer.
 *
 * container_pidfd: the process for which a hook prepares something, or -1. When it has ended, a
 * hook has HOOK_GRACE_MS to come to its own end.
 */
enum { HOOK_GRACE_MS = 1000 };
int hook_run(const SpecHooks *hooks, HookKind kind, const OciState *state, int container_pidfd,
             Error *error) MUST_CHECK;
