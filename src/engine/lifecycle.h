/*
 * What a container takes from the host and gives back: its directories, lock, name, id range,
 * cgroup. lifecycle_begin takes, lifecycle_ended gives back; a kill -9 in between leaves what
 * `ambit system check` finds by the lock that nobody holds any more.
 *
 * Order of taking: state directory and lock first (they name the owner), then name and id range,
 * then the directory below root. Order of giving back: the reverse.
 */
#pragma once

#include "engine/container.h"
#include "engine/engine.h"
#include "linux/cgroup.h"

enum { LIFECYCLE_REMOVE_MS = 5000 }; /* for processes of a cgroup to be gone */

typedef struct Lifecycle {
    const Engine *engine;
    Container container;
    ContainerState state;
    char id[72];
    int lock_fd;
    int state_fd; /* <state>/containers/<id> */
    int data_fd;  /* <root>/containers/<id>; -1 until lifecycle_data() if nothing of it is kept */
} Lifecycle;

typedef struct LifecycleWish {
    const char *name; /* NULL: a generated one */
    bool id_range;    /* ids of its own */
    bool passing;     /* --rm: everything but its files is kept in the state directory */
    bool no_files;    /* and its files are in memory: nothing is made on disk */
} LifecycleWish;

/* Takes id, lock, name, directories and, if wanted, an id range. On failure nothing is left.
 * container.id, .name, .remove and state.first_id are filled; the rest is the caller's. */
int lifecycle_begin(const Engine *engine, const LifecycleWish *wish, Arena *arena,
                    Lifecycle *ret_lifecycle, Error *error) MUST_CHECK;

/* The container's directory below root, made if it is not there yet: lifecycle->data_fd. */
int lifecycle_data(Lifecycle *lifecycle, Error *error) MUST_CHECK;

/* The process is there: state.json says so from now on. */
int lifecycle_started(Lifecycle *lifecycle, pid_t pid, Error *error) MUST_CHECK;

/*
 * The process has ended: records status and OOM kill, removes the cgroup and all volatile state,
 * and with --rm the container itself.
 */
int lifecycle_ended(Lifecycle *lifecycle, Cgroup *cgroup, int exit_status, Error *error) MUST_CHECK;

/* It never ran: everything is given back. */
void lifecycle_abandon(Lifecycle *lifecycle);
void lifecycle_done(Lifecycle *lifecycle); /* closes descriptors, releases the lock */

/* Removes what is left of a container on disk and in the kernel, whatever state it is in; its
 * processes are killed. For `rm -f` and `system check`. The caller holds the lock. */
int lifecycle_purge(const Engine *engine, const CgroupHost *cgroup_host, const char *id,
                    Error *error) MUST_CHECK;

/* The same without what is kept on disk: processes, cgroup, id range, state. */
int lifecycle_purge_state(const Engine *engine, const CgroupHost *cgroup_host, const char *id,
                          Error *error) MUST_CHECK;
/* The lock of an existing container: a descriptor, or -EWOULDBLOCK while its engine process lives,
 * or -ENOENT when it has no volatile state. */
int lifecycle_try_lock(const Engine *engine, const char *id) MUST_CHECK;
