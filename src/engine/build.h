/*
 * From a request to an OCI spec: the image's config, the request and the engine's defaults in one
 * document. Pure: no system call, so that every decision can be tested without root and shown
 * without a container (`ambit run --plan`).
 */
#pragma once

#include "engine/container.h"
#include "engine/facts.h"
#include "engine/request.h"
#include "linux/idmap.h"
#include "spec/oci_image.h"
#include "spec/seccomp_default.h"
#include "spec/spec.h"

/* A namespace that exists: what "container:C" turned out to be. "ns:PATH" needs none. */
typedef struct BuildJoin {
    const char *path;            /* "/proc/PID/ns/net" */
    bool host;                   /* it is the host's own */
    const ContainerState *state; /* of the container: its process must still be there when the
                                    paths have been opened, or they were another's */
} BuildJoin;

typedef struct BuildInput {
    const RunRequest *request;
    /* NULL with --rootfs. Of what it says only env, entrypoint, cmd, working_dir, user, volumes and
     * stop_signal have an effect: the rest is a stranger's text, shown and never acted on. */
    const OciImageConfig *image;
    const Facts *facts;
    const char *id;     /* the container's: 64 hexadecimal digits */
    const char *rootfs; /* root.path of the spec */
    /* The ids of the container's user namespace: allotted for a private one, read from it for one
     * that is joined; none with --userns=host. */
    const IdRange *uids, *gids;
    size_t uid_count, gid_count;
    BuildJoin joins[NAMESPACE_MAX]; /* of each request_namespace() of mode CONTAINER */
    const char *joined_shm;         /* /dev/shm of the container whose IPC namespace is joined */
    const char *joined_files; /* directory of the files of the one whose network is; or NULL */
    const char *volumes;      /* the store's directory of volumes */
    const char *files;        /* this container's directory of generated files */
    const SeccompProfile *seccomp_default; /* NULL: none */
    const SeccompProfile *seccomp_file;    /* what the file of seccomp=FILE holds */
} BuildInput;

/* A volume that the container mounts; made if it does not exist. */
typedef struct BuildVolume {
    const char *name;
    const char *path;   /* of its content on the host */
    const char *target; /* where it is mounted: what the image has there fills a new volume */
    bool anonymous;     /* goes with the container (--rm) */
    bool copy;
} BuildVolume;

/* A file to be written into BuildInput.files before the container starts. */
typedef struct BuildFile {
    const char *name; /* "hosts" */
    const char *text;
} BuildFile;

typedef struct BuildResult {
    Spec *spec;
    const char *user; /* to be looked up in the root's passwd; NULL: the spec has the ids */
    StrList groups;   /* further groups to be looked up there */
    BuildVolume *volumes;
    size_t volume_count;
    BuildFile *files;
    size_t file_count;
    StrMap labels;          /* the image's and the request's: data */
    int stop_signal;        /* a number */
    int64_t stop_timeout_s; /* -1: for ever */
} BuildResult;

/* Everything lives in the arena or in what the input points to. Errors name the option. */
int build_spec(const BuildInput *input, Arena *arena, BuildResult *ret_result, Error *error)
    MUST_CHECK;

/* What the container will be said to be made with. (build_settings.c) */
void build_settings(const BuildInput *input, const BuildResult *built, Arena *arena,
                    Settings *ret_settings);

/* The runtime's errors begin with a place in the spec ("mounts[3]: ..."). Where an option put it
 * there, the error is made to begin with the option ("--volume: ..."). (build_origin.c) */
void build_name_option(const RunRequest *request, const Spec *spec, Error *error);
