/*
 * Entering: a program in namespaces that exist, those of a process or one kept in a file: setns(2).
 *
 * Entering passes through the walls and takes none along: the program has the namespaces it joined
 * and all powers in them, not the limits, filters and reduced capabilities of what runs there. For
 * a program that is bounded like its container there is `exec`.
 */
#pragma once

#include <stdbool.h>

#include "engine/target.h"
#include "linux/cgroup_host.h"
#include "linux/namespace.h"

typedef struct EnterRequest {
    bool namespaces[NAMESPACE_MAX]; /* none: all */
    bool cgroup;                    /* the cgroup too, with its limits */
    const char *user;               /* "UID[:GID]"; NULL: 0:0 if the user namespace is joined */
    const char *working_directory;  /* NULL: the process's, if its mount namespace is joined */
    StrList command;                /* empty: a shell */
    char *const *environment;       /* the caller's */
} EnterRequest;

/* What will be joined: open descriptors and facts. */
typedef struct EnterPlan {
    int fds[NAMESPACE_MAX];                /* -1: not joined, or the caller is in it already */
    int root_fd, cwd_fd;                   /* of the process, with its mount namespace; else -1 */
    int cgroup_fds[CGROUP_CONTROLLER_MAX]; /* to enter a hierarchy each: cgroup_enter_tasks() */
    size_t cgroup_count;
    uint32_t uid, gid;
    bool set_ids, ids_given; /* not given: 0:0 if there is such a user inside */
    const char *working_directory;
    StrList command;
    char *const *environment;
} EnterPlan;

/* Opens everything before anything is joined. */
int enter_plan(const Target *target, const EnterRequest *request, Arena *arena, EnterPlan *ret_plan,
               Error *error) MUST_CHECK;
/* For `ns:PATH`: one namespace by a file it is mounted on. */
int enter_plan_path(const char *path, const EnterRequest *request, Arena *arena,
                    EnterPlan *ret_plan, Error *error) MUST_CHECK;
void enter_plan_done(EnterPlan *plan);

/* Whether our own program file can be reached from inside by someone who may write it: the files
 * are those of the inside and the ids those of the outside. The caller must be sealed (sealed.h).
 */
bool enter_needs_seal(const EnterPlan *plan);

/* Executes the program, in place of the caller where that is possible. Else *ret_status. */
int enter_run(EnterPlan *plan, int *ret_status, Error *error) MUST_CHECK;
