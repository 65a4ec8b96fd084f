/*
 * What a step works with while a plan is executed. Parent and child have a copy each (the child's
 * is the parent's at the moment of the clone); only slots marked handed_over cross afterwards.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "linux/link.h"
#include "runtime/plan.h"

typedef struct Runner {
    const Plan *plan;
    const CgroupHost *cgroup_host;
    Arena *arena;
    int *slots; /* plan->slot_count descriptors, -1 where empty */

    /* parent */
    Cgroup cgroup;
    pid_t child;
    int child_proc_fd;      /* /proc/<child>, a directory */
    int userns_fd;          /* the container's user namespace, for idmapped mounts */
    const StepIds *ids;     /* its mapping; NULL: the host's ids */
    int netns_fd;           /* the container's, once a device was moved there; or -1 */
    LinkMoved *moved_links; /* these, to be given back if the launch fails */
    size_t moved_link_count;
    const ResctrlGroup *resctrl; /* what STEP_RESCTRL made, or NULL */
    const Step *unmapped;        /* the first bind whose filesystem cannot map ids, or NULL */

    /* child */
    bool late_time;    /* its time namespace could not be made with it */
    int place_fd;      /* cgroup.procs of its cgroup, in which it could not be made; or -1 */
    bool started;      /* START has come already */
    bool unhooked;     /* a hook failed */
    int park_fds[2];   /* where directories and files are attached on their way: step_renew() */
    pid_t outer_pid;   /* its pid as the engine counts */
    int channel;       /* the child's end of the handshake socket */
    int root_fd;       /* the container's root, O_PATH */
    int terminal_fd;   /* the container's side of its terminal, or -1 */
    int mask_fd;       /* the one empty read-only tmpfs that masks directories, or -1 */
    int null_fd;       /* the container's /dev/null, checked; -1 until needed */
    int procfs_fd;     /* a private procfs: procfs.h */
    const char *home;  /* the user's home as passwd says, or NULL */
    StepUser identity; /* resolved ids, what STEP_IDENTITY applies */

    StepTime *times; /* trace.h: one per step, shared by both processes; NULL: no trace */
} Runner;

/* The descriptor in a step's input slot; -EBADF (a bug in the plan) when it is empty. */
int runner_slot(const Runner *runner, const Step *step, Error *error) MUST_CHECK;
/* Root inside the user namespace the caller is in: group and user 0, no other groups unless the
 * plan keeps them. */
int runner_become_root(const Runner *runner, Error *error) MUST_CHECK;
/* Gives a file made by the parent (name "": dirfd itself) to the container's root. */
int runner_chown(const Runner *runner, int dirfd, const char *name, Error *error) MUST_CHECK;
/* Closes all but what the last phase needs: the channel, `more`, root, procfs, terminal, the slots
 * of its steps, and what the program inherits on the caller's wish. */
int runner_close_rest(Runner *runner, int more, Error *error) MUST_CHECK;
/* Puts a descriptor into a step's output slot, which now owns it. */
void runner_fill(Runner *runner, const Step *step, int fd);
