/*
 * What an answer that is no success means, and whether another try makes sense.
 */
#pragma once

#include "cmd/registry/exchange.h"
#include "cmd/registry/host.h"
#include "image/registrycall.h"

/* Why, in the registry's words, as one line of printable text; NULL: it gives no reason. */
const char *answer_reason(const ExchangeAnswer *answer, Arena *arena);

/* The status as an error: 0 for 2xx. `what` is the subject: "manifest latest". */
int answer_check(const Host *host, const ExchangeAnswer *answer, const char *what, Arena *arena,
                 Error *error) MUST_CHECK;

/* After a failure that passes, or 408, 429, 5xx: waits (longer each time, or as the server or the
 * caller says) and returns true. False: it is none of these, was tried often enough, or the server
 * wants more patience than anybody has. */
typedef struct AnswerRetry {
    const RegistryOpen *open;
    unsigned tries;
} AnswerRetry;
bool answer_again(AnswerRetry *retry, int result, const ExchangeAnswer *answer);
