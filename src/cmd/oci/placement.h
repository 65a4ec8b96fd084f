/*
 * Where a container's cgroup is and who makes it: --cgroup-manager, --systemd-cgroup, --rootless
 * and linux.cgroupsPath, taken together.
 */
#pragma once

#include "commands.h"
#include "record.h"
#include "runtime/scope.h"

typedef struct Placement {
    bool unprivileged;  /* the caller is no root of the host (--rootless) */
    bool optional;      /* nobody asked for a cgroup at a certain place */
    const Scope *scope; /* systemd makes it; else we do, at linux.cgroupsPath; NULL there: none */
} Placement;

typedef struct PlacementInput {
    const OciGlobals *globals;
    const CgroupHost *host;
    const char *id;
} PlacementInput;

/* --rootless, or the caller himself. */
bool placement_is_unprivileged(const OciGlobals *globals);
/* Decides, and makes linux.cgroupsPath the path below the cgroup mount, or NULL. */
int placement_choose(const PlacementInput *input, Spec *spec, Arena *arena,
                     Placement *ret_placement, Error *error) MUST_CHECK;

/* Tells systemd new limits of a container that is in a scope; others have none to tell. */
int placement_update(const Record *record, const CgroupLimit *limit, const StrMap *unified,
                     CgroupMode mode, Arena *arena, Error *error) MUST_CHECK;
/* Lets systemd forget the scope of a container whose processes have ended. */
int placement_stop(const Record *record, Arena *arena, Error *error) MUST_CHECK;
