/*
 * Ending containers from outside: signals, patience, removal.
 */
#pragma once

#include "engine/engine.h"
#include "engine/listing.h"

enum { STOP_TIMEOUT_DEFAULT_S = 10, STOP_FOR_EVER = -1 };

/* Sends `signal` to the container's first process. ERROR_CONFLICT when it does not run. */
int stop_signal(const ListingItem *item, int signal, Error *error) MUST_CHECK;

/* The container's stop signal, then SIGKILL after timeout_s (STOP_FOR_EVER: never). Returns when
 * its process is gone and its engine process has cleaned up. One that does not run: success. */
int stop_container(const Engine *engine, const ListingItem *item, int64_t timeout_s, int signal,
                   Error *error) MUST_CHECK;

/* Removes a container that does not run; `force` kills it first. */
int stop_remove(const Engine *engine, const ListingItem *item, bool force, Error *error) MUST_CHECK;
