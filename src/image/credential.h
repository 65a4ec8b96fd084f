/*
 * The programs docker-credential-NAME: docker's credential helper protocol. A word as the argument
 * (get, store, erase), the request on standard input, the answer on standard output.
 */
#pragma once

#include "base/error.h"
#include "base/mem.h"

typedef struct RegistryLogin {
    const char *username, *password; /* NULL: there are none */
    const char *identity_token;      /* instead of the password: what the token server gave */
} RegistryLogin;

#define CREDENTIAL_PREFIX "docker-credential-"

/* No credentials for this server: success, and *login stays as it is. */
int credential_get(const char *program, const char *server, Arena *arena, RegistryLogin *login,
                   Error *error) MUST_CHECK;
int credential_store(const char *program, const char *server, const RegistryLogin *login,
                     Error *error) MUST_CHECK;
int credential_erase(const char *program, const char *server, Error *error) MUST_CHECK;
