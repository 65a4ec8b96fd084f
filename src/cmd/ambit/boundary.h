/*
 * What `explain`, `ns`, `enter` and `unshare` begin with.
 */
#pragma once

#include "commands.h"
#include "engine/residents.h"
#include "engine/target.h"

/*
 * The engine, or NULL if there is no container yet or its directories are not for the caller to
 * open: processes can be looked at without it, and only containers' names are not known then.
 */
const Engine *boundary_engine(const CommandCall *call, Engine *engine);
/* All running containers; none without an engine. */
int boundary_residents(const Engine *engine, Arena *arena, Residents *ret_residents, Error *error)
    MUST_CHECK;

/* "pid", "mount": from the option --type or an argument. */
int boundary_type(const char *word, NamespaceType *ret_type, Error *error) MUST_CHECK;
