/*
 * Signals go through a pidfd that was checked against the recorded start time, so a pid that was
 * reused meanwhile is never hit. Waiting is waiting for the pidfd, then for the lock: the engine
 * process of the container releases it when it has put everything away.
 */
#include "engine/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/fd.h"
#include "engine/lifecycle.h"
#include "linux/clone.h"
#include "linux/signalname.h"

enum { STOP_CLEANUP_MS = 10000, STOP_POLL_MS = 5 };

static int stop_open(const ListingItem *item, Error *error)
{
    const char *name = item->container && item->container->name ? item->container->name : item->id;
    if (item->status != CONTAINER_RUNNING)
        return error_set(error, ERROR_CONFLICT, ESRCH, "container %s is not running", name);
    int pidfd = clone_pidfd_open(item->state->pid, error);
    if (pidfd >= 0 && !container_is_running(item->state)) {
        fd_close(pidfd);
        return error_set(error, ERROR_CONFLICT, ESRCH, "container %s is not running", name);
    }
    return pidfd;
}

int stop_signal(const ListingItem *item, int signal, Error *error)
{
    int pidfd CLEANUP(fd_closep) = stop_open(item, error);
    return pidfd < 0 ? pidfd : clone_pidfd_signal(pidfd, signal, error);
}

/* 1 when the process has ended, 0 after the time. */
static int stop_wait(int pidfd, int64_t timeout_ms)
{
    struct pollfd poller = { .fd = pidfd, .events = POLLIN };
    int r;
    do
        r = clone_pidfd_poll(&poller, 1, timeout_ms > INT32_MAX ? -1 : (int)timeout_ms);
    while (r < 0 && errno == EINTR);
    return r;
}

/* Until nobody holds the lock: the engine process has cleaned up, or is dead. */
static int stop_wait_cleanup(const Engine *engine, const char *id, Error *error)
{
    for (int waited = 0; waited < STOP_CLEANUP_MS; waited += STOP_POLL_MS) {
        int lock CLEANUP(fd_closep) = lifecycle_try_lock(engine, id);
        if (lock != -EWOULDBLOCK)
            return 0;
        clock_pause_us(STOP_POLL_MS * 1000);
    }
    return error_set(error, ERROR_SYSTEM, ETIMEDOUT,
                     "container %.12s ended, but its engine process did not clean up within %d s",
                     id, STOP_CLEANUP_MS / 1000);
}

static int stop_signal_of(const Container *container)
{
    int signal = container && container->settings.config.stop_signal
                     ? signalname_parse(container->settings.config.stop_signal)
                     : 0;
    return signal > 0 ? signal : SIGTERM;
}

int stop_container(const Engine *engine, const ListingItem *item, int64_t timeout_s, int signal,
                   Error *error)
{
    if (item->status != CONTAINER_RUNNING)
        return 0;
    int pidfd CLEANUP(fd_closep) = stop_open(item, error);
    if (pidfd < 0)
        return pidfd;
    int r = clone_pidfd_signal(pidfd, signal ? signal : stop_signal_of(item->container), error);
    if (r < 0 && r != -ESRCH)
        return r;
    int64_t timeout_ms = timeout_s == STOP_FOR_EVER ? -1 : timeout_s * 1000;
    if (stop_wait(pidfd, timeout_ms) == 0) {
        r = clone_pidfd_signal(pidfd, SIGKILL, error);
        if (r < 0 && r != -ESRCH)
            return r;
        (void)stop_wait(pidfd, STOP_CLEANUP_MS);
    }
    return stop_wait_cleanup(engine, item->id, error);
}

int stop_remove(const Engine *engine, const ListingItem *item, bool force, Error *error)
{
    const char *name = item->container && item->container->name ? item->container->name : item->id;
    if (item->status == CONTAINER_RUNNING && !force)
        return error_set(error, ERROR_CONFLICT, EBUSY,
                         "container %s is running: stop it first, or use --force", name);
    int r = 0;
    if (item->status == CONTAINER_RUNNING)
        r = stop_container(engine, item, 0, SIGKILL, error);
    else if (item->status == CONTAINER_EXITED) /* recorded, and still being put away */
        r = stop_wait_cleanup(engine, item->id, error);
    if (r < 0)
        return r;
    int lock CLEANUP(fd_closep) = lifecycle_try_lock(engine, item->id);
    if (lock == -EWOULDBLOCK)
        return error_set(error, ERROR_CONFLICT, EBUSY, "container %s is being started", name);
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupHost cgroup_host;
    r = cgroup_host_read(&arena, &cgroup_host, error);
    return r < 0 ? r : lifecycle_purge(engine, &cgroup_host, item->id, error);
}
