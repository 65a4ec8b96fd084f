/*
 * Ids for a user namespace that unshare(2) makes: user_namespaces(7).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "engine/engine.h"
#include "linux/idmap.h"

enum { UNSHARE_RANGES_MAX = 2 };

typedef struct UnshareIds {
    IdRange uids[UNSHARE_RANGES_MAX], gids[UNSHARE_RANGES_MAX];
    size_t count;
    bool by_self;         /* one id, which the kernel lets the process map itself */
    bool by_program;      /* newuidmap and newgidmap write: the caller may not */
    const Engine *engine; /* the range was taken of this engine ... */
    uint32_t first;
    bool taken;    /* ... and the helper gives it back when the caller's process has ended */
    int helper_fd; /* socket of the helper outside, which writes when it is told to; -1: none */
} UnshareIds;
#define UNSHARE_IDS_NONE ((UnshareIds){ .helper_fd = -1 })

/* All three before unshare. The caller's own ids as root's, all others nobody's: */
void unshare_ids_choose_self(UnshareIds *ret_ids);
/* Root: a range of the engine's, that no container has meanwhile. Others: their own id as root,
 * and the block of /etc/subuid and /etc/subgid from 1 on. */
int unshare_ids_choose_range(const Engine *engine, Arena *arena, UnshareIds *ret_ids, Error *error)
    MUST_CHECK;
/* Leaves the helper behind, if one is needed. */
int unshare_ids_prepare(UnshareIds *ids, Error *error) MUST_CHECK;

/* After it: maps, and the caller becomes root inside. */
int unshare_ids_map(UnshareIds *ids, Error *error) MUST_CHECK;
int unshare_ids_become_root(Error *error);
void unshare_ids_done(UnshareIds *ids);

/* The first block of `name` or number `id` in the text of /etc/subuid: "name:first:count". */
bool unshare_ids_find_block(const char *text, const char *name, uint32_t id, uint32_t *ret_first,
                            uint32_t *ret_count);
