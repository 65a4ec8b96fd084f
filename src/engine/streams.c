/*
 * The trap: between giving and restoring this program's own messages would go to the container, so
 * nothing is printed then.
 */
#include "engine/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

/* What the container may have of the caller's: see streams.h. /dev/null becomes the container's own
 * in the runtime, and what is closed stays so. */
static bool streams_may_pass(Streams *streams, int stream)
{
    struct stat st;
    if (fd_is_pipe(stream)) {
        streams->pipes |= 1u << stream;
        return true;
    }
    return fstat(stream, &st) < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static int streams_keep(Streams *streams, int stream, Error *error)
{
    int saved = fcntl(stream, F_DUPFD_CLOEXEC, STREAMS_COUNT);
    if (saved < 0 && errno != EBADF)
        return error_errno(error, errno, "keep descriptor %d", stream);
    streams->caller[stream] = saved;
    return 0;
}

static int streams_replace(int stream, int fd, Error *error)
{
    if (dup2(fd, stream) < 0)
        return error_errno(error, errno, "replace descriptor %d", stream);
    return 0;
}

static int streams_null(int stream, Error *error)
{
    int fd CLEANUP(fd_closep) = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "/dev/null") : streams_replace(stream, fd, error);
}

static int streams_pipe(Streams *streams, int stream, Error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    bool input = stream == STDIN_FILENO;
    int theirs CLEANUP(fd_closep) = ends[input ? 0 : 1];
    streams->ends[stream] = ends[input ? 1 : 0];
    streams->pipes |= 1u << stream;
    return streams_replace(stream, theirs, error);
}

int streams_give(Streams *streams, StreamsKind kind, bool interactive, Error *error)
{
    int r = 0;
    for (int stream = 0; r == 0 && stream < STREAMS_COUNT; stream++) {
        bool unused = stream == STDIN_FILENO && !interactive;
        bool null = unused || kind == STREAMS_DETACHED;
        if (!null && (kind == STREAMS_TERMINAL || streams_may_pass(streams, stream)))
            continue;
        if (!unused)
            r = streams_keep(streams, stream, error);
        if (r == 0)
            r = null ? streams_null(stream, error) : streams_pipe(streams, stream, error);
    }
    return r;
}

void streams_restore(Streams *streams)
{
    for (int stream = 0; stream < STREAMS_COUNT; stream++) {
        if (streams->caller[stream] < 0)
            continue;
        (void)dup2(streams->caller[stream], stream);
        fd_close(TAKE_FD(streams->caller[stream]));
    }
}

void streams_done(Streams *streams)
{
    streams_restore(streams);
    for (int stream = 0; stream < STREAMS_COUNT; stream++)
        fd_close(TAKE_FD(streams->ends[stream]));
}
