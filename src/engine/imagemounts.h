/*
 * Images that people have mounted to look at them (`image mount`): <state>/mounts/<id in hex>. They
 * are in use. Whether one is mounted is asked of the kernel.
 */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"

#define IMAGEMOUNTS_PLACE "mounts"

/* Is the directory `name` of the place (engine_directory) the root of a mount of its own? */
bool imagemounts_has(int place_fd, const char *name);
/* Ids in hex. 0 or a negative errno. */
int imagemounts_list(const Engine *engine, Arena *arena, StrList *ret_names) MUST_CHECK;
