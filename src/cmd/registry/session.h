/*
 * One session with a repository: who may answer for it, and what is wanted there. Read from the
 * configuration while files are still in sight (configure.h), constant afterwards.
 */
#pragma once

#include "base/error.h"
#include "cmd/registry/host.h"
#include "image/registrycall.h"

typedef struct Session {
    Arena *arena;
    RegistryOpen open;
    HostList hosts;
    const char
        *authorities; /* the system's certificate authorities: for whom nothing else is said */
} Session;
