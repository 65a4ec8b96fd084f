/*
 * The options of every command that speaks to a registry.
 */
#pragma once

#include "base/option.h"
#include "image/registrycall.h"

typedef struct Access {
    const char *certificates, *auth_file, *credentials;
    OptionTristate tls_verify;
    uint64_t tries, retry_delay_ms; /* as RegistryOpen's */
} Access;

OptionParse access_parse_retry, access_parse_retry_delay;

/* Rows for a command whose struct has a member `Access access`. */
#define ACCESS_OPTIONS(type)                                                                      \
    OPTION_HEADING("Registry"),                                                                   \
        { 0, "tls-verify", OPTION_TRISTATE(type, access.tls_verify), NULL,                        \
          "false: plain HTTP is allowed, certificates are not verified (default true)" },         \
        { 0,                                                                                      \
          "cert-dir",                                                                             \
          OPTION_STRING(type, access.certificates),                                               \
          "DIR",                                                                                  \
          "Trust and show the certificates in DIR",                                               \
          .completes = "directory" },                                                             \
        { 0,                                                                                      \
          "authfile",                                                                             \
          OPTION_STRING(type, access.auth_file),                                                  \
          "FILE",                                                                                 \
          "Credentials are in FILE",                                                              \
          .completes = "file" },                                                                  \
        { 0, "retry", OPTION_CUSTOM(type, access.tries, access_parse_retry), "N",                 \
          "Try again so often when the registry is busy or the connection breaks "                \
          "(default 3)" },                                                                        \
        { 0, "retry-delay", OPTION_CUSTOM(type, access.retry_delay_ms, access_parse_retry_delay), \
          "DURATION", "Wait so long before each (default: 0.5 s, then longer each time)" },       \
    {                                                                                             \
        0, "creds", OPTION_STRING(type, access.credentials), "NAME[:PASSWORD]",                   \
            "Use these credentials (others can see them in the list of processes)"                \
    }

int access_open(const Access *access, Arena *arena, RegistryOpen *ret_open, Error *error)
    MUST_CHECK;
