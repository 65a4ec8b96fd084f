/*
 * What has to be read before a container's spec can be built: the image, the host's facts, the
 * containers whose namespaces are joined, the seccomp profile.
 */
#pragma once

#include "engine/build.h"
#include "engine/engine.h"

typedef struct RunInputs {
    BuildInput build; /* all but id, ids and files */
    StrList layers;   /* hex diff ids, topmost first; empty with --rootfs */
    const char *image_id;
    const char *init_path; /* ambit-init on this host; NULL without --init */
    bool own_ids;          /* the container needs an id range of its own */
    int store_lock;        /* shared; the caller closes it when the use of the layers is recorded */
} RunInputs;

/* An image that is not there is loaded from the program's own archive if it has that name. */
int run_inputs_read(const Engine *engine, RunRequest *request, const CgroupHost *cgroup_host,
                    Arena *arena, RunInputs *ret_inputs, Error *error) MUST_CHECK;
