/*
 * What an answer that is no success means, and whether another try makes sense.
 */
#pragma once

#include "cmd/registry/exchange.h"
#include "cmd/registry/host.h"

/* The status as an error: 0 for 2xx. `what` is the subject: "manifest latest". */
int answer_check(const Host *host, const ExchangeAnswer *answer, const char *what, Arena *arena,
                 Error *error) MUST_CHECK;

/* After a failure that passes, or 408, 429, 5xx: waits (longer each time, or as the server says)
 * and returns true. */
typedef struct AnswerRetry {
    unsigned tries;
} AnswerRetry;
bool answer_again(AnswerRetry *retry, int result, const ExchangeAnswer *answer);
