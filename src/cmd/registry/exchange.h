/*
 * One HTTP request and its answer, by libcurl: no redirect is followed, nothing is repeated,
 * no credential is added; every size is bounded. call.h builds on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/* A connection's worth of libcurl, kept by a thread from request to request. */
typedef struct Exchanger {
    void *curl;
} Exchanger;
int exchanger_init(Exchanger *exchanger, Error *error) MUST_CHECK;

/* How a host is to be trusted; PEM texts, NULL: none. */
typedef struct ExchangeTrust {
    bool insecure; /* do not verify the host's certificate */
    const char *authorities, *certificate, *key;
} ExchangeTrust;

/* Takes a part of the body of an answer with this status (2xx); a negative errno ends it. */
typedef int ExchangeSink(void *context, long status, const void *data, size_t size);

typedef struct ExchangeRequest {
    const char *method; /* "GET", "HEAD", "POST", "PATCH", "PUT" */
    const char *url;
    const ExchangeTrust *trust;
    const char *authorization; /* the header's value, or NULL */
    StrList headers;           /* "Accept: ..." */
    const char *body;          /* sent as it is; or */
    int body_fd;               /* body_size bytes of this file from body_offset; -1: none */
    int64_t body_offset, body_size;
    ExchangeSink *sink; /* for the body of a 2xx answer; NULL: it is kept, see `text` */
    void *sink_context;
    int64_t body_max; /* more is an error */
    void (*progress)(void *context, int64_t sent);
    void *progress_context;
} ExchangeRequest;

enum {
    EXCHANGE_TEXT_MAX = 64 * 1024
}; /* of a body that no sink takes, unless body_max says more */

/* Strings are in the arena; NULL where the answer has no such header. */
typedef struct ExchangeAnswer {
    long status;
    StrList challenges;   /* WWW-Authenticate */
    const char *location; /* absolute */
    const char *content_type, *digest, *link, *retry_after, *range;
    const char *subject, *chunk_min; /* distribution-spec: OCI-Subject, OCI-Chunk-Min-Length */
    int64_t length;                  /* Content-Length; -1: not told */
    int64_t received;                /* bytes of the body */
    const char *text;
    bool tls_failed; /* on failure: the other side does not speak TLS */
    bool passing;    /* on failure: it may go better another time */
} ExchangeAnswer;

/* 0 whatever the status is; on failure only the last two members of *ret_answer are set. */
int exchange_run(Exchanger *exchanger, const ExchangeRequest *request, Arena *arena,
                 ExchangeAnswer *ret_answer, Error *error) MUST_CHECK;
