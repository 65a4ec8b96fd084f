/*
 * What a session owns beside its arena.
 */
#include "cmd/registry/session.h"

void session_done(Session *session)
{
    hostlist_done(&session->hosts);
}
