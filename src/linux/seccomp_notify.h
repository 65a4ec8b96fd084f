/*
 * Loading a filter that asks somebody else (SECCOMP_RET_USER_NOTIF), and handing over the
 * descriptor at which it asks: seccomp_unotify(2).
 */
#pragma once

#include "linux/seccomp.h"

typedef struct SeccompNotify {
    int socket;       /* connected, Unix, stream: where the descriptor goes */
    const char *text; /* and this with it */
    size_t size;
    /* Called when it cannot be sent, while the caller is stuck behind the filter. The process ends
     * after it returns. */
    void (*failed)(void *context, const Error *error);
    void *context;
} SeccompNotify;

/*
 * Loads the filter for the calling thread and sends its listener. Whatever system calls the filter
 * asks about, none of them is needed from the filter's first moment until the descriptor is sent.
 */
int seccomp_load_notify(const SeccompProgram *program, uint32_t flags, const SeccompNotify *notify,
                        Error *error) MUST_CHECK;
