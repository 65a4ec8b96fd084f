/*
 * A request to one host of a session: the scheme is found out, redirects are followed (bounded,
 * without credentials to another host), a 401 is answered once.
 */
#pragma once

#include "cmd/registry/answer.h"
#include "cmd/registry/session.h"

typedef struct Caller {
    const Session *session;
    Exchanger *exchanger;
    Arena *arena;
} Caller;

typedef struct CallRequest {
    const char *method;
    const char *path;    /* below the repository: "/manifests/latest"; or */
    const char *url;     /* a whole one that the host gave: credentials go along only if it is the
                            host's own */
    bool whole_registry; /* `path` is below the API's root instead */
    bool whole_host;     /* or the whole path */
    bool login;          /* ask for an identity token */
    StrList headers;
    const char *body;
    int body_fd; /* -1: none */
    int64_t body_offset, body_size;
    ExchangeSink *sink;
    void *sink_context;
    int64_t body_max;
    void (*progress)(void *context, int64_t sent);
    void *progress_context;
} CallRequest;

/* `answer` as exchange_run's. */
int call_run(const Caller *caller, Host *host, const CallRequest *request,
             ExchangeAnswer *ret_answer, const char **ret_identity, Error *error) MUST_CHECK;

/* call_run until it succeeds or gives up; only for requests without a sink. */
int call_repeat(const Caller *caller, Host *host, const CallRequest *request,
                ExchangeAnswer *ret_answer, Error *error) MUST_CHECK;
