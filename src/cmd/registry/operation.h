/*
 * What a session can be asked for, one function per RegistryOperation.
 */
#pragma once

#include "cmd/registry/call.h"

/* One request in the hands of one thread. The reply is empty at first but for its id. */
typedef struct OperationContext {
    Caller caller;
    const RegistryRequest *request;
    int fd;     /* that came along; -1: none. Closed by the caller */
    int socket; /* for replies that tell progress */
    RegistryReply *reply;
} OperationContext;

typedef int Operation(OperationContext *context, Error *error);

/* fetch.c */
int operation_manifest(OperationContext *context, Error *error) MUST_CHECK;
int operation_resolve(OperationContext *context, Error *error) MUST_CHECK;
int operation_blob(OperationContext *context, Error *error) MUST_CHECK;
int operation_tags(OperationContext *context, Error *error) MUST_CHECK;
int operation_referrers(OperationContext *context, Error *error) MUST_CHECK;
int operation_search(OperationContext *context, Error *error) MUST_CHECK;
int operation_login(OperationContext *context, Error *error) MUST_CHECK;

/* push.c */
int operation_exists(OperationContext *context, Error *error) MUST_CHECK;
int operation_mount(OperationContext *context, Error *error) MUST_CHECK;
int operation_upload(OperationContext *context, Error *error) MUST_CHECK;
int operation_put(OperationContext *context, Error *error) MUST_CHECK;

/* Is the name a tag or a digest as the specification has them? It becomes part of a URL. */
bool operation_name_valid(const char *name);
