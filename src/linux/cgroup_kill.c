/*
 * Signals to a whole cgroup, and the freezer of both versions.
 *
 * Invariant: a cgroup that this file froze is thawed again on every way out. The traps:
 * cgroup.procs is a snapshot that a fork bomb outruns, unless it is frozen first; and on v1 a
 * frozen process does not even die from SIGKILL before it is thawed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/cgroup.h"
#include "linux/cgroup_directory.h"

enum {
    CGROUP_FREEZE_TIMEOUT_MS = 2000,
    CGROUP_KILL_FREEZE_TIMEOUT_MS = 500, /* then without: a process in an uninterruptible wait
                                            keeps the freezer waiting, but SIGKILL can queue */
    CGROUP_KILL_ROUNDS_MAX = 200,
    CGROUP_KILL_DEEP_MS = 5000,
    CGROUP_KILL_PAUSE_US = 1000,
    CGROUP_FREEZE_PAUSE_FIRST_US = 20,
    CGROUP_FREEZE_PAUSE_LONGEST_US = 5000,
};

static bool cgroup_has_freezer(const Cgroup *cgroup)
{
    return cgroup_directory(cgroup, CGROUP_FREEZER) >= 0;
}

/* v1's state goes from THAWED over FREEZING to FROZEN, and only a reading of it makes it go on. */
static int cgroup_freezer_wait_v1(int directory, uint64_t deadline_us, Error *error)
{
    for (unsigned pause = CGROUP_FREEZE_PAUSE_FIRST_US;;) {
        char state[16];
        ssize_t n = cgroup_directory_read(directory, "freezer.state", state, sizeof(state), error);
        if (n < 0)
            return (int)n;
        if (str_eq(state, "FROZEN"))
            return 0;
        if (clock_us() > deadline_us)
            return -ETIMEDOUT;
        clock_pause_us(pause);
        pause =
            pause * 2 < CGROUP_FREEZE_PAUSE_LONGEST_US ? pause * 2 : CGROUP_FREEZE_PAUSE_LONGEST_US;
        /* A process that was forked at the wrong moment, or stopped, is caught by another write. */
        int r = cgroup_directory_write(directory, "freezer.state", "FROZEN", error);
        if (r < 0)
            return r;
    }
}

/* v2 tells by an event on the file. */
static int cgroup_freezer_wait_v2(int directory, uint64_t deadline_us, Error *error)
{
    int fd CLEANUP(fd_closep) = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open cgroup.events");
    for (;;) {
        char text[256];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        if (n < 0)
            return error_errno(error, errno, "read cgroup.events");
        text[n] = '\0';
        if (strstr(text, "frozen 1"))
            return 0;
        uint64_t now = clock_us();
        if (now > deadline_us)
            return -ETIMEDOUT;
        struct pollfd wait = { .fd = fd, .events = POLLPRI };
        (void)poll(&wait, 1, (int)((deadline_us - now) / 1000) + 1);
    }
}

static int cgroup_freezer_set(const Cgroup *cgroup, bool frozen, Error *error)
{
    int directory = cgroup_directory(cgroup, CGROUP_FREEZER);
    if (directory < 0)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "freezing needs the cgroup controller freezer, which is not in use here");
    if (cgroup->mode == CGROUP_V2)
        return cgroup_directory_write(directory, "cgroup.freeze", frozen ? "1" : "0", error);
    return cgroup_directory_write(directory, "freezer.state", frozen ? "FROZEN" : "THAWED", error);
}

static int cgroup_freeze_within(const Cgroup *cgroup, unsigned timeout_ms, Error *error)
{
    int r = cgroup_freezer_set(cgroup, true, error);
    if (r < 0)
        return r;
    int directory = cgroup_directory(cgroup, CGROUP_FREEZER);
    uint64_t deadline = clock_us() + (uint64_t)timeout_ms * 1000;
    r = cgroup->mode == CGROUP_V2 ? cgroup_freezer_wait_v2(directory, deadline, error)
                                  : cgroup_freezer_wait_v1(directory, deadline, error);
    if (r == 0)
        return 0;
    (void)cgroup_freezer_set(cgroup, false, NULL);
    if (r == -ETIMEDOUT)
        return error_set(error, ERROR_SYSTEM, ETIMEDOUT,
                         "a process in cgroup %s does not freeze within %u ms", cgroup->path,
                         timeout_ms);
    return r;
}

int cgroup_freeze(const Cgroup *cgroup, bool frozen, Error *error)
{
    if (frozen)
        return cgroup_freeze_within(cgroup, CGROUP_FREEZE_TIMEOUT_MS, error);
    return cgroup_freezer_set(cgroup, false, error);
}

int cgroup_is_frozen(const Cgroup *cgroup, Error *error)
{
    char state[16];
    const char *file = cgroup->mode == CGROUP_V2 ? "cgroup.freeze" : "freezer.state";
    int r = cgroup_read(cgroup, CGROUP_FREEZER, file, state, sizeof(state), error);
    if (r < 0)
        return r;
    return cgroup->mode == CGROUP_V2 ? str_eq(state, "1") : !str_eq(state, "THAWED");
}

/* Those below may have been frozen by what runs in them: SIGKILL has to reach them as well. */
static int cgroup_thaw_visit(void *context, int directory)
{
    const CgroupMode *mode = context;
    if (*mode == CGROUP_V2)
        (void)!file_write_text_at(directory, "cgroup.freeze", "0");
    else
        (void)!file_write_text_at(directory, "freezer.state", "THAWED");
    return 0;
}

typedef struct CgroupPidList {
    pid_t *pids; /* sorted */
    size_t count;
} CgroupPidList;

/* One round: a signal to each. */
static int cgroup_signal_each(const Cgroup *cgroup, int signal, Arena *arena,
                              CgroupPidList *ret_list, Error *error)
{
    int r = cgroup_pids(cgroup, arena, &ret_list->pids, &ret_list->count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ret_list->count; i++)
        if (kill(ret_list->pids[i], signal) < 0 && errno != ESRCH)
            return error_errno(error, errno, "send signal %d to process %d", signal,
                               (int)ret_list->pids[i]);
    return 0;
}

static bool cgroup_pid_list_within(const CgroupPidList *list, const CgroupPidList *other)
{
    size_t j = 0;
    for (size_t i = 0; i < list->count; i++) {
        while (j < other->count && other->pids[j] < list->pids[i])
            j++;
        if (j == other->count || other->pids[j] != list->pids[i])
            return false;
    }
    return true;
}

/* Without a freezer, what is forked between the list and the signal survives a round: done when a
 * list has nothing that was not killed before. */
static int cgroup_kill_in_rounds(const Cgroup *cgroup, Error *error)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupPidList killed = { 0 };
    for (unsigned round = 0; round < CGROUP_KILL_ROUNDS_MAX; round++) {
        CgroupPidList list;
        int r = cgroup_signal_each(cgroup, SIGKILL, &arena, &list, error);
        if (r < 0)
            return r;
        if (cgroup_pid_list_within(&list, &killed))
            return 0;
        killed = list;
        clock_pause_us(CGROUP_KILL_PAUSE_US);
    }
    return error_set(error, ERROR_SYSTEM, EBUSY,
                     "processes in cgroup %s multiply faster than they can be killed",
                     cgroup->path);
}

/* Who may write his own v1 cgroup can nest others in it without end. */
static int cgroup_kill_deep(const Cgroup *cgroup, Error *error)
{
    error_clear(error);
    uint64_t deadline = clock_us() + (uint64_t)CGROUP_KILL_DEEP_MS * 1000;
    int r = cgroup_directory_end_below(cgroup_processes_directory(cgroup), deadline, error);
    return r < 0 ? r : cgroup_kill_in_rounds(cgroup, error);
}

int cgroup_kill(const Cgroup *cgroup, int signal, Error *error)
{
    if (signal == SIGKILL && cgroup->mode == CGROUP_V2) {
        int r = file_write_text_at(cgroup->unified_fd, "cgroup.kill", "1");
        if (r == 0)
            return 0; /* reaches frozen ones too */
    }
    bool can_freeze = cgroup_has_freezer(cgroup);
    int was_frozen = can_freeze ? cgroup_is_frozen(cgroup, NULL) : 0;
    bool frozen =
        was_frozen > 0 ||
        (can_freeze && cgroup_freeze_within(cgroup, CGROUP_KILL_FREEZE_TIMEOUT_MS, NULL) == 0);
    if (!frozen && signal == SIGKILL) {
        int r = cgroup_kill_in_rounds(cgroup, error);
        return r == -ELOOP ? cgroup_kill_deep(cgroup, error) : r;
    }

    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupPidList list;
    int r = cgroup_signal_each(cgroup, signal, &arena, &list, error);
    if (r == -ELOOP && signal == SIGKILL)
        return cgroup_kill_deep(cgroup, error);
    CgroupMode mode = cgroup->mode;
    if (frozen && signal == SIGKILL)
        (void)!cgroup_directory_walk(cgroup_directory(cgroup, CGROUP_FREEZER), cgroup_thaw_visit,
                                     &mode);
    else if (frozen && was_frozen <= 0)
        (void)cgroup_freezer_set(cgroup, false, NULL);
    return r;
}
