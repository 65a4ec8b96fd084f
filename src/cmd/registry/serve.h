/*
 * The socket: requests are taken one after the other and given to a few threads.
 */
#pragma once

#include "base/error.h"
#include "cmd/registry/session.h"

/* Until the other side closes; then the process may end at once, whatever its threads do. */
int serve_run(const Session *session, int socket, Error *error) MUST_CHECK;
