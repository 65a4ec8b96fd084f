/*
 * A container whose lock nobody holds has no engine process. If it was to be removed, or was never
 * completely made, all of it goes; otherwise it is marked as ended. Names and id ranges whose
 * container is gone go too. A cgroup never outlives its container's state directory, and others may
 * keep containers in another one, so cgroups are only looked for by way of a container.
 *
 * The trap: another ambit may be in the middle of making a container. It holds the lock from its
 * second step on; a state directory without a lock file is left alone until it is a minute old. And
 * a list of containers is old when it has been read: whether one is gone is asked when that counts.
 */
#include "engine/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/container.h"
#include "engine/idrange.h"
#include "engine/lifecycle.h"
#include "engine/spare.h"

enum { CHECK_GRACE_S = 60, CHECK_STATUS_KILLED = 137, CHECK_MOMENT_US = 50000 };

typedef struct Check {
    const Engine *engine;
    const CgroupHost *cgroup_host;
    bool repair;
    Arena *arena;
    CheckReport *report;
} Check;

static void check_found(Check *check, const char *what, const char *which, const char *why,
                        bool repaired)
{
    CheckFinding *finding = arena_append(check->arena, &check->report->findings,
                                         &check->report->count, sizeof(*finding));
    *finding = (CheckFinding){ what, arena_strdup(check->arena, which), why, repaired };
}

static bool check_is_young(int base_fd, const char *id)
{
    char path[96];
    struct stat st;
    (void)snprintf(path, sizeof(path), "containers/%.64s", id);
    return fstatat(base_fd, path, &st, 0) == 0 && time(NULL) - st.st_mtime < CHECK_GRACE_S;
}

/* It was to stay: it keeps its files and is recorded as killed. */
static int check_mark_ended(Check *check, Container *container, Error *error)
{
    Container kept = *container;
    kept.finished = time(NULL);
    kept.exit_status = CHECK_STATUS_KILLED;
    kept.error = "its engine process was killed";
    int r = container_write(check->engine, &kept, error);
    if (r < 0)
        return r;
    return lifecycle_purge_state(check->engine, check->cgroup_host, container->id, error);
}

/* Who is about to lock what it has just made gets a moment. */
static int check_lock(const Check *check, const char *id)
{
    int lock = lifecycle_try_lock(check->engine, id);
    Container *container;
    if (lock < 0 || container_read(check->engine, id, check->arena, &container, NULL) != -ENOENT ||
        !check_is_young(check->engine->state_fd, id))
        return lock;
    fd_close(lock);
    clock_pause_us(CHECK_MOMENT_US);
    return lifecycle_try_lock(check->engine, id);
}

static int check_container(Check *check, const char *id, Error *error)
{
    int lock CLEANUP(fd_closep) = check_lock(check, id);
    if (lock == -EWOULDBLOCK)
        return 0; /* alive and looked after */
    Container *container = NULL;
    int read = container_read(check->engine, id, check->arena, &container, NULL);
    if (lock < 0 && container && (container->finished || container->error))
        return 0; /* ended in order */
    /* One that has a record was complete once, whatever is in it now: the lock came before. */
    if (lock < 0 && read == -ENOENT &&
        (check_is_young(check->engine->state_fd, id) || check_is_young(check->engine->root_fd, id)))
        return 0;
    if (!container_exists(check->engine, id))
        return 0; /* removed since the list was read */

    bool keep = read == 0 && !container->settings.host.remove;
    int r = 0;
    if (check->repair)
        r = keep ? check_mark_ended(check, container, error)
                 : lifecycle_purge(check->engine, check->cgroup_host, id, error);
    if (r == 0)
        check_found(check, "container", id,
                    keep ? "its engine process was killed: recorded as ended"
                         : "its engine process was killed before it was done with it",
                    check->repair);
    return r;
}

static int check_containers(Check *check, Error *error)
{
    StrList ids;
    int r = container_list(check->engine, check->arena, &ids, error);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < ids.count; i++)
        r = check_container(check, ids.items[i], error);
    check->report->containers = ids.count;
    return r;
}

/*
 * Who ends in order gives back what he holds before his directory goes: a link that is there after
 * that was looked for is a leftover. One that was read before may be another one's by now.
 */
static bool check_is_leftover(const Check *check, int directory_fd, const char *link,
                              const char *id)
{
    return !container_exists(check->engine, id) && file_link_is(directory_fd, link, id);
}

static int check_names(Check *check, int base_fd, Error *error)
{
    DIR *dir CLEANUP(file_closedirp) = NULL;
    int r = engine_list(base_fd, "names", &dir, error);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int fd = dirfd(dir);
        char id[72];
        ssize_t length = readlinkat(fd, entry->d_name, id, sizeof(id) - 1);
        if (length < 0)
            continue;
        id[length] = '\0';
        if (!check_is_leftover(check, fd, entry->d_name, id))
            continue;
        bool done = check->repair && unlinkat(fd, entry->d_name, 0) == 0;
        check_found(check, "name", entry->d_name, "its container is gone", done);
    }
    return r;
}

static int check_range(void *context, uint32_t first, const char *id)
{
    Check *check = context;
    char link[IDRANGE_PATH_SIZE];
    idrange_path(first, link);
    if (idrange_process_lives(id) || !check_is_leftover(check, check->engine->state_fd, link, id))
        return 0;
    char which[32];
    (void)snprintf(which, sizeof(which), "%u", first);
    if (check->repair)
        idrange_release(check->engine, first);
    check_found(check, "id range", which, "its container is gone", check->repair);
    return 0;
}

static int check_alone(const Engine *engine, Error *error)
{
    while (flock(engine->state_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_errno(error, errno, "lock %s", engine->state);
    return 0;
}

int check_run(const Engine *engine, const CgroupHost *cgroup_host, bool repair, Arena *arena,
              CheckReport *ret_report, Error *error)
{
    CheckReport report = { 0 };
    Check check = {
        .engine = engine,
        .cgroup_host = cgroup_host,
        .repair = repair,
        .arena = arena,
        .report = &report,
    };
    /* Two that repair: what one has freed, and a container taken again, the other would free. */
    int r = repair ? check_alone(engine, error) : 0;
    if (r == 0)
        r = check_containers(&check, error);
    if (r == 0)
        r = check_names(&check, engine->root_fd, error);
    if (r == 0)
        r = check_names(&check, engine->state_fd, error);
    if (r == 0)
        r = idrange_each(engine, check_range, &check, error);
    if (repair)
        spare_sweep(engine);
    if (r == 0)
        *ret_report = report;
    return r;
}
