/*
 * The order: first the keeper, then the freezing, so that there is no moment at which a kill -9
 * would leave them frozen. The trap: a process may fork while the container's are being moved into
 * a temporary freezer; rounds go on until none is new.
 */
#include "engine/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/cgroup.h"
#include "linux/clone.h"

enum { FREEZE_ROUNDS_MAX = 16, FREEZE_REMOVE_MS = 2000 };

typedef struct FreezePlace {
    Cgroup own;    /* the container's */
    Cgroup frozen; /* on v1: made for this */
    Cgroup home;   /* on v1: where its processes were */
    bool temporary;
} FreezePlace;

#define FREEZE_PLACE_EMPTY ((FreezePlace){ CGROUP_EMPTY, CGROUP_EMPTY, CGROUP_EMPTY, false })

static void freeze_place_done(FreezePlace *place)
{
    cgroup_done(&place->own);
    cgroup_done(&place->frozen);
    cgroup_done(&place->home);
}

static const Cgroup *freeze_cgroup(const FreezePlace *place)
{
    return place->temporary ? &place->frozen : &place->own;
}

/* All but its freezer. */
static void freeze_only_freezer(Cgroup *cgroup)
{
    int freezer = cgroup->fds[CGROUP_FREEZER];
    for (int i = 0; i < CGROUP_CONTROLLER_MAX; i++) {
        if (i == CGROUP_FREEZER)
            continue;
        int fd = cgroup->fds[i];
        cgroup->fds[i] = -1;
        for (int j = i + 1; fd >= 0 && j < CGROUP_CONTROLLER_MAX; j++)
            if (j != CGROUP_FREEZER && cgroup->fds[j] == fd)
                cgroup->fds[j] = -1; /* mounted together: one descriptor */
        if (fd >= 0 && fd != freezer)
            fd_close(fd);
    }
    cgroup->controllers = CGROUP_BIT(CGROUP_FREEZER);
}

/* Moves every process of one cgroup into another, until no new one appears. */
static int freeze_move(const Cgroup *from, const Cgroup *to, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    size_t last = 0;
    for (unsigned round = 0; round < FREEZE_ROUNDS_MAX; round++) {
        pid_t *pids;
        size_t count;
        int r = cgroup_pids(from, &arena, &pids, &count, error);
        if (r < 0)
            return r;
        for (size_t i = 0; i < count; i++) {
            r = cgroup_attach(to, pids[i], error);
            if (r < 0 && r != -ESRCH)
                return r;
        }
        if (count == last)
            return 0;
        last = count;
    }
    return 0;
}

static int freeze_make_freezer(const CgroupHost *host, const ListingItem *item, Arena *arena,
                               FreezePlace *place, Error *error)
{
    const char *path = arena_printf(arena, "/ambit-freeze-%s", item->id);
    int r = cgroup_open_of_pid(host, item->state->pid, arena, &place->home, error);
    if (r < 0)
        return r;
    freeze_only_freezer(&place->home);
    r = cgroup_create_shared(host, path, CGROUP_BIT(CGROUP_FREEZER), arena, &place->frozen, error);
    if (r < 0)
        return r;
    place->temporary = true;
    return freeze_move(&place->own, &place->frozen, error);
}

static int freeze_open(const ListingItem *item, Arena *arena, FreezePlace *place, Error *error)
{
    CgroupHost host;
    int r = cgroup_host_read(arena, &host, error);
    if (r == 0)
        r = cgroup_open(&host, item->state->cgroup_path, ~0u, arena, &place->own, error);
    if (r < 0)
        return r;
    if (place->own.mode == CGROUP_V2 || place->own.fds[CGROUP_FREEZER] >= 0)
        return 0;
    return freeze_make_freezer(&host, item, arena, place, error);
}

static void freeze_let_go(const FreezePlace *place)
{
    (void)!cgroup_freeze(freeze_cgroup(place), false, NULL);
    if (!place->temporary)
        return;
    (void)!freeze_move(&place->frozen, &place->home, NULL);
    (void)!cgroup_remove(&place->frozen, FREEZE_REMOVE_MS, NULL);
}

static _Noreturn void freeze_keep(const FreezePlace *place, int hold, int other)
{
    char byte;
    (void)close(other);
    (void)setsid(); /* Ctrl-C is not for us */
    (void)signal(SIGTERM, SIG_IGN);
    while (read(hold, &byte, 1) < 0 && errno == EINTR)
        ;
    freeze_let_go(place);
    _exit(0);
}

static int freeze_start_keeper(const FreezePlace *place, Freeze *freeze, Error *error)
{
    int ends[2];
    CloneOptions options = { .cgroup_fd = -1 };
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(error, errno, "pipe");
    pid_t pid = clone_process(&options, error);
    if (pid == 0)
        freeze_keep(place, ends[0], ends[1]);
    fd_close(ends[0]);
    if (pid < 0) {
        fd_close(ends[1]);
        return pid;
    }
    *freeze = (Freeze){ pid, ends[1] };
    return 0;
}

int freeze_begin(const ListingItem *item, Arena *arena, Freeze *ret_freeze, Error *error)
{
    FreezePlace place CLEANUP(freeze_place_done) = FREEZE_PLACE_EMPTY;
    Freeze freeze = FREEZE_NONE;
    *ret_freeze = freeze;
    if (item->status != CONTAINER_RUNNING || !item->state)
        return 0;
    int r = freeze_open(item, arena, &place, error);
    if (r == 0)
        r = freeze_start_keeper(&place, &freeze, error);
    if (r < 0) {
        if (place.temporary)
            freeze_let_go(&place);
        return r;
    }
    r = cgroup_freeze(freeze_cgroup(&place), true, error);
    if (r < 0)
        freeze_end(&freeze);
    else
        *ret_freeze = freeze;
    return r;
}

void freeze_end(Freeze *freeze)
{
    fd_closep(&freeze->hold);
    if (freeze->keeper > 0)
        (void)!clone_wait(freeze->keeper, NULL, NULL);
    freeze->keeper = 0;
}
