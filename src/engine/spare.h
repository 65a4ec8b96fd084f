/*
 * Directories of removed containers that were not written to, kept for the next one: making and
 * removing the three of a container costs the disk's journal 0.3 to 0.5 ms, two renames 0.04 ms.
 *
 *   <root>/spare/<n>/{upper,work}      at most SPARE_MAX of them
 *
 * A directory is only kept when nothing shows that somebody had it: empty, with the owner, mode and
 * flags of a new one, without extended attributes.
 */
#pragma once

#include <stdbool.h>

#include "engine/engine.h"

enum { SPARE_MAX = 8 };

/* Moves one to `path` below the root. False: there is none. */
bool spare_take(const Engine *engine, const char *path);
/* Keeps the container's directory `path`. False: it is not fit, or there are enough; the caller
 * removes it. */
bool spare_give(const Engine *engine, const char *path);
