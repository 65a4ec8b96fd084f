/*
 * The words between us and the program `ambit-registry`, which alone speaks to the network
 * (docs/design/0011): JSON documents in datagrams of a SOCK_SEQPACKET socket, one descriptor with
 * those that move bytes. The first one is RegistryOpen and its answer has the id 0; then follow
 * RegistryRequests, any number at a time, each answered by one RegistryReply that is `done`.
 *
 * Neither side believes the other more than a stranger: messages are bounded and decoded by the
 * tables, and everything fetched is verified by who asked for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/reference.h"

enum {
    REGISTRYCALL_MESSAGE_MAX = 64 * 1024,
    REGISTRYCALL_TRIES_MAX = 100,
    REGISTRYCALL_DELAY_MAX_MS = 600 * 1000,
};

/* Which repository the session is about, and how its registry is to be reached. */
typedef struct RegistryOpen {
    const char *domain;     /* "docker.io", "localhost:5000" */
    const char *repository; /* "library/base"; NULL for the registry as a whole */
    const char *suffix;     /* what follows it in the name: ":1", "@sha256:..."; NULL: nothing */
    bool push;              /* the token must allow it */
    StrList mount_from;     /* push: repositories of the same registry that layers may come from */
    bool insecure;          /* plain http is allowed and certificates are not verified */
    bool direct;            /* no mirrors: push, login */
    int64_t tries;          /* of what may pass; 0: the usual number */
    int64_t retry_delay_ms; /* between them, the same each time; 0: longer each time */
    const char *certificates; /* a directory in the manner of certs.d; NULL: the usual ones */
    const char *auth_file;    /* NULL: the usual ones */
    const char *username, *password;
    const char *identity_token;
} RegistryOpen;

typedef enum RegistryOperation {
    REGISTRY_NONE,
    REGISTRY_MANIFEST,  /* name: tag or digest -> descriptor; media_type, digest, size */
    REGISTRY_RESOLVE,   /* the same without the body (HEAD) */
    REGISTRY_BLOB,      /* digest, offset -> descriptor: the bytes from offset to the end */
    REGISTRY_TAGS,      /* query -> descriptor: one page; next */
    REGISTRY_REFERRERS, /* digest, name: artifact type or NULL (not every registry filters), query
                           -> descriptor: an index, one page; next */
    REGISTRY_SEARCH,    /* name: the term, size: at most so many -> descriptor */
    REGISTRY_LOGIN,     /* are the credentials good? -> identity_token */
    REGISTRY_EXISTS,    /* digest: has the repository this blob? -> found */
    REGISTRY_MOUNT,     /* digest, name: from this repository -> found */
    REGISTRY_UPLOAD,    /* digest, size; the descriptor is the file */
    REGISTRY_PUT,       /* name, media_type, size; the descriptor is the manifest's file -> found:
                           the registry took note of its subject */
    REGISTRY_OPERATION_MAX,
} RegistryOperation;

typedef struct RegistryRequest {
    int32_t id; /* > 0, chosen by the caller */
    int operation;
    const char *name, *digest, *media_type, *query;
    int64_t offset, size;
} RegistryRequest;

typedef struct RegistryFailure {
    const char *kind; /* error_kind_name */
    int32_t code;     /* errno */
    const char *message;
} RegistryFailure;

typedef struct RegistryReply {
    int32_t id;
    bool done; /* the last one for this id; else it tells progress: `bytes` */
    RegistryFailure *failure;
    int64_t bytes;          /* sent so far */
    const char *media_type; /* of a manifest, as the registry's header says */
    const char *digest;     /* docker-content-digest, if there was a valid one */
    int64_t size;           /* bytes of the body */
    bool found;
    const char *next;           /* the query of the next page */
    const char *identity_token; /* login: to be kept instead of the password */
    const char *source;         /* which host answered */
} RegistryReply;

/* Fills in domain, repository and suffix. */
void registrycall_name(RegistryOpen *open, const Reference *reference, Arena *arena);

int registrycall_send_open(int socket, const RegistryOpen *open, Error *error) MUST_CHECK;
/* fd -1: none. The caller keeps its copy. */
int registrycall_send_request(int socket, const RegistryRequest *request, int fd, Error *error)
    MUST_CHECK;
int registrycall_send_reply(int socket, const RegistryReply *reply, Error *error) MUST_CHECK;

/* Each waits for one datagram. Returns 1, 0 at the end of the stream, or a negative errno. */
int registrycall_receive_open(int socket, Arena *arena, RegistryOpen *ret, Error *error) MUST_CHECK;
/* *ret_fd: the descriptor that came along, or -1. */
int registrycall_receive_request(int socket, Arena *arena, RegistryRequest *ret, int *ret_fd,
                                 Error *error) MUST_CHECK;
int registrycall_receive_reply(int socket, Arena *arena, RegistryReply *ret, Error *error)
    MUST_CHECK;

/* A reply's failure as an error, or 0. */
int registrycall_failure(const RegistryReply *reply, Error *error) MUST_CHECK;

/*
 * Asks and waits for the answer, for callers with one request at a time. With ret_body (may be
 * NULL) the body is read, at most `limit` bytes (-EFBIG, ERROR_LIMIT above).
 */
typedef struct RegistryBody {
    size_t limit;
    char *data; /* in the arena */
    size_t size;
} RegistryBody;
int registrycall_ask(int socket, const RegistryRequest *request, RegistryBody *ret_body,
                     Arena *arena, RegistryReply *ret_reply, Error *error) MUST_CHECK;
