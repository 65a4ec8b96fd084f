/*
 * Credentials for registries, where docker and podman keep theirs: auth.json and config.json
 * (containers-auth.json(5)), and the programs docker-credential-NAME that these name.
 *
 * Read in this order, the first entry wins: the file given; $REGISTRY_AUTH_FILE;
 * $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/<uid>/auth.json without it);
 * $XDG_CONFIG_HOME/containers/auth.json; $DOCKER_CONFIG/config.json (~/.docker). The first two
 * stand alone: if one of them is given, no other file is read.
 */
#pragma once

#include "image/credential.h"

/* `repository` (may be NULL): entries for a path are looked for before those for the domain.
 * Nothing found is success and empty. */
int registryauth_find(const char *domain, const char *repository, const char *auth_file,
                      Arena *arena, RegistryLogin *ret_login, Error *error) MUST_CHECK;

/* Keeps a login, in the program that the file names or in the file itself (mode 0600). Without
 * auth_file that is docker's file if there is one, else $XDG_CONFIG_HOME/containers/auth.json.
 * *ret_place: what was written to, for the message. */
int registryauth_store(const char *domain, const RegistryLogin *login, const char *auth_file,
                       Arena *arena, const char **ret_place, Error *error) MUST_CHECK;
/* Forgets it wherever it is kept; domain NULL: all of them. Returns how many were removed. */
int registryauth_erase(const char *domain, const char *auth_file, Arena *arena, Error *error)
    MUST_CHECK;
