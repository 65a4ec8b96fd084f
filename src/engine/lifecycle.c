/*
 * Everything here can be repeated: giving back what is gone already is success, so a purge after a
 * crash at any point is the same code as an orderly end.
 */
#include "engine/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/idrange.h"
#include "engine/names.h"
#include "engine/spare.h"
#include "linux/cgroup_usage.h"
#include "linux/clone.h"

enum { LIFECYCLE_CLAIM_TRIES = 10 };

/* A new directory whose parent is there on all but the first use. */
static int lifecycle_make(int base_fd, const char *path, Error *error)
{
    int fd = mkdirat(base_fd, path, 0700) == 0
                 ? openat(base_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : file_make_dirs_at(base_fd, path, 0700);
    return fd < 0 ? error_errno(error, fd, "make %s", path) : fd;
}

/*
 * Waits: `ps` holds the lock of a container in the making for a moment, and `system check` takes
 * away what nobody holds yet. 1: it has taken this one.
 */
static int lifecycle_lock(Lifecycle *lifecycle, Error *error)
{
    int fd CLEANUP(fd_closep) =
        openat(lifecycle->state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT)
        return 1;
    int r = fd < 0 ? -errno : 0;
    while (r == 0 && flock(fd, LOCK_EX) < 0)
        r = errno == EINTR ? 0 : -errno;
    struct stat st;
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r < 0)
        return error_errno(error, r, "lock");
    if (st.st_nlink == 0)
        return 1;
    lifecycle->lock_fd = TAKE_FD(fd);
    return 0;
}

/* From here on nobody takes this container for the leftovers of one. */
static int lifecycle_claim(Lifecycle *lifecycle, const char *path, Error *error)
{
    int r = 1;
    for (int tries = 0; r > 0 && tries < LIFECYCLE_CLAIM_TRIES; tries++) {
        fd_closep(&lifecycle->state_fd);
        lifecycle->state_fd = lifecycle_make(lifecycle->engine->state_fd, path, error);
        r = lifecycle->state_fd < 0 ? lifecycle->state_fd : lifecycle_lock(lifecycle, error);
    }
    return r > 0
               ? error_set(error, ERROR_CONFLICT, EBUSY, "%s: it is removed again and again", path)
               : r;
}

int lifecycle_data(Lifecycle *lifecycle, Error *error)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "containers/%s", lifecycle->id);
    if (lifecycle->data_fd < 0)
        lifecycle->data_fd = lifecycle_make(lifecycle->engine->root_fd, path, error);
    return lifecycle->data_fd;
}

static int lifecycle_take(Lifecycle *lifecycle, const LifecycleWish *wish, Arena *arena,
                          Error *error)
{
    const Engine *engine = lifecycle->engine;
    char path[96];
    (void)snprintf(path, sizeof(path), "containers/%s", lifecycle->id);
    int r = lifecycle_claim(lifecycle, path, error);
    if (r < 0)
        return r;
    char *taken = NULL;
    NamesWish names = { wish->name, lifecycle->id, wish->passing };
    r = names_take(engine, &names, arena, &taken, error);
    if (r < 0)
        return r;
    lifecycle->container.name = taken;
    if (wish->id_range) {
        r = idrange_take(engine, lifecycle->id, &lifecycle->state.first_id, error);
        if (r < 0)
            return r;
    }
    if (wish->passing && wish->no_files)
        return 0;
    if (wish->passing && spare_take(engine, path))
        lifecycle->data_fd = openat(engine->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = lifecycle_data(lifecycle, error);
    return r < 0 ? r : 0;
}

int lifecycle_begin(const Engine *engine, const LifecycleWish *wish, Arena *arena,
                    Lifecycle *ret_lifecycle, Error *error)
{
    Lifecycle *lifecycle = ret_lifecycle;
    *lifecycle = (Lifecycle){ .engine = engine, .lock_fd = -1, .state_fd = -1, .data_fd = -1 };
    names_new_id(lifecycle->id);
    lifecycle->container.id = lifecycle->id;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    lifecycle->container.created = now.tv_sec;
    lifecycle->container.created_ns = now.tv_nsec;
    lifecycle->state.engine_pid = getpid();
    lifecycle->container.settings.host.remove = wish->passing;
    int r = lifecycle_take(lifecycle, wish, arena, error);
    if (r < 0)
        lifecycle_abandon(lifecycle);
    return r;
}

int lifecycle_started(Lifecycle *lifecycle, pid_t pid, Error *error)
{
    lifecycle->state.pid = pid;
    lifecycle->state.started = lifecycle->container.started = time(NULL);
    int r = clone_start_time(pid, &lifecycle->state.start_ticks);
    if (r < 0)
        return error_errno(error, r, "start time of process %d", (int)pid);
    return container_write_state(lifecycle->engine, lifecycle->id, &lifecycle->state, error);
}

/* State directory and id range: what only a running container has. The directory goes last: while
 * it is there, the lock in it names the owner; and no record outlives that. */
static int lifecycle_drop_state(const Engine *engine, const char *id, uint32_t first_id,
                                Error *error)
{
    if (first_id)
        idrange_release(engine, first_id);
    char path[128];
    (void)snprintf(path, sizeof(path), "containers/%s/container.json", id);
    (void)unlinkat(engine->state_fd, path, 0);
    *strrchr(path, '/') = '\0';
    int r = file_remove_tree_at(engine->state_fd, path);
    return r < 0 ? error_errno(error, r, "remove %s/%s", engine->state, path) : 0;
}

static int lifecycle_drop_data(const Engine *engine, const char *id, const char *name, Error *error)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "containers/%s", id);
    int r = file_remove_tree_at(engine->root_fd, path);
    if (r < 0)
        return error_errno(error, r, "remove %s/%s", engine->root, path);
    names_release(engine, name, id);
    return 0;
}

static void lifecycle_drop_volumes(const Engine *engine, const StrList *volumes)
{
    for (size_t i = 0; i < volumes->count; i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "volumes/%.255s", volumes->items[i]);
        (void)!file_remove_tree_at(engine->root_fd, path);
    }
}

/* Most passing containers write nothing: their directory serves the next one. */
static bool lifecycle_keep_spare(const Lifecycle *lifecycle)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "containers/%s", lifecycle->id);
    return lifecycle->data_fd >= 0 && lifecycle->container.anonymous_volumes.count == 0 &&
           spare_give(lifecycle->engine, path);
}

/* Nobody is left where the program was the first of a pid namespace: looking would cost more than
 * removing. Without one it may have left processes behind. */
static int lifecycle_drop_cgroup(Cgroup *cgroup, Error *error)
{
    if (cgroup_remove(cgroup, 0, NULL) == 0)
        return 0;
    int r = cgroup_kill(cgroup, SIGKILL, error);
    return r < 0 ? r : cgroup_remove(cgroup, LIFECYCLE_REMOVE_MS, error);
}

int lifecycle_ended(Lifecycle *lifecycle, Cgroup *cgroup, int exit_status, Error *error)
{
    Container *container = &lifecycle->container;
    uint64_t oom_kills = 0;
    if (cgroup_usage_oom_kills(cgroup, &oom_kills, NULL) == 0 && oom_kills != CGROUP_USAGE_NONE)
        container->oom_killed = oom_kills > 0;
    int r = lifecycle_drop_cgroup(cgroup, error);

    container->exit_status = exit_status;
    container->finished = time(NULL);
    Error failure = { 0 };
    int end = 0;
    if (container->settings.host.remove && lifecycle_keep_spare(lifecycle)) {
        names_release(lifecycle->engine, container->name, lifecycle->id);
    } else if (container->settings.host.remove) {
        end = lifecycle_drop_data(lifecycle->engine, lifecycle->id, container->name, &failure);
        lifecycle_drop_volumes(lifecycle->engine, &container->anonymous_volumes);
    } else {
        end = container_write(lifecycle->engine, container, &failure);
    }
    if (end == 0)
        end = lifecycle_drop_state(lifecycle->engine, lifecycle->id, lifecycle->state.first_id,
                                   &failure);
    if (r == 0 && end < 0) {
        if (error)
            *error = failure;
        return end;
    }
    return r;
}

void lifecycle_abandon(Lifecycle *lifecycle)
{
    if (lifecycle->data_fd >= 0)
        (void)!lifecycle_drop_data(lifecycle->engine, lifecycle->id, lifecycle->container.name,
                                   NULL);
    else
        names_release(lifecycle->engine, lifecycle->container.name, lifecycle->id);
    lifecycle_drop_volumes(lifecycle->engine, &lifecycle->container.anonymous_volumes);
    (void)!lifecycle_drop_state(lifecycle->engine, lifecycle->id, lifecycle->state.first_id, NULL);
    lifecycle_done(lifecycle);
}

void lifecycle_done(Lifecycle *lifecycle)
{
    if (!lifecycle)
        return;
    fd_closep(&lifecycle->data_fd);
    fd_closep(&lifecycle->state_fd);
    fd_closep(&lifecycle->lock_fd);
}

int lifecycle_try_lock(const Engine *engine, const char *id)
{
    char path[96];
    struct stat st;
    (void)snprintf(path, sizeof(path), "containers/%.64s/lock", id);
    int fd CLEANUP(fd_closep) = openat(engine->state_fd, path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
        return -errno;
    return st.st_nlink > 0 ? TAKE_FD(fd) : -ENOENT;
}

static int lifecycle_purge_cgroup(const CgroupHost *cgroup_host, const char *path, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    int r = cgroup_open(cgroup_host, path, ~0u, &arena, &cgroup, error);
    if (r == -ENOENT) {
        error_clear(error);
        return 0;
    }
    return r < 0 ? r : lifecycle_drop_cgroup(&cgroup, error);
}

typedef struct LifecycleRange {
    const Engine *engine;
    const char *id;
} LifecycleRange;

static int lifecycle_purge_range(void *context, uint32_t first, const char *id)
{
    const LifecycleRange *range = context;
    if (str_eq(id, range->id))
        idrange_release(range->engine, first);
    return 0;
}

int lifecycle_purge_state(const Engine *engine, const CgroupHost *cgroup_host, const char *id,
                          Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    ContainerState *state = NULL;
    (void)!container_read_state(engine, id, &arena, &state, NULL);
    /* Opened before it is asked: the number may be another's by the time of the signal. Who cannot
     * be reached so dies with the cgroup. */
    int pidfd CLEANUP(fd_closep) =
        state && state->pid > 0 ? clone_pidfd_open(state->pid, NULL) : -1;
    if (pidfd >= 0 && container_is_running(state))
        (void)!clone_pidfd_signal(pidfd, SIGKILL, NULL);

    const char *path =
        state && state->cgroup_path ? state->cgroup_path : arena_printf(&arena, "/ambit-%s", id);
    int r = lifecycle_purge_cgroup(cgroup_host, path, error);
    LifecycleRange range = { engine, id };
    if (r == 0)
        r = idrange_each(engine, lifecycle_purge_range, &range, error);
    return r < 0 ? r : lifecycle_drop_state(engine, id, 0, error);
}

int lifecycle_purge(const Engine *engine, const CgroupHost *cgroup_host, const char *id,
                    Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    Container *container = NULL;
    (void)!container_read(engine, id, &arena, &container, NULL);
    int r = lifecycle_purge_state(engine, cgroup_host, id, error);
    if (r == 0)
        r = lifecycle_drop_data(engine, id, container ? container->name : NULL, error);
    if (r == 0 && container)
        lifecycle_drop_volumes(engine, &container->anonymous_volumes);
    return r;
}
