/*
 * A queue, and as many threads as there were requests at one time (up to a bound); each keeps its
 * connection for the next one. The trap: nobody waits for a thread, for it may be writing to a pipe
 * that nobody reads.
 */
#include "cmd/registry/serve.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/registry/operation.h"

enum { SERVE_THREADS_MAX = 6, SERVE_QUEUE_MAX = 64, SERVE_STACK = 512 * 1024 };

typedef struct ServeJob {
    Arena arena;
    RegistryRequest request;
    int fd;
} ServeJob;

typedef struct Serve {
    const Session *session;
    int socket;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    ServeJob jobs[SERVE_QUEUE_MAX]; /* a ring */
    unsigned first, count;
    unsigned threads, idle;
} Serve;

static Operation *const serve_operations[REGISTRY_OPERATION_MAX] = {
    [REGISTRY_MANIFEST] = operation_manifest,
    [REGISTRY_RESOLVE] = operation_resolve,
    [REGISTRY_BLOB] = operation_blob,
    [REGISTRY_TAGS] = operation_tags,
    [REGISTRY_REFERRERS] = operation_referrers,
    [REGISTRY_SEARCH] = operation_search,
    [REGISTRY_LOGIN] = operation_login,
    [REGISTRY_EXISTS] = operation_exists,
    [REGISTRY_MOUNT] = operation_mount,
    [REGISTRY_UPLOAD] = operation_upload,
    [REGISTRY_PUT] = operation_put,
};

static void serve_job(Serve *serve, Exchanger *exchanger, ServeJob *job)
{
    Error error = { 0 };
    RegistryFailure failure;
    RegistryReply reply = { .id = job->request.id, .done = true };
    OperationContext context = {
        .caller = { serve->session, exchanger, &job->arena },
        .request = &job->request,
        .fd = job->fd,
        .socket = serve->socket,
        .reply = &reply,
    };
    int r = serve_operations[job->request.operation](&context, &error);
    if (r < 0) {
        failure = (RegistryFailure){ error_kind_name(error.kind), error.code, error.message };
        reply = (RegistryReply){ .id = job->request.id, .done = true, .failure = &failure };
    }
    fd_close(job->fd); /* the end of the body, before the answer */
    (void)!registrycall_send_reply(serve->socket, &reply, NULL);
    arena_done(&job->arena);
}

static void *serve_thread(void *context)
{
    Serve *serve = context;
    Exchanger exchanger = { 0 };
    if (exchanger_init(&exchanger, NULL) < 0)
        abort();
    for (;;) {
        (void)pthread_mutex_lock(&serve->lock);
        serve->idle++;
        while (serve->count == 0)
            (void)pthread_cond_wait(&serve->wake, &serve->lock);
        serve->idle--;
        ServeJob job = serve->jobs[serve->first];
        serve->first = (serve->first + 1) % SERVE_QUEUE_MAX;
        serve->count--;
        (void)pthread_mutex_unlock(&serve->lock);
        serve_job(serve, &exchanger, &job);
    }
    return NULL;
}

static int serve_start_thread(Serve *serve, Error *error)
{
    pthread_t thread;
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, SERVE_STACK);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, serve_thread, serve);
    (void)pthread_attr_destroy(&attributes);
    if (failed)
        return error_errno(error, failed, "thread");
    serve->threads++;
    return 0;
}

static int serve_enqueue(Serve *serve, const ServeJob *job, Error *error)
{
    int r = 0;
    (void)pthread_mutex_lock(&serve->lock);
    if (serve->count == SERVE_QUEUE_MAX) {
        r = error_set(error, ERROR_LIMIT, EBUSY, "too many requests at a time");
    } else {
        serve->jobs[(serve->first + serve->count) % SERVE_QUEUE_MAX] = *job;
        serve->count++;
        if (serve->count > serve->idle && serve->threads < SERVE_THREADS_MAX)
            r = serve_start_thread(serve, error);
        (void)pthread_cond_signal(&serve->wake);
    }
    (void)pthread_mutex_unlock(&serve->lock);
    return r;
}

int serve_run(const Session *session, int socket, Error *error)
{
    Serve *serve = mem_alloc(sizeof(*serve)); /* for as long as the process: threads use it */
    serve->session = session;
    serve->socket = socket;
    (void)pthread_mutex_init(&serve->lock, NULL);
    (void)pthread_cond_init(&serve->wake, NULL);
    for (;;) {
        ServeJob job = { .fd = -1 };
        int r = registrycall_receive_request(socket, &job.arena, &job.request, &job.fd, error);
        if (r <= 0) {
            arena_done(&job.arena);
            return r;
        }
        r = serve_enqueue(serve, &job, error);
        if (r < 0)
            return r;
    }
}
