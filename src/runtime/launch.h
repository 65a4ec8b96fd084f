/*
 * Executing a plan: from a list of steps to a running process.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/plan.h"
#include "runtime/runner.h"

typedef struct Launched {
    pid_t pid; /* the container's first process, a child of the caller */
    int pidfd;
    int terminal_fd;             /* master of its terminal, or -1 */
    Cgroup cgroup;               /* open; its path lives in the plan's arena */
    const ResctrlGroup *resctrl; /* made for it, in the plan's arena; or NULL */
    const Step
        *unmapped; /* a bind that has the ids as they are, though mapped ones were wished for
                      (STEP_IDMAP_PREFERRED): its filesystem has none. In the plan, or NULL */
    bool unhooked; /* a hook failed */
} Launched;

#define LAUNCHED_NONE ((Launched){ .pidfd = -1, .terminal_fd = -1, .cgroup = CGROUP_EMPTY })

typedef struct LaunchOptions {
    const CgroupHost *cgroup_host;
    /* Stop before the last phase until launch_start() comes through `start_socket`, a
     * channel_listen() one: whoever made the child may be gone by then (`create`, `start`). */
    bool hold;
    int start_socket;
    bool keep_cgroup; /* exec: it is another container's, failure does not remove it */
    StepTime *times;  /* trace_new(), or NULL */
    /* Called before a cgroup or anything else is made that outlives both processes: the place to
     * record what a crash would leave. The child mostly exists by then, and waits or makes
     * namespaces. NULL: nothing is recorded. */
    int (*making)(void *context, Error *error);
    /* Called once the child exists and works on its own: the place to record its pid while it
     * builds its root. The program is not executed before this returns; a negative answer ends
     * the launch. */
    int (*created)(void *context, const Launched *launched, Error *error);
    void *context;
    /* Called while the child builds its root and nobody waits for the caller: the place for what
     * takes long and is not needed for the start. NULL: nothing. */
    void (*idle)(void *context);
    /* Bit N: descriptor N (0 to 2) is an anonymous pipe that is to be the container's root's, so
     * that /dev/stdout can be opened again behind a user namespace. */
    unsigned give_pipes;
    /* A descriptor of the caller's that the child closes at once, so as not to be the last to do
     * it; NULL: none. */
    const int *not_for_child;
} LaunchOptions;

/*
 * Runs the plan. On success the program has been executed (or waits before exec, with hold). On
 * failure the child is gone, the cgroup is removed, and the error names the step's origin.
 */
int launch_container(const Plan *plan, const LaunchOptions *options, Launched *ret_launched,
                     Error *error) MUST_CHECK;
/* Lets the held child `pid` go on, from any process. `end` is a channel_connect()ed one, closed
 * here. Returns when the program has been executed; the child's own error if it could not be.
 * ret_unhooked (always filled): because a hook of its own failed. */
int launch_start(int end, pid_t pid, bool *ret_unhooked, Error *error) MUST_CHECK;
void launch_done(Launched *launched); /* closes descriptors; kills nothing */
