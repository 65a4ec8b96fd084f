/*
 * The certificates of a host in docker's and podman's directories: certs.d/HOST/ with *.crt (whom
 * to trust in addition), NAME.cert and NAME.key (what to show).
 */
#pragma once

#include "base/error.h"
#include "base/mem.h"
#include "cmd/registry/exchange.h"

/* `directory` NULL: the usual ones below /etc and the home directory. */
int trust_read(const char *authority, const char *directory, Arena *arena, ExchangeTrust *trust,
               Error *error) MUST_CHECK;
