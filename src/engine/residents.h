/*
 * Which running containers are in which namespaces.
 */
#pragma once

#include "engine/container.h"
#include "linux/namespace.h"

typedef struct Resident { /* a running container */
    const Container *container;
    const ContainerState *state;
    uint64_t namespaces[NAMESPACE_MAX]; /* of its first process; 0: not told */
} Resident;

typedef struct Residents {
    Resident *items;
    size_t count;
} Residents;

/* Containers that end meanwhile, or whose files cannot be read, are left out. */
int residents_read(const Engine *engine, Arena *arena, Residents *ret_residents, Error *error)
    MUST_CHECK;
/* The container that a process with this mount namespace is in: a container always has one of its
 * own. NULL: none. */
const Resident *residents_of_mount(const Residents *residents, uint64_t mount_namespace);
