/*
 * Which hosts, with which trust and which credentials: what files and the environment say about a
 * registry.
 */
#pragma once

#include "cmd/registry/session.h"

/* Reads all of it; afterwards no file is needed any more. */
int configure_session(const RegistryOpen *open, Arena *arena, Session *ret_session, Error *error)
    MUST_CHECK;
