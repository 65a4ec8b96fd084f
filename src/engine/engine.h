/*
 * The engine's two directories, open, and what lies in them.
 *
 *   root  (/var/lib/ambit)  containers/<id>/{container.json,upper,work}  names/<name> -> <id>
 *                           volumes/<name>/data   and the image store (image/store.h)
 *   state (/run/ambit)      containers/<id>/{state.json,lock}            idranges/<n> -> <id>
 *
 * Both are 0700. Nothing here is a cache: whether a container runs is asked of its lock and the
 * kernel, whether an id range is taken of its link and the container's state.
 */
#pragma once

#include <dirent.h>

#include "base/error.h"
#include "base/str.h"

#define ENGINE_ROOT_DEFAULT  "/var/lib/ambit"
#define ENGINE_STATE_DEFAULT "/run/ambit"

typedef struct Engine {
    const char *root, *state; /* absolute paths, owned by the caller */
    int root_fd, state_fd;
} Engine;

#define ENGINE_NONE ((Engine){ .root_fd = -1, .state_fd = -1 })

/*
 * What is to be done with them decides what is made (0700) where it is missing. A root that was
 * named and that nothing was ever put into is a slip of the hand for who wants to see or change
 * what is there; one at its default place is the first use. State is gone with every reboot: to
 * look at, a missing one is an empty one.
 */
typedef enum EngineUse {
    ENGINE_LOOK,   /* nothing is written */
    ENGINE_CHANGE, /* what is there: stop, remove, execute in */
    ENGINE_MAKE,   /* containers and images are made: both directories too */
} EngineUse;

int engine_open(const char *root, const char *state, EngineUse use, Engine *ret_engine,
                Error *error) MUST_CHECK;
void engine_done(Engine *engine);

/* A directory of the engine's below root_fd or state_fd ("containers"), made if missing. */
int engine_directory(int base_fd, const char *name, Error *error) MUST_CHECK;
/* The same to be listed, and not made: where it is missing, 0 and NULL. For file_closedirp. */
int engine_list(int base_fd, const char *name, DIR **ret_dir, Error *error) MUST_CHECK;
