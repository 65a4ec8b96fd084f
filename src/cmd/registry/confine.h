/*
 * The process that speaks with the network locks itself in: nothing of the host's files, processes
 * and privileges is left to it but its socket, what comes through that, and the network
 * (docs/security.md, class K).
 */
#pragma once

#include "base/error.h"

/* Must be called before any thread exists, after everything was read that is needed of files. */
int confine_self(Error *error) MUST_CHECK;
