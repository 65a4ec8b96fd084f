/*
 * One directory of a hierarchy by its descriptor. No path is built on the way of success: names for
 * messages are asked from the kernel afterwards.
 *
 * The trap: what is below a container's cgroup is the container's to shape where it may write
 * there, so that depth is bounded (walk) or costs no descriptors (remove), and entries may vanish
 * at any moment.
 */
#include "linux/cgroup_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/process.h"

enum {
    CGROUP_RETRY_FIRST_US = 100, /* pauses while a cgroup is busy: doubled up to the longest */
    CGROUP_RETRY_LONGEST_US = 20000,
    CGROUP_PROCS_TEXT_MAX = 64 << 20,
};

const char *cgroup_directory_name(int directory, char *buffer, size_t size)
{
    char link[FD_PATH_SIZE];
    ssize_t length = readlink(fd_path(directory, link), buffer, size - 1);
    if (length < 0)
        return "(a cgroup)";
    buffer[length] = '\0';
    return buffer;
}

/* The error of a file of the directory. ENOENT has two reasons: the kernel has no such file, or
 * the whole cgroup was removed. */
static int cgroup_directory_error(int directory, const char *file, const char *doing, int code,
                                  Error *error)
{
    char buffer[PATH_MAX];
    const char *name = cgroup_directory_name(directory, buffer, sizeof(buffer));
    if ((code == ENOENT || code == ENODEV) && str_ends(name, " (deleted)"))
        return error_set(error, ERROR_NOT_FOUND, code, "%s %s: the cgroup was removed: %s", doing,
                         file, name);
    if (code == ENOENT)
        return error_set(error, ERROR_UNSUPPORTED, code, "%s %s/%s: there is no such file", doing,
                         name, file);
    return error_errno(error, code, "%s %s/%s", doing, name, file);
}

/*
 * v2 says that a cgroup has a controller before its files are there, while somebody enables it in
 * the parent. A word that changes nothing waits for his turn to end. Returns whether it may have
 * helped.
 */
static bool cgroup_directory_settle(int directory)
{
    return file_write_text_at(directory, "../cgroup.subtree_control", "\n") == 0;
}

int cgroup_directory_write(int directory, const char *file, const char *value, Error *error)
{
    int r = strchr(file, '/') ? -EINVAL : file_write_text_at(directory, file, value);
    if (r == -ENOENT && cgroup_directory_settle(directory))
        r = file_write_text_at(directory, file, value);
    if (r < 0) {
        char doing[160];
        (void)snprintf(doing, sizeof(doing), "write '%.120s' to", value);
        return cgroup_directory_error(directory, file, doing, -r, error);
    }
    return 0;
}

ssize_t cgroup_directory_read(int directory, const char *file, char *buffer, size_t size,
                              Error *error)
{
    int fd CLEANUP(fd_closep) = openat(directory, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -errno : fd_read_text(fd, buffer, size);
    if (n < 0)
        return cgroup_directory_error(directory, file, "read", (int)-n, error);
    if (n > 0 && buffer[n - 1] == '\n')
        buffer[--n] = '\0';
    return n;
}

/* Whether there may be cgroups below: the link count of a kernfs directory tells without a list. */
static bool cgroup_directory_has_children(int directory)
{
    struct stat st;
    return fstat(directory, &st) < 0 || st.st_nlink != 2;
}

static DIR *cgroup_directory_list(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        fd_close(fd);
    return dir;
}

/* The next directory in a list, without "." and ".."; NULL at the end. */
static const char *cgroup_directory_next(DIR *dir)
{
    for (;;) {
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return NULL;
        if (entry->d_type == DT_DIR && !str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
            return entry->d_name;
    }
}

static int cgroup_directory_walk_deep(int directory, int (*visit)(void *context, int directory),
                                      void *context, unsigned depth)
{
    if (depth > CGROUP_DEPTH_MAX)
        return -ELOOP;
    int r = visit(context, directory);
    if (r < 0 || !cgroup_directory_has_children(directory))
        return r < 0 ? r : 0;
    DIR *dir CLEANUP(file_closedirp) = cgroup_directory_list(directory);
    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    const char *name;
    while ((name = cgroup_directory_next(dir))) {
        int child CLEANUP(fd_closep) =
            openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0 && errno == ENOENT)
            continue;
        r = child < 0 ? -errno : cgroup_directory_walk_deep(child, visit, context, depth + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

int cgroup_directory_walk(int directory, int (*visit)(void *context, int directory), void *context)
{
    return cgroup_directory_walk_deep(directory, visit, context, 0);
}

typedef struct CgroupPids {
    Arena *arena;
    pid_t *pids;
    size_t count;
} CgroupPids;

static int cgroup_pids_visit(void *context, int directory)
{
    CgroupPids *list = context;
    char *text;
    int r =
        file_read_at(directory, "cgroup.procs", CGROUP_PROCS_TEXT_MAX, list->arena, &text, NULL);
    if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
        return 0; /* vanished; or threaded (v2): its processes are listed further up */
    if (r < 0)
        return r;
    for (char *p = text; *p;) {
        long pid = strtol(p, &p, 10);
        if (pid > 0) /* 0: a process of another pid namespace. Never kill(0)! */
            *(pid_t *)arena_append(list->arena, &list->pids, &list->count, sizeof(pid_t)) =
                (pid_t)pid;
        while (*p && *p++ != '\n')
            ;
    }
    return 0;
}

int cgroup_directory_pids(int directory, Arena *arena, pid_t **ret_pids, size_t *ret_count,
                          Error *error)
{
    CgroupPids list = { .arena = arena };
    int r = cgroup_directory_walk(directory, cgroup_pids_visit, &list);
    if (r < 0)
        return cgroup_directory_error(directory, "cgroup.procs", "list processes of", -r, error);
    if (list.count > 1)
        qsort(list.pids, list.count, sizeof(pid_t), process_compare_pids);
    size_t kept = 0; /* threads of one process in two cgroups (v1) list it twice */
    for (size_t i = 0; i < list.count; i++)
        if (kept == 0 || list.pids[i] != list.pids[kept - 1])
            list.pids[kept++] = list.pids[i];
    *ret_pids = list.pids;
    *ret_count = kept;
    return 0;
}

/*
 * Removes one cgroup below that has none below itself: goes down the first child each time, with
 * one descriptor. 1: done; 0: there is none; or a negative errno. `visit` (may be NULL) sees each
 * on the way, the directory first.
 */
static int cgroup_directory_remove_deepest(int directory, void (*visit)(int directory))
{
    char name[NAME_MAX + 1] = "";
    int parent CLEANUP(fd_closep) = -1;
    int here CLEANUP(fd_closep) = openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (;;) {
        if (here >= 0 && visit)
            visit(here);
        if (here < 0 || !cgroup_directory_has_children(here))
            break;
        DIR *dir CLEANUP(file_closedirp) = cgroup_directory_list(here);
        const char *child = dir ? cgroup_directory_next(dir) : NULL;
        if (!child)
            break;
        (void)snprintf(name, sizeof(name), "%s", child);
        fd_close(parent);
        parent = TAKE_FD(here);
        here = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (here < 0 && errno != ENOENT)
        return -errno;
    if (parent < 0)
        return 0;
    if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return -errno;
    return 1;
}

/* One attempt: what is below first, if that is what keeps it. */
static int cgroup_directory_try_remove(int directory, const char *self, uint64_t deadline_us)
{
    for (;;) {
        if (unlinkat(directory, self, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            return -errno;
        int r = cgroup_directory_has_children(directory)
                    ? cgroup_directory_remove_deepest(directory, NULL)
                    : 0;
        if (r <= 0)
            return r < 0 ? r : -EBUSY;
        if (clock_us() > deadline_us)
            return -EBUSY;
    }
}

static int cgroup_directory_busy(int directory, Error *error)
{
    if (!error)
        return -EBUSY; /* nobody will read who is in it */
    char name[PATH_MAX], comm[32] = "?", file[64];
    (void)cgroup_directory_name(directory, name, sizeof(name));
    Arena arena CLEANUP(arena_done) = { 0 };
    pid_t *pids;
    size_t count = 0;
    if (cgroup_directory_pids(directory, &arena, &pids, &count, NULL) < 0 || count == 0)
        return error_set(error, ERROR_CONFLICT, EBUSY, "remove cgroup %s: it is still in use",
                         name);
    (void)snprintf(file, sizeof(file), "/proc/%d/comm", (int)pids[0]);
    int fd CLEANUP(fd_closep) = open(file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd_read_text(fd, comm, sizeof(comm)) > 0)
        comm[strcspn(comm, "\n")] = '\0';
    return error_set(error, ERROR_CONFLICT, EBUSY,
                     "remove cgroup %s: %zu processes are still in it, the first is %d (%s)", name,
                     count, (int)pids[0], comm);
}

static void cgroup_directory_pause(unsigned *pause_us)
{
    clock_pause_us(*pause_us);
    *pause_us = *pause_us * 2 < CGROUP_RETRY_LONGEST_US ? *pause_us * 2 : CGROUP_RETRY_LONGEST_US;
}

/* SIGKILL to its processes, which a frozen one of v1 takes when it is thawed. */
static void cgroup_directory_end(int directory)
{
    Arena arena CLEANUP(arena_done) = { 0 };
    CgroupPids list = { .arena = &arena };
    (void)!cgroup_pids_visit(&list, directory);
    for (size_t i = 0; i < list.count; i++)
        (void)kill(list.pids[i], SIGKILL);
    (void)!file_write_text_at(directory, "freezer.state", "THAWED");
}

int cgroup_directory_end_below(int directory, uint64_t deadline_us, Error *error)
{
    bool busy = false;
    for (unsigned pause = CGROUP_RETRY_FIRST_US;;) {
        int r = cgroup_directory_remove_deepest(directory, busy ? cgroup_directory_end : NULL);
        if (r == 0)
            return 0;
        if (r < 0 && r != -EBUSY)
            return cgroup_directory_error(directory, "", "remove what is below", -r, error);
        if (clock_us() >= deadline_us)
            return cgroup_directory_busy(directory, error);
        busy = r < 0;
        if (!busy)
            continue;
        cgroup_directory_pause(&pause);
    }
}

int cgroup_directory_remove(int directory, const char *name, uint64_t deadline_us, Error *error)
{
    char self[NAME_MAX + 4]; /* from inside: no other path is needed, and none can have changed */
    if (snprintf(self, sizeof(self), "../%s", name) >= (int)sizeof(self))
        return error_set(error, ERROR_USAGE, ENAMETOOLONG, "remove cgroup %s", name);
    for (unsigned pause = CGROUP_RETRY_FIRST_US;;) {
        int r = cgroup_directory_try_remove(directory, self, deadline_us);
        if (r == 0)
            return 0;
        if (r != -EBUSY)
            return cgroup_directory_error(directory, "", "remove", -r, error);
        if (clock_us() >= deadline_us)
            return cgroup_directory_busy(directory, error);
        cgroup_directory_pause(&pause);
    }
}
