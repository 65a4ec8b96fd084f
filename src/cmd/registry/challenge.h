/*
 * What a server wants to know: WWW-Authenticate (RFC 9110, 11.6.1).
 */
#pragma once

#include <stddef.h>

#include "base/mem.h"

/* NULL: not said. */
typedef struct Challenge {
    const char *scheme; /* "Bearer", "Basic", in the server's spelling */
    const char *realm, *service, *scope;
} Challenge;

typedef struct ChallengeList {
    Challenge *items;
    size_t count;
} ChallengeList;

/* Appends what one header says; it may hold several. What follows something malformed is left out.
 */
void challenge_parse(const char *header, Arena *arena, ChallengeList *list);
/* The first with this scheme, whatever its spelling; NULL: none. */
const Challenge *challenge_find(const ChallengeList *list, const char *scheme);
