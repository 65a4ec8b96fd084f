/*
 * The program `ambit-registry`: starting it and asking it one thing after the other. The socket may
 * also be handed on, to `ambit-image`, which then asks instead of us.
 */
#pragma once

#include <sys/types.h>

#include "image/registrycall.h"

typedef struct RegistryHelper {
    int socket; /* ours; -1: none */
    pid_t pid;
    int32_t serial; /* of the last request */
} RegistryHelper;

#define REGISTRYHELPER_NONE ((RegistryHelper){ .socket = -1 })

/* Starts it and waits until it has read its configuration and locked itself in. */
int registryhelper_open(const RegistryOpen *open, RegistryHelper *ret_helper, Error *error)
    MUST_CHECK;
/* Ends it. */
void registryhelper_done(RegistryHelper *helper);

/* registrycall_ask, with an id of its own. */
int registryhelper_ask(RegistryHelper *helper, RegistryRequest request, RegistryBody *ret_body,
                       Arena *arena, RegistryReply *ret_reply, Error *error) MUST_CHECK;
