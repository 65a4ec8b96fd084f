/*
 * Answering a registry's 401: basic credentials and the distribution project's bearer tokens
 * (distribution/docs/spec/auth).
 */
#pragma once

#include "base/error.h"
#include "cmd/registry/session.h"

/* "Basic ..." */
const char *token_basic(const char *username, const char *password, Arena *arena);

typedef struct TokenRequest {
    const Session *session;
    Exchanger *exchanger;
    const Host *host; /* with its lock */
    const StrList *challenges;
    Arena *arena;
    bool login; /* an identity token is wanted */
} TokenRequest;

typedef struct TokenGrant {
    const char *authorization; /* the header's value */
    const char *identity;      /* a token to be kept instead of the password; NULL: there is none */
} TokenGrant;

/*
 * An answer to the challenges. Credentials go to the realm that the host named, over TLS; over
 * plain http only to the host itself or to loopback, and only where the host is spoken to like that
 * as well.
 */
int token_obtain(const TokenRequest *request, TokenGrant *ret_grant, Error *error) MUST_CHECK;
