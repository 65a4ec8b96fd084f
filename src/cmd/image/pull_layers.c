/*
 * One thread that waits for everything: parts of blobs, answers of ambit-registry, workers. A
 * worker is a process per layer that reads the file while it grows and unpacks it (layer.h); so a
 * layer that is slow to unpack holds up no download, and a slow download no other layer.
 *
 * The trap: a worker inherits our descriptors, among them the writing ends whose closing tells
 * other workers that their file is whole. It closes all of them first.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/image/decompress.h"
#include "cmd/image/download.h"
#include "cmd/image/pull.h"
#include "cmd/image/pull_event.h"
#include "image/imagepartial.h"
#include "image/registrycall.h"
#include "linux/clone.h"

enum {
    PULL_DOWNLOADS_MAX = 4,
    PULL_WORKERS_MAX = 3,
    PULL_TRIES_MAX = 3,     /* of one download, from where the last one ended */
    PULL_TICK = 100,        /* ms */
    PULL_SERIALS = 1000,    /* work names per worker */
    PULL_FIRST_ID = 100000, /* of requests: above those for the documents */
};

typedef enum PullBlobState {
    PULL_BLOB_NEEDED,
    PULL_BLOB_ELSEWHERE, /* another process downloads it */
    PULL_BLOB_COMING,
    PULL_BLOB_WHOLE,
} PullBlobState;

typedef struct PullBlob {
    const OciDescriptor *at;
    PullBlobState state;
    Download download;
    bool answered;  /* ambit-registry is done with it */
    bool restarted; /* thrown away once already */
} PullBlob;

typedef struct PullLayer {
    size_t index; /* 0 is the lowest */
    PullBlob *blob;
    bool unpacked, needs_lower;
    bool wide;     /* takes much memory: it is unpacked while no other one is */
    pid_t pid;     /* the worker's; 0: none */
    int source_fd; /* what it reads; shared, so that its position can be seen */
    int news_fd;   /* tells it that the file has grown; -1: it is whole */
    int result_fd;
} PullLayer;

typedef struct PullRun {
    const RequestContext *context;
    Intake *intake;
    const PullImage *image;
    PullBlob *blobs;
    PullLayer *layers;
    size_t blob_count, layer_count;
    unsigned workers, coming;
    int32_t serial;
    PullEvents events;
} PullRun;

/* What a worker writes at its end. */
typedef struct PullResult {
    int r;
    Error error;
} PullResult;

/*** Workers. ***/

static void pull_stop_worker(PullRun *run, PullLayer *layer)
{
    fd_closep(&layer->source_fd);
    fd_closep(&layer->news_fd);
    fd_closep(&layer->result_fd);
    if (layer->pid > 0) {
        (void)kill(layer->pid, SIGKILL);
        (void)!clone_wait(layer->pid, NULL, NULL);
        run->workers--;
    }
    layer->pid = 0;
}

static void pull_run_done(PullRun *run)
{
    for (size_t i = 0; i < run->layer_count; i++)
        pull_stop_worker(run, &run->layers[i]);
    for (size_t i = 0; i < run->blob_count; i++)
        download_done(&run->blobs[i].download);
}

static void pull_forget_fds(PullRun *run, const PullLayer *own)
{
    for (size_t i = 0; i < run->layer_count; i++) {
        PullLayer *layer = &run->layers[i];
        fd_closep(&layer->news_fd);
        fd_closep(&layer->result_fd);
        if (layer != own)
            fd_closep(&layer->source_fd);
    }
    for (size_t i = 0; i < run->blob_count; i++) {
        fd_closep(&run->blobs[i].download.file_fd);
        fd_closep(&run->blobs[i].download.pipe_fd);
    }
    fd_close(run->context->data_fd);
    fd_close(run->context->event_fd);
}

static _Noreturn void pull_worker(PullRun *run, PullLayer *own, int news_fd, int result_fd)
{
    PullResult result = { 0 };
    LayerResult unpacked;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    pull_forget_fds(run, own);
    run->intake->serial = (unsigned)(own->index + 1) * PULL_SERIALS;
    IntakeLayer layer = {
        .diff_ids = &run->image->config.rootfs.diff_ids,
        .index = own->index,
        .id = run->image->manifest.config.digest,
        .source_fd = own->source_fd,
        .follow_fd = news_fd,
        .alone = !own->needs_lower,
        .needs_lower = own->needs_lower,
        .narrow = !own->wide,
        .digest = own->blob->at->digest,
        .size = (uint64_t)own->blob->at->size,
    };
    result.r = intake_add_layer(run->intake, &layer, &unpacked, &result.error);
    (void)!fd_write_all(result_fd, &result, sizeof(result));
    _exit(0);
}

static int pull_open_source(PullRun *run, const PullBlob *blob, Error *error)
{
    const char *digest = blob->at->digest;
    if (blob->state == PULL_BLOB_COMING || strlist_contains(&run->intake->partials, digest)) {
        int fd = imagepartial_peek(run->context->store, digest);
        return fd < 0 ? error_errno(error, fd, "download of %s", digest) : fd;
    }
    return intake_open_blob(run->intake, digest, error);
}

static int pull_start_worker(PullRun *run, PullLayer *layer, Error *error)
{
    int news[2] = { -1, -1 }, result[2];
    layer->source_fd = pull_open_source(run, layer->blob, error);
    if (layer->source_fd < 0)
        return layer->source_fd;
    if (pipe2(result, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    layer->result_fd = result[0];
    if (layer->blob->state == PULL_BLOB_COMING && pipe2(news, O_CLOEXEC | O_NONBLOCK) < 0) {
        fd_close(result[1]);
        return error_errno(error, errno, "pipe");
    }
    layer->news_fd = news[1];
    if (news[0] >= 0)
        (void)fcntl(news[0], F_SETFL, 0); /* the reader waits, only the writer does not */
    const CloneOptions options = { .cgroup_fd = -1 };
    layer->pid = clone_process(&options, error);
    if (layer->pid == 0)
        pull_worker(run, layer, news[0], result[1]);
    fd_close(news[0]);
    fd_close(result[1]);
    if (layer->pid < 0)
        return layer->pid;
    run->workers++;
    return 0;
}

static bool pull_below_is_done(const PullRun *run, const PullLayer *layer)
{
    for (size_t i = 0; i < layer->index; i++)
        if (!run->layers[i].unpacked)
            return false;
    return true;
}

static bool pull_is_ready(const PullRun *run, const PullLayer *layer)
{
    if (layer->unpacked || layer->pid > 0 || (layer->wide && run->workers > 0))
        return false;
    return layer->needs_lower
               ? pull_below_is_done(run, layer) && layer->blob->state == PULL_BLOB_WHOLE
               : layer->blob->state >= PULL_BLOB_COMING;
}

static bool pull_wide_is_at_work(const PullRun *run)
{
    for (size_t i = 0; i < run->layer_count; i++)
        if (run->layers[i].wide && run->layers[i].pid > 0)
            return true;
    return false;
}

static int pull_start_workers(PullRun *run, Error *error)
{
    for (size_t i = 0; i < run->layer_count && run->workers < PULL_WORKERS_MAX; i++) {
        PullLayer *layer = &run->layers[i];
        if (pull_wide_is_at_work(run))
            return 0;
        if (!pull_is_ready(run, layer))
            continue;
        int r = pull_start_worker(run, layer, error);
        if (r < 0)
            return r;
    }
    return 0;
}

/*** Blobs. ***/

/* Everybody who reads it learns that it has grown, or is whole. */
static void pull_tell_workers(PullRun *run, const PullBlob *blob)
{
    for (size_t i = 0; i < run->layer_count; i++) {
        PullLayer *layer = &run->layers[i];
        if (layer->blob != blob || layer->news_fd < 0)
            continue;
        if (blob->state == PULL_BLOB_WHOLE)
            fd_closep(&layer->news_fd);
        else
            (void)!write(layer->news_fd, "+", 1); /* full: there is news enough in it */
    }
}

static void pull_blob_is_whole(PullRun *run, PullBlob *blob)
{
    if (blob->state == PULL_BLOB_COMING)
        run->coming--;
    blob->state = PULL_BLOB_WHOLE;
    pull_tell_workers(run, blob);
}

static int pull_blob_verify(PullRun *run, PullBlob *blob, Error *error)
{
    int r = download_verify(&blob->download, error);
    if (r < 0)
        return r;
    intake_add_partial(run->intake, blob->at->digest, TAKE_FD(blob->download.file_fd));
    pull_blob_is_whole(run, blob);
    return 0;
}

/* What was found of an earlier download, or was unpacked of it, is wrong: once more, from nothing.
 * Returns 1; 0 if there is no reason to think that it would help. */
static int pull_restart(PullRun *run, PullBlob *blob, Error *error)
{
    if (blob->restarted || blob->download.resumed == 0)
        return 0;
    for (size_t i = 0; i < run->layer_count; i++)
        if (run->layers[i].blob == blob)
            pull_stop_worker(run, &run->layers[i]);
    imagepartial_discard(run->context->store, blob->at->digest);
    download_done(&blob->download);
    blob->download = DOWNLOAD_NONE;
    if (blob->state == PULL_BLOB_COMING)
        run->coming--;
    blob->state = PULL_BLOB_NEEDED;
    blob->restarted = true;
    error_clear(error);
    return 1;
}

static int pull_ask_for(PullRun *run, PullBlob *blob, Error *error)
{
    blob->answered = false;
    blob->download.tries++;
    return download_begin(&blob->download, run->context->data_fd, PULL_FIRST_ID + ++run->serial,
                          error);
}

/* Another process may be done with it but for its commit, which may wait for other layers. */
static int pull_borrow(PullRun *run, PullBlob *blob, Error *error)
{
    char digest[DIGEST_SIZE];
    struct stat st;
    int fd CLEANUP(fd_closep) = imagepartial_peek(run->context->store, blob->at->digest);
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size != blob->at->size)
        return 0;
    int r = digest_of_file(fd, digest, NULL, error);
    if (r < 0 || !str_eq(digest, blob->at->digest))
        return r;
    if (imagepartial_link(run->context->store, digest, run->intake->blobs_fd) == 0)
        pull_blob_is_whole(run, blob);
    return 0;
}

static int pull_start_blob(PullRun *run, PullBlob *blob, Error *error)
{
    if (intake_has_blob(run->intake, blob->at->digest)) {
        pull_blob_is_whole(run, blob);
        return 0;
    }
    int r = download_open(&blob->download, run->context->store, blob->at->digest, blob->at->size,
                          error);
    if (r == -EWOULDBLOCK) {
        blob->state = PULL_BLOB_ELSEWHERE;
        return pull_borrow(run, blob, error);
    }
    if (r < 0)
        return r;
    /* Since the question above, who had the lock may have made it a blob. */
    if (intake_has_blob(run->intake, blob->at->digest)) {
        imagepartial_discard(run->context->store, blob->at->digest);
        download_done(&blob->download);
        blob->download = DOWNLOAD_NONE;
        pull_blob_is_whole(run, blob);
        return 0;
    }
    blob->state = PULL_BLOB_COMING;
    run->coming++;
    if (!download_is_whole(&blob->download))
        return pull_ask_for(run, blob, error);
    blob->answered = true;
    r = pull_blob_verify(run, blob, error);
    return r == -EBADMSG && pull_restart(run, blob, error) ? 0 : r;
}

static int pull_start_blobs(PullRun *run, Error *error)
{
    for (size_t i = 0; i < run->blob_count && run->coming < PULL_DOWNLOADS_MAX; i++) {
        int r = run->blobs[i].state < PULL_BLOB_COMING ? pull_start_blob(run, &run->blobs[i], error)
                                                       : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* The body ended and ambit-registry has said its word: whole, or once more. */
static int pull_blob_ended(PullRun *run, PullBlob *blob, Error *error)
{
    if (!blob->answered || blob->download.pipe_fd >= 0 || blob->state != PULL_BLOB_COMING)
        return 0;
    if (!download_is_whole(&blob->download)) {
        if (blob->download.tries < PULL_TRIES_MAX)
            return pull_ask_for(run, blob, error);
        return error_set(
            error, ERROR_CORRUPT, EBADMSG, "the registry sent %lld bytes of %s, which has %lld",
            (long long)blob->download.have, blob->at->digest, (long long)blob->at->size);
    }
    int r = pull_blob_verify(run, blob, error);
    return r == -EBADMSG && pull_restart(run, blob, error) ? 0 : r;
}

/*** What happens. ***/

static int pull_on_data(PullRun *run, PullBlob *blob, Error *error)
{
    int r = download_take(&blob->download, error);
    if (r > 0)
        pull_tell_workers(run, blob);
    return r == 0 ? pull_blob_ended(run, blob, error) : r < 0 ? r : 0;
}

static int pull_on_reply(PullRun *run, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    RegistryReply reply;
    int r = registrycall_receive_reply(run->context->data_fd, &arena, &reply, error);
    if (r <= 0)
        return r < 0 ? r : error_set(error, ERROR_SYSTEM, EPIPE, "ambit-registry ended");
    for (size_t i = 0; reply.done && i < run->blob_count; i++) {
        PullBlob *blob = &run->blobs[i];
        if (blob->state != PULL_BLOB_COMING || blob->download.id != reply.id || blob->answered)
            continue;
        blob->answered = true;
        r = registrycall_failure(&reply, error);
        return r < 0 ? r : pull_blob_ended(run, blob, error);
    }
    return 0; /* of a download that was given up */
}

static int pull_on_result(PullRun *run, PullLayer *layer, Error *error)
{
    PullResult result;
    ssize_t n = read(layer->result_fd, &result, sizeof(result));
    fd_closep(&layer->result_fd);
    pull_stop_worker(run, layer);
    if (n != sizeof(result))
        return error_set(error, ERROR_SYSTEM, EPIPE, "layer %zu: its process died",
                         layer->index + 1);
    if (result.r == TREEDIR_NEEDS_LOWER && !layer->needs_lower) {
        layer->needs_lower = true;
        return 0;
    }
    if (result.r == DECOMPRESS_NEEDS_WINDOW && !layer->wide) {
        layer->wide = true;
        return 0;
    }
    layer->unpacked = result.r == 0;
    if (result.r == 0 || pull_restart(run, layer->blob, error))
        return 0;
    if (error)
        *error = result.error;
    return error_wrap(error, "layer %zu", layer->index + 1);
}

/*** The loop. ***/

static bool pull_is_done(const PullRun *run)
{
    for (size_t i = 0; i < run->blob_count; i++)
        if (run->blobs[i].state != PULL_BLOB_WHOLE)
            return false;
    for (size_t i = 0; i < run->layer_count; i++)
        if (!run->layers[i].unpacked)
            return false;
    return true;
}

static void pull_tell_progress(PullRun *run)
{
    bool due = pull_events_due(&run->events) || pull_is_done(run);
    for (size_t i = 0; i < run->layer_count; i++) {
        const PullLayer *layer = &run->layers[i];
        const PullBlob *blob = layer->blob;
        PullEvent event = {
            .digest = blob->at->digest,
            .total = blob->at->size,
            .current = blob->state == PULL_BLOB_WHOLE ? blob->at->size : blob->download.have,
            .resumed = blob->download.resumed,
        };
        off_t position = layer->source_fd >= 0 ? lseek(layer->source_fd, 0, SEEK_CUR) : 0;
        event.unpacked = layer->unpacked ? blob->at->size : position;
        event.state = blob->state == PULL_BLOB_NEEDED      ? "waiting"
                      : blob->state == PULL_BLOB_ELSEWHERE ? "elsewhere"
                      : blob->state == PULL_BLOB_COMING    ? "downloading"
                      : layer->unpacked                    ? "done"
                      : layer->pid > 0                     ? "unpacking"
                                                           : "downloaded";
        pull_event_tell(&run->events, i, &event, due);
    }
}

static int pull_wait(PullRun *run, Error *error)
{
    struct pollfd polls[1 + PULL_DOWNLOADS_MAX + PULL_WORKERS_MAX];
    PullBlob *blobs[ARRAY_LEN(polls)] = { 0 };
    PullLayer *layers[ARRAY_LEN(polls)] = { 0 };
    nfds_t count = 0;
    polls[count++] = (struct pollfd){ run->context->data_fd, POLLIN, 0 };
    for (size_t i = 0; i < run->blob_count; i++)
        if (run->blobs[i].download.pipe_fd >= 0) {
            blobs[count] = &run->blobs[i];
            polls[count++] = (struct pollfd){ run->blobs[i].download.pipe_fd, POLLIN, 0 };
        }
    for (size_t i = 0; i < run->layer_count; i++)
        if (run->layers[i].pid > 0) {
            layers[count] = &run->layers[i];
            polls[count++] = (struct pollfd){ run->layers[i].result_fd, POLLIN, 0 };
        }
    if (poll(polls, count, PULL_TICK) < 0 && errno != EINTR)
        return error_errno(error, errno, "poll");
    int r = 0;
    for (nfds_t i = 1; r == 0 && i < count; i++) {
        /* What one event did may have ended what the next one is about. */
        if (polls[i].revents && blobs[i] && blobs[i]->download.pipe_fd == polls[i].fd)
            r = pull_on_data(run, blobs[i], error);
        else if (polls[i].revents && layers[i] && layers[i]->result_fd == polls[i].fd)
            r = pull_on_result(run, layers[i], error);
    }
    return r == 0 && polls[0].revents ? pull_on_reply(run, error) : r;
}

/* One blob per digest, however often it is named. NULL: with another size. */
static PullBlob *pull_add_blob(PullRun *run, const OciDescriptor *at)
{
    for (size_t i = 0; i < run->blob_count; i++)
        if (str_eq(run->blobs[i].at->digest, at->digest))
            return run->blobs[i].at->size == at->size ? &run->blobs[i] : NULL;
    PullBlob *blob = &run->blobs[run->blob_count++];
    *blob = (PullBlob){ .at = at, .download = DOWNLOAD_NONE };
    return blob;
}

static PullLayer *pull_add_layer(PullRun *run, PullBlob *blob)
{
    PullLayer *layer = &run->layers[run->layer_count];
    *layer = (PullLayer){
        .index = run->layer_count++, .blob = blob, .source_fd = -1, .news_fd = -1, .result_fd = -1
    };
    return layer;
}

/* What belongs to other images of the index: to be told of as layers, and not unpacked. */
static int pull_prepare_others(PullRun *run, Error *error)
{
    const OciDescriptors *others = &run->image->others;
    for (size_t i = 0; i < others->count; i++) {
        const OciDescriptor *at = &others->items[i];
        size_t before = run->blob_count;
        PullBlob *blob = pull_add_blob(run, at);
        if (!blob)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "%s is named with two sizes",
                             at->digest);
        if (run->blob_count > before && oci_media_kind(at->media_type) == OCI_MEDIA_LAYER)
            pull_add_layer(run, blob)->unpacked = true;
    }
    return 0;
}

/* One unpacked layer per diff id. */
static int pull_prepare(PullRun *run, Error *error)
{
    const OciDescriptors *list = &run->image->manifest.layers;
    const StrList *diff_ids = &run->image->config.rootfs.diff_ids;
    Arena *arena = run->context->arena;
    size_t most = list->count + run->image->others.count;
    run->blobs = arena_array(arena, most, sizeof(*run->blobs));
    run->layers = arena_array(arena, most, sizeof(*run->layers));
    for (size_t i = 0; i < list->count; i++) {
        PullBlob *blob = pull_add_blob(run, &list->items[i]);
        if (!blob)
            return error_set(error, ERROR_CORRUPT, EBADMSG, "layer %zu: a blob of two sizes",
                             i + 1);
        IntakeLayer layer = { .diff_ids = diff_ids,
                              .index = i,
                              .id = run->image->manifest.config.digest };
        PullLayer *entry = pull_add_layer(run, blob);
        entry->unpacked = intake_has_layer(run->intake, &layer);
        for (size_t below = 0; below < i; below++)
            entry->unpacked |= str_eq(diff_ids->items[below], diff_ids->items[i]);
    }
    return pull_prepare_others(run, error);
}

int pull_layers(const RequestContext *context, Intake *intake, const PullImage *image, Error *error)
{
    PullRun run CLEANUP(pull_run_done) = { .context = context, .intake = intake, .image = image };
    int r = pull_prepare(&run, error);
    pull_events_init(&run.events, context->event_fd, run.layer_count, context->arena);
    while (r == 0 && !pull_is_done(&run)) {
        r = pull_start_blobs(&run, error);
        if (r == 0)
            r = pull_start_workers(&run, error);
        pull_tell_progress(&run);
        if (r == 0 && !pull_is_done(&run))
            r = pull_wait(&run, error);
    }
    if (r == 0)
        pull_tell_progress(&run);
    return r;
}
