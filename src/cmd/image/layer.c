/*
 * The relay: a thread feeds the decompressor (source -> hash -> pipe) while this one takes what
 * comes out (pipe -> hash -> pipe) to the writer and listens to the writer's reports meanwhile: a
 * writer that waits for us to take a report would never empty its pipe.
 *
 * The trap: all children are forked before the thread exists, and every end of a pipe that this
 * process does not use is closed at once; else the end of a stream is never seen.
 */
#include "cmd/image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/image/decompress.h"
#include "cmd/image/report.h"
#include "cmd/image/sandbox.h"
#include "cmd/image/unpack.h"
#include "linux/clone.h"

enum {
    LAYER_BLOCK = 256 * 1024,
    LAYER_PIPE = 1024 * 1024, /* the default limit for pipes of unprivileged users too */
    LAYER_RATIO_MAX = 300,    /* gzip reaches 1030 on zeroes; real layers stay below 30 */
};
static const uint64_t LAYER_RATIO_FREE = 1ULL << 30; /* below this the ratio does not matter */
static const uint64_t LAYER_WRITER_MEMORY = 64ULL << 20;

typedef struct LayerChild {
    pid_t pid;
    int socket; /* reports; -1: no child */
    Report report;
} LayerChild;

/* The state of one run; cleaned up by layer_run_done whatever happened. */
typedef struct LayerRun {
    const LayerJob *job;
    LayerResult *result;
    Compression compression;
    char head[512]; /* the first bytes of the source, taken to see what it is */
    size_t head_size;
    LayerChild writer, decompressor;
    int writer_in;       /* to the writer */
    int decompressor_in; /* to the decompressor */
    int tar_fd;          /* what this thread reads: the decompressor's output or the source */
    Digest digest, diff_id;
    pthread_t feeder;
    bool feeding;
    Error feeder_error;
    _Atomic uint64_t packed_bytes;
    _Atomic bool stop; /* the result is lost: the feeder need not go on */
    char *block, *feeder_block;
} LayerRun;

/* It has nothing to do any more, whatever it thinks. Its last word having been heard, its end is
 * awaited by sandbox_settle. */
static void layer_child_done(LayerChild *child)
{
    fd_closep(&child->socket);
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        if (!child->report.ended || child->report.error.kind != ERROR_NONE)
            (void)!clone_wait(child->pid, NULL, NULL);
    }
    child->pid = 0;
}

static void layer_run_done(LayerRun *run)
{
    atomic_store(&run->stop, true);
    /* In the order of the stream, so that everyone's end of file or EPIPE comes. */
    fd_closep(&run->writer_in);
    if (run->tar_fd != run->job->source_fd)
        fd_closep(&run->tar_fd);
    if (run->feeding)
        (void)pthread_join(run->feeder, NULL);
    fd_closep(&run->decompressor_in);
    layer_child_done(&run->decompressor);
    layer_child_done(&run->writer);
    digest_done(&run->digest);
    digest_done(&run->diff_id);
    mem_freep(&run->block);
    mem_freep(&run->feeder_block);
}

/*** The children's side. ***/

enum { LAYER_FD_IN, LAYER_FD_OUT, LAYER_FD_ERR, LAYER_FD_REPORT, LAYER_FD_LOWER, LAYER_FDS };

static int layer_on_opaque(void *context, int fd, Error *error)
{
    (void)context;
    return report_opaque(LAYER_FD_REPORT, fd, error);
}

static int layer_on_device(void *context, const char *path, mode_t type, dev_t device)
{
    (void)context;
    return report_device(LAYER_FD_REPORT, path, type, device);
}

static int layer_writer_main(void *context)
{
    const LayerJob *job = context;
    /* Opened in here: a descriptor from outside would lead outside. */
    int root_fd CLEANUP(fd_closep) = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TreeOptions options = {
        .root_fd = root_fd,
        .lower_fd = job->lower_fd >= 0 ? LAYER_FD_LOWER : -1,
        .has_lower = job->has_lower,
        .plain = job->plain,
        .entries_max = job->entries_max,
        .on_opaque = layer_on_opaque,
        .on_device = layer_on_device,
    };
    TreeCounts counts = { 0 };
    Error error = { 0 };
    int r = unpack_tar(LAYER_FD_IN, &options, &counts, &error);
    report_end(LAYER_FD_REPORT, &counts, r < 0 ? &error : NULL);
    return r < 0;
}

static unsigned layer_window_log(const LayerJob *job)
{
    return job->narrow ? DECOMPRESS_WINDOW_USUAL : DECOMPRESS_WINDOW_MAX;
}

static int layer_decompressor_main(void *context)
{
    const LayerRun *run = context;
    Error error = { 0 };
    int r = decompress_stream(run->compression, LAYER_FD_IN, LAYER_FD_OUT,
                              layer_window_log(run->job), &error);
    report_end(LAYER_FD_REPORT, NULL, r < 0 ? &error : NULL);
    return r < 0;
}

/*** Starting them. ***/

static int layer_pipe(int ret_fds[2], Error *error)
{
    if (pipe2(ret_fds, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    (void)fcntl(ret_fds[1], F_SETPIPE_SZ, LAYER_PIPE); /* fewer switches; the default works too */
    return 0;
}

static int layer_spawn(LayerChild *ret, SandboxChild *child, Error *error)
{
    int sockets[2];
    int r = report_pair(sockets, error);
    if (r < 0)
        return r;
    child->fds[LAYER_FD_REPORT] = sockets[1];
    pid_t pid = sandbox_spawn(child, error);
    fd_close(sockets[1]);
    if (pid < 0) {
        fd_close(sockets[0]);
        return pid;
    }
    *ret = (LayerChild){ .pid = pid, .socket = sockets[0] };
    return 0;
}

static int layer_start_writer(LayerRun *run, Error *error)
{
    int in[2];
    int r = layer_pipe(in, error);
    if (r < 0)
        return r;
    SandboxChild child = {
        .profile = SANDBOX_WRITER,
        .root_fd = run->job->target_fd,
        .fds = { in[0], -1, STDERR_FILENO, -1, run->job->lower_fd },
        .fd_count = LAYER_FDS,
        .memory_bytes = LAYER_WRITER_MEMORY,
        .run = layer_writer_main,
        .context = (void *)run->job,
    };
    r = layer_spawn(&run->writer, &child, error);
    fd_close(in[0]);
    run->writer_in = in[1];
    if (r == 0 && fcntl(in[1], F_SETFL, O_NONBLOCK) < 0)
        r = error_errno(error, errno, "fcntl");
    return r;
}

static int layer_start_decompressor(LayerRun *run, Error *error)
{
    int in[2], out[2];
    int r = layer_pipe(in, error);
    if (r < 0)
        return r;
    r = layer_pipe(out, error);
    if (r < 0) {
        fd_close(in[0]);
        fd_close(in[1]);
        return r;
    }
    SandboxChild child = {
        .profile = SANDBOX_COMPUTE,
        .root_fd = run->job->target_fd, /* it cannot open anything there */
        .fds = { in[0], out[1], STDERR_FILENO, -1, -1 },
        .fd_count = LAYER_FDS,
        .memory_bytes = decompress_memory(layer_window_log(run->job)),
        .run = layer_decompressor_main,
        .context = run,
    };
    r = layer_spawn(&run->decompressor, &child, error);
    fd_close(in[0]);
    fd_close(out[1]);
    run->decompressor_in = in[1];
    run->tar_fd = out[0];
    return r;
}

/*** The feeder: source -> hash -> decompressor. ***/

/* From the source; at the end of a file that still grows it waits. */
static ssize_t layer_read_source(const LayerRun *run, void *buffer, size_t size)
{
    ssize_t n = fd_read(run->job->source_fd, buffer, size);
    while (n == 0 && run->job->follow_fd > 0) {
        char news[256];
        ssize_t grown = fd_read(run->job->follow_fd, news, sizeof(news));
        if (grown < 0)
            return grown;
        n = fd_read(run->job->source_fd, buffer, size);
        if (grown == 0)
            return n;
    }
    return n;
}

static bool layer_saves_packed(const LayerRun *run)
{
    return run->job->save_fd >= 0 && run->compression <= COMPRESSION_ZSTD;
}

static int layer_save(const LayerRun *run, const char *data, size_t size, Error *error)
{
    int r = fd_write_all(run->job->save_fd, data, size);
    return r < 0 ? error_errno(error, r, "save the blob") : 0;
}

/* Takes a piece of the packed stream into account. */
static int layer_count_packed(LayerRun *run, const char *data, size_t size, Error *error)
{
    digest_add(&run->digest, data, size);
    uint64_t total = atomic_fetch_add(&run->packed_bytes, size) + size;
    if (total > run->job->size)
        return error_set(error, ERROR_CORRUPT, EFBIG, "the blob is longer than the %llu bytes said",
                         (unsigned long long)run->job->size);
    return layer_saves_packed(run) ? layer_save(run, data, size, error) : 0;
}

static int layer_feed_all(LayerRun *run, Error *error)
{
    const char *data = run->head;
    ssize_t size = (ssize_t)run->head_size;
    bool wanted = true; /* the decompressor still reads */
    while (size > 0 && !atomic_load(&run->stop)) {
        int r = layer_count_packed(run, data, (size_t)size, error);
        if (r == 0 && wanted)
            r = fd_write_all(run->decompressor_in, data, (size_t)size);
        if (r == -EPIPE) {
            /* The decompressor has seen the end of its data, or failed. What follows is hashed all
             * the same: the digest covers it. */
            wanted = false;
            r = 0;
        }
        if (r < 0)
            return r;
        data = run->feeder_block;
        size = layer_read_source(run, run->feeder_block, LAYER_BLOCK);
    }
    return size < 0 ? error_errno(error, (int)size, "read") : 0;
}

static void *layer_feeder_main(void *context)
{
    LayerRun *run = context;
    if (layer_feed_all(run, &run->feeder_error) < 0 && run->feeder_error.kind == ERROR_NONE)
        (void)error_set(&run->feeder_error, ERROR_SYSTEM, EIO, "the blob could not be read");
    fd_closep(&run->decompressor_in);
    return NULL;
}

static int layer_start(LayerRun *run, Error *error)
{
    int r = layer_start_writer(run, error);
    if (r < 0 || run->compression == COMPRESSION_NONE)
        return r;
    r = layer_start_decompressor(run, error);
    if (r < 0)
        return r;
    int failed = pthread_create(&run->feeder, NULL, layer_feeder_main, run);
    if (failed)
        return error_errno(error, failed, "make a thread");
    run->feeding = true;
    return 0;
}

/*** The relay: tar -> hash -> writer. ***/

/* Listens to the writer until it takes data; returns 0, or 1 if it has ended. */
static int layer_wait_writer(LayerRun *run, Error *error)
{
    for (;;) {
        struct pollfd polls[2] = {
            { .fd = run->writer.socket, .events = POLLIN },
            { .fd = run->writer_in, .events = POLLOUT },
        };
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            return error_errno(error, errno, "poll");
        if (polls[0].revents) {
            int r =
                report_receive(run->writer.socket, run->job->target_fd, &run->writer.report, error);
            if (r < 0)
                return r;
            if (run->writer.report.ended)
                return 1;
            continue;
        }
        if (polls[1].revents)
            return 0;
    }
}

/* Returns 0, 1 if the writer ended early, or a negative errno. */
static int layer_write(LayerRun *run, const char *data, size_t size, Error *error)
{
    while (size > 0) {
        ssize_t n = write(run->writer_in, data, size);
        if (n > 0) {
            data += n;
            size -= (size_t)n;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EPIPE)
            return error_errno(error, errno, "write");
        int r = layer_wait_writer(run, error);
        if (r != 0)
            return r;
    }
    return 0;
}

static int layer_check_bounds(LayerRun *run, Error *error)
{
    uint64_t bytes = run->result->unpacked_bytes, packed = atomic_load(&run->packed_bytes);
    if (bytes > run->job->bytes_max)
        return error_set(error, ERROR_LIMIT, EFBIG, "it holds more than %llu bytes",
                         (unsigned long long)run->job->bytes_max);
    if (bytes > LAYER_RATIO_FREE && bytes / LAYER_RATIO_MAX > packed)
        return error_set(error, ERROR_LIMIT, EFBIG,
                         "it unpacks to more than %d times its size: a decompression bomb",
                         LAYER_RATIO_MAX);
    return 0;
}

/* Listens to the writer until there is something to read from `fd`: it may wait for an answer. 0,
 * or 1 if it has ended. */
static int layer_wait_input(LayerRun *run, int fd, Error *error)
{
    for (;;) {
        struct pollfd polls[2] = {
            { .fd = run->writer.socket, .events = POLLIN },
            { .fd = fd, .events = POLLIN },
        };
        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            return error_errno(error, errno, "poll");
        if (!polls[0].revents && polls[1].revents)
            return 0;
        if (!polls[0].revents)
            continue;
        int r = report_receive(run->writer.socket, run->job->target_fd, &run->writer.report, error);
        if (r < 0 || run->writer.report.ended)
            return r < 0 ? r : 1;
    }
}

/* What is in `fd`, as soon as there is something; 0 at its end, also if the writer has ended. */
static ssize_t layer_await(LayerRun *run, int fd, Error *error)
{
    int r = layer_wait_input(run, fd, error);
    if (r != 0)
        return r < 0 ? r : 0;
    ssize_t size = fd_read(fd, run->block, LAYER_BLOCK);
    return size < 0 ? error_errno(error, (int)size, "read") : size;
}

/* The next block of the tar: its size, 0 at the end (also if the writer has ended), or negative. */
static ssize_t layer_next(LayerRun *run, Error *error)
{
    bool grows = run->compression == COMPRESSION_NONE && run->job->follow_fd > 0;
    ssize_t size = layer_await(run, run->tar_fd, error);
    while (size == 0 && grows && !run->writer.report.ended) {
        size = layer_await(run, run->job->follow_fd, error);
        grows = size > 0; /* or it is whole: what came last is read all the same */
        if (size >= 0)
            size = layer_await(run, run->tar_fd, error);
    }
    return size;
}

static int layer_relay(LayerRun *run, Error *error)
{
    bool direct = run->compression == COMPRESSION_NONE;
    const char *data = run->head;
    ssize_t size = direct ? (ssize_t)run->head_size : 0;
    if (size == 0) {
        data = run->block;
        size = layer_next(run, error);
    }
    while (size > 0) {
        digest_add(&run->diff_id, data, (size_t)size);
        run->result->unpacked_bytes += (uint64_t)size;
        int r = direct ? layer_count_packed(run, data, (size_t)size, error) : 0;
        if (r == 0 && run->job->save_fd >= 0 && !layer_saves_packed(run))
            r = layer_save(run, data, (size_t)size, error);
        if (r == 0)
            r = layer_check_bounds(run, error);
        if (r == 0)
            r = layer_write(run, data, (size_t)size, error);
        if (r != 0)
            return r < 0 ? r : 0; /* ended early: its report says why */
        data = run->block;
        size = layer_next(run, error);
    }
    return size < 0 ? (int)size : 0;
}

/*** The end. ***/

static int layer_await_report(LayerRun *run, LayerChild *child, Error *error)
{
    while (child->socket >= 0 && !child->report.ended) {
        int r = report_receive(child->socket, run->job->target_fd, &child->report, error);
        if (r < 0)
            return r;
    }
    return 0;
}

static int layer_take_error(const Error *from, Error *error)
{
    if (error)
        *error = *from;
    return -from->code;
}

/* The first cause: a damaged blob makes the decompressor fail, which cuts the writer's tar; a
 * writer that failed before its tar ended (`writer_cut`) makes us stop the feeder, which cuts the
 * decompressor's. */
static int layer_first_error(const LayerRun *run, bool writer_cut, Error *error)
{
    if (run->feeder_error.kind != ERROR_NONE)
        return layer_take_error(&run->feeder_error, error);
    if (writer_cut)
        return layer_take_error(&run->writer.report.error, error);
    if (run->decompressor.report.error.kind != ERROR_NONE)
        return layer_take_error(&run->decompressor.report.error, error);
    if (run->writer.report.error.kind != ERROR_NONE)
        return layer_take_error(&run->writer.report.error, error);
    return 0;
}

static int layer_finish(LayerRun *run, Error *error)
{
    bool writer_cut = run->writer.report.error.kind != ERROR_NONE;
    fd_closep(&run->writer_in);
    int r = layer_await_report(run, &run->writer, error);
    if (r < 0)
        return r;
    if (run->writer.report.error.kind != ERROR_NONE)
        atomic_store(&run->stop, true);
    if (run->compression != COMPRESSION_NONE)
        fd_closep(&run->tar_fd); /* a decompressor still writing has nobody to write to */
    if (run->feeding)
        (void)pthread_join(run->feeder, NULL);
    run->feeding = false;
    r = layer_await_report(run, &run->decompressor, error);
    if (r == 0)
        r = layer_first_error(run, writer_cut, error);
    if (r < 0)
        return r;

    LayerResult *result = run->result;
    digest_finish(&run->digest, result->digest);
    digest_finish(&run->diff_id, result->diff_id);
    result->size = atomic_load(&run->packed_bytes);
    result->counts = run->writer.report.counts;
    result->compression = decompress_name(run->compression);
    result->repacked = run->compression > COMPRESSION_ZSTD;
    return 0;
}

static int layer_verify(const LayerJob *job, const LayerResult *result, Error *error)
{
    if (job->size != UINT64_MAX && result->size != job->size)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "the blob has %llu bytes instead of %llu",
                         (unsigned long long)result->size, (unsigned long long)job->size);
    if (job->digest && !str_eq(job->digest, result->digest))
        return error_set(error, ERROR_CORRUPT, EBADMSG, "the blob's digest is %s instead of %s",
                         result->digest, job->digest);
    if (job->diff_id && !str_eq(job->diff_id, result->diff_id))
        return error_set(error, ERROR_CORRUPT, EBADMSG,
                         "the digest of the unpacked layer is %s instead of %s", result->diff_id,
                         job->diff_id);
    return 0;
}

static int layer_prepare(LayerRun *run, Error *error)
{
    run->block = mem_alloc(LAYER_BLOCK);
    run->feeder_block = mem_alloc(LAYER_BLOCK);
    int r = digest_init(&run->digest, error);
    if (r == 0)
        r = digest_init(&run->diff_id, error);
    ssize_t n = 1;
    while (r == 0 && n > 0 && run->head_size < DECOMPRESS_MAGIC_SIZE) {
        n = layer_read_source(run, run->head + run->head_size, sizeof(run->head) - run->head_size);
        if (n < 0)
            return error_errno(error, (int)n, "read");
        run->head_size += (size_t)n;
    }
    run->compression = decompress_detect(run->head, run->head_size);
    run->tar_fd = run->job->source_fd;
    return r;
}

int layer_unpack(const LayerJob *job, LayerResult *ret_result, Error *error)
{
    LayerResult result = { 0 };
    LayerRun run CLEANUP(layer_run_done) = {
        .job = job,
        .result = &result,
        .writer.socket = -1,
        .decompressor.socket = -1,
        .writer_in = -1,
        .decompressor_in = -1,
        .tar_fd = job->source_fd,
    };
    int r = layer_prepare(&run, error);
    if (r == 0)
        r = layer_start(&run, error);
    if (r == 0)
        r = layer_relay(&run, error);
    if (r == 0)
        r = layer_finish(&run, error);
    if (r == 0)
        r = layer_verify(job, &result, error);
    if (r == 0)
        *ret_result = result;
    return r;
}
