/*
 * Directories of removed containers that were not written to, kept for the next one: making and
 * removing the three of a container costs the disk's journal 0.3 to 0.5 ms, two renames 0.04 ms.
 *
 *   <root>/spare/<n>/{upper,work}      at most SPARE_MAX of them
 *   <root>/spare/worn-<id>             what overlay made in `work`: directories without content
 *
 * Overlay makes three directories at each mount, and each costs a round trip to the disk to remove
 * where its blocks are discarded. So at the end they are moved aside, and removed when the next
 * container's child builds its root and the engine's process has nothing to do but wait for it.
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
/* Removes what is worn, a few of them; what cannot be is left for the next time. */
void spare_sweep(const Engine *engine);
