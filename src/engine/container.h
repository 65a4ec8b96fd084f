/*
 * What the engine remembers of a container, in two files:
 *
 *   <root>/containers/<id>/container.json   what it is and how it ended: survives a reboot
 *                                           (of a --rm container: in the state directory, like all
 *                                           that goes with it)
 *   <state>/containers/<id>/state.json      its processes: true until the machine or it stops
 *
 * Whether it runs is never read from a file: the recorded pid must exist with the recorded start
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/field.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "spec/spec.h"

typedef enum ContainerStatus {
    CONTAINER_CREATED, /* recorded, its process not made yet or never */
    CONTAINER_RUNNING,
    CONTAINER_PAUSED,
    CONTAINER_EXITED,
    CONTAINER_DEAD, /* its engine process was killed: `ambit system check --repair` */
} ContainerStatus;

const char *container_status_name(ContainerStatus status);

/* container.json */
typedef struct Container {
    const char *id, *name;
    const char *image;    /* as asked for; NULL with --rootfs */
    const char *image_id; /* digest of its config */
    StrList layers;       /* diff ids in hex, topmost first: they must not be removed */
    const char *rootfs;   /* --rootfs DIR */
    StrList command;      /* what runs: entrypoint and arguments */
    StrList env;          /* what was asked for besides the image's: "NAME=VALUE", or "NAME" that
                             was taken away */
    const char *user, *workdir; /* as asked for, or NULL */
    int64_t created;            /* seconds since 1970 */
    int64_t created_ns;         /* and nanoseconds: which of two is the newer */
    StrMap annotations;
    Settings settings;         /* what `inspect` says of it: labels, stop signal, --rm and more */
    StrList anonymous_volumes; /* removed with it */
    const char *rung;          /* which way the root was made: rootfs.h */
    int64_t started;           /* seconds since 1970; written when it has ended */
    int64_t finished;          /* 0: has not ended */
    int32_t exit_status;
    bool oom_killed;
    const char *error; /* why it could not be started, or NULL */
} Container;

/* state.json */
typedef struct ContainerState {
    int32_t pid;          /* of the first process */
    uint64_t start_ticks; /* clone_start_time() of it */
    int32_t engine_pid;   /* of the process that waits for it */
    int64_t started;      /* seconds since 1970 */
    const char *cgroup_path;
    uint32_t first_id; /* of its id range; 0: the host's ids or another container's */
    const char *user;  /* as given; NULL: the image's */
    bool host_userns;
} ContainerState;

/* Writes; the caller owns a container's files by the lock (lifecycle.h). */
int container_write(const Engine *engine, const Container *container, Error *error) MUST_CHECK;
int container_write_state(const Engine *engine, const char *id, const ContainerState *state,
                          Error *error) MUST_CHECK;
int container_read(const Engine *engine, const char *id, Arena *arena, Container **ret_container,
                   Error *error) MUST_CHECK;
/* ERROR_NOT_FOUND when it has never been started, or not since the last boot. */
int container_read_state(const Engine *engine, const char *id, Arena *arena,
                         ContainerState **ret_state, Error *error) MUST_CHECK;

/* The OCI spec it runs with, for `exec`: <state>/containers/<id>/config.json. */
int container_write_spec(const Engine *engine, const char *id, const Spec *spec, Error *error)
    MUST_CHECK;
int container_read_spec(const Engine *engine, const char *id, Arena *arena, Spec **ret_spec,
                        Error *error) MUST_CHECK;

bool container_is_running(const ContainerState *state);

/* Whether a directory of it is there: the first thing a container takes, the last it gives back. */
bool container_exists(const Engine *engine, const char *id);

/* All containers' ids, from both directories. */
int container_list(const Engine *engine, Arena *arena, StrList *ret_ids, Error *error) MUST_CHECK;
