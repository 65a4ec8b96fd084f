/*
 * Namespaces without a process: a namespace lives as long as a process is in it, a descriptor of it
 * is open, or its file is mounted somewhere. The last way gives it a path, by which it can be
 * joined: `ambit run --net ns:PATH`, `ambit enter ns:PATH`.
 */
#pragma once

#include "engine/target.h"
#include "linux/namespace.h"

/*
 * Mounts the target's namespace on `path`: a file that is made if there is none (0444; its
 * directory must exist). ERROR_CONFLICT: something is mounted there, or it is no empty file. Needs
 * CAP_SYS_ADMIN. A mount namespace can only be kept on a private mount, outside itself.
 */
int nskeep_keep(const Target *target, NamespaceType type, const char *path, Error *error)
    MUST_CHECK;
/* Unmounts it again and removes the file. ERROR_USAGE when no namespace is mounted there. */
int nskeep_drop(const char *path, Error *error) MUST_CHECK;
