/*
 * What a bundle's configuration gets besides, from who calls us: descriptors, and the capabilities
 * that there are.
 */
#pragma once

#include "base/error.h"
#include "spec/spec.h"

/* "NAME=VALUE" into an environment, in the place of what the name was before. */
void bundle_set_env(StrList *env, Arena *arena, const char *assignment);

/* --preserve-fds: `count` descriptors from 3 + `first` on. That some are not open is a warning
 * (crun passes what there is, runc refuses), that none is an error. */
int bundle_check_fds(uint64_t first, uint64_t count, Error *error) MUST_CHECK;

/* Socket activation, sd_listen_fds(3): sockets meant for us go on to the program, before those of
 * --preserve-fds, and its environment says so. */
int bundle_listen(Spec *spec, uint64_t preserve_fds, Arena *arena, uint64_t *ret_listen_fds,
                  Error *error) MUST_CHECK;

/* config.md#linux-process: a capability that nobody knows or that cannot be granted is a warning,
 * as for runc and crun also in configurations of runtime-spec 1.0, which wanted an error. */
void bundle_drop_capabilities(SpecProcess *process, bool own_userns, Arena *arena);
