/*
 * Names without a registry. Everywhere here "fedora" means docker.io/library/fedora, as it does for
 * docker, unless podman's configuration says something else: an alias ("fedora" is
 * registry.fedoraproject.org/fedora), or registries to look in (unqualified-search-registries).
 */
#pragma once

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/*
 * The whole names that `text` may stand for, the one to try first first; at least one. A name with
 * a registry in it stands for itself. ERROR_CONFLICT: several registries are to be looked in, and
 * the configuration forbids to guess (short-name-mode = "enforcing").
 */
int shortname_candidates(const char *text, Arena *arena, StrList *ret_names, Error *error)
    MUST_CHECK;
