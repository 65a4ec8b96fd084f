/*
 * The directories of a container's cgroup: found, entered, removed. Making them: cgroup_create.c.
 *
 * The trap: a write of another process's pid to cgroup.procs waits for an RCU grace period, 10 ms
 * after idle, so that cgroup_attach has no place in a container's start.
 */
#include "linux/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "linux/cgroup_directory.h"

enum { CGROUP_PROC_TEXT_MAX = 1 << 20 }; /* of /proc/PID/cgroup */

void cgroup_done(Cgroup *cgroup)
{
    int fds[CGROUP_CONTROLLER_MAX];
    size_t count = cgroup_directories(cgroup, fds);
    for (size_t i = 0; i < count; i++)
        fd_close(fds[i]);
    *cgroup = CGROUP_EMPTY;
}

size_t cgroup_directories(const Cgroup *cgroup, int ret_fds[CGROUP_CONTROLLER_MAX])
{
    size_t count = 0;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        bool known = cgroup->fds[c] < 0;
        for (int earlier = 0; earlier < c; earlier++)
            known |= cgroup->fds[earlier] == cgroup->fds[c];
        if (!known)
            ret_fds[count++] = cgroup->fds[c];
    }
    if (cgroup->unified_fd >= 0)
        ret_fds[count++] = cgroup->unified_fd;
    return count;
}

int cgroup_directory(const Cgroup *cgroup, CgroupController controller)
{
    if (cgroup->mode == CGROUP_V2)
        return cgroup->unified_fd;
    return cgroup->fds[controller];
}

/* A path of the caller's words: absolute, without "." and ".." (a container's name may be in it).
 */
int cgroup_check_path(const char *path, Error *error)
{
    bool good = path && path[0] == '/' && strlen(path) < CGROUP_PATH_MAX;
    for (const char *p = path; good && *p;) {
        size_t length = strcspn(p + 1, "/");
        if ((length == 0 && path[1]) || (length == 1 && p[1] == '.') ||
            (length == 2 && p[1] == '.' && p[2] == '.'))
            good = false;
        p += 1 + length;
    }
    if (!good)
        return error_set(error, ERROR_USAGE, EINVAL, "'%s' is not the path of a cgroup",
                         path ? path : "");
    return 0;
}

/* The descriptor of an earlier controller that is mounted together with this one, or -1. */
int cgroup_shared_directory(const CgroupHost *host, const Cgroup *cgroup, int controller)
{
    for (int c = 0; c < controller; c++)
        if (cgroup->fds[c] >= 0 && str_eq(host->mount[c], host->mount[controller]))
            return cgroup->fds[c];
    return -1;
}

/* Opens one; a missing one is -ENOENT without an error. */
static int cgroup_open_directory(const char *mount, const char *path, Error *error)
{
    char full[PATH_MAX];
    int length = snprintf(full, sizeof(full), "%s%s", mount, path);
    if (length < 0 || (size_t)length >= sizeof(full))
        return error_set(error, ERROR_LIMIT, ENAMETOOLONG, "path of cgroup %s is too long", path);
    int fd = openat(AT_FDCWD, full, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return error_errno(error, errno, "open cgroup %s", full);
    return fd < 0 ? -ENOENT : fd;
}

/* `paths` has one path per v1 controller, or NULL where the caller does not want it. */
static int cgroup_open_paths(const CgroupHost *host, const char *const *paths,
                             const char *unified_path, Cgroup *cgroup, Error *error)
{
    cgroup->mode = host->mode;
    if (host->mode == CGROUP_V2) {
        int fd = unified_path ? cgroup_open_directory(host->unified_mount, unified_path, error)
                              : -ENOENT;
        if (fd < 0)
            return fd;
        cgroup->unified_fd = fd;
        return 0;
    }
    cgroup->controllers = 0;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!host->mount[c] || !paths[c])
            continue;
        int fd = cgroup_shared_directory(host, cgroup, c);
        if (fd < 0)
            fd = cgroup_open_directory(host->mount[c], paths[c], error);
        if (fd == -ENOENT)
            continue;
        if (fd < 0)
            return fd;
        cgroup->fds[c] = fd;
        cgroup->controllers |= CGROUP_BIT(c);
    }
    return cgroup->controllers ? 0 : -ENOENT;
}

int cgroup_open(const CgroupHost *host, const char *path, uint32_t controllers, Arena *arena,
                Cgroup *ret_cgroup, Error *error)
{
    int r = cgroup_check_path(path, error);
    if (r < 0)
        return r;
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    cgroup.controllers = controllers & host->available;
    cgroup.path = arena_strdup(arena, path);
    const char *paths[CGROUP_CONTROLLER_MAX];
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        paths[c] = controllers & CGROUP_BIT(c) ? cgroup.path : NULL;
    r = cgroup_open_paths(host, paths, cgroup.path, &cgroup, error);
    if (r == -ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "there is no cgroup %s", path);
    if (r < 0)
        return r;
    *ret_cgroup = cgroup;
    cgroup = CGROUP_EMPTY;
    return 0;
}

/* The one that most hierarchies have, but for "/". */
static const char *cgroup_usual_path(const Cgroup *cgroup, const char *const *paths)
{
    const char *usual = "/";
    unsigned most = 0;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        unsigned count = 0;
        for (int other = 0; other < CGROUP_CONTROLLER_MAX; other++)
            count += cgroup->fds[other] >= 0 && str_eq(paths[other], paths[c]);
        if (cgroup->fds[c] < 0 || str_eq(paths[c], "/") || count <= most)
            continue;
        usual = paths[c];
        most = count;
    }
    return usual;
}

int cgroup_open_of_pid(const CgroupHost *host, pid_t pid, Arena *arena, Cgroup *ret_cgroup,
                       Error *error)
{
    char file[64], *text;
    (void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
    int r = file_read_at(AT_FDCWD, file, CGROUP_PROC_TEXT_MAX, arena, &text, NULL);
    if (r < 0)
        return error_errno(error, r == -ENOENT ? -ESRCH : r, "read %s", file);

    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    const char *paths[CGROUP_CONTROLLER_MAX] = { NULL }, *unified = NULL, *path, *position = text;
    uint32_t bits;
    while (cgroup_proc_line(&position, arena, &bits, &path)) {
        if (!bits)
            unified = paths[CGROUP_UNIFIED] = cgroup_path_below(path, host->unified_root);
        for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
            if (bits & CGROUP_BIT(c))
                paths[c] = cgroup_path_below(path, host->root[c]);
    }
    cgroup.controllers = host->available;
    cgroup.path = unified;
    r = cgroup_open_paths(host, paths, unified, &cgroup, error);
    if (r == -ENOENT)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no cgroup of process %d is visible here",
                         (int)pid);
    if (r < 0)
        return r;
    if (host->mode != CGROUP_V2)
        cgroup.path = cgroup_usual_path(&cgroup, paths);
    cgroup.foreign = true;
    *ret_cgroup = cgroup;
    cgroup = CGROUP_EMPTY;
    return 0;
}

int cgroup_open_tasks(const Cgroup *cgroup, int *ret_fds, size_t *ret_count, Error *error)
{
    int directories[CGROUP_CONTROLLER_MAX];
    size_t count = cgroup->mode == CGROUP_V2 ? 0 : cgroup_directories(cgroup, directories);
    for (size_t i = 0; i < count; i++) {
        bool unified = directories[i] == cgroup->fds[CGROUP_UNIFIED];
        const char *file = unified ? "cgroup.procs" : "tasks"; /* v2 has no tasks */
        ret_fds[i] = openat(directories[i], file, O_WRONLY | O_CLOEXEC);
        if (ret_fds[i] >= 0)
            continue;
        char name[PATH_MAX];
        int r = error_errno(error, errno, "open %s/%s",
                            cgroup_directory_name(directories[i], name, sizeof(name)), file);
        while (i > 0)
            fd_close(ret_fds[--i]);
        return r;
    }
    *ret_count = count;
    return 0;
}

int cgroup_enter_tasks(const int *fds, size_t count, Error *error)
{
    for (size_t i = 0; i < count; i++) {
        ssize_t n;
        do
            n = write(fds[i], "0", 1);
        while (n < 0 && errno == EINTR);
        if (n < 0) {
            char name[PATH_MAX];
            return error_errno(error, errno, "enter %s",
                               cgroup_directory_name(fds[i], name, sizeof(name)));
        }
    }
    return 0;
}

int cgroup_attach(const Cgroup *cgroup, pid_t pid, Error *error)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%d", (int)pid);
    int directories[CGROUP_CONTROLLER_MAX];
    size_t count = cgroup_directories(cgroup, directories);
    for (size_t i = 0; i < count; i++) {
        int r = cgroup_directory_write(directories[i], "cgroup.procs", text, error);
        if (r < 0)
            return r;
    }
    return 0;
}

int cgroup_processes_directory(const Cgroup *cgroup)
{
    /* A process is in one cgroup of each hierarchy: any one of them names all. The freezer's first,
     * because that is where killing needs them; cpuset and systemd are the likeliest to be
     * rearranged by what runs inside. */
    static const CgroupController order[] = { CGROUP_FREEZER, CGROUP_PIDS, CGROUP_MEMORY,
                                              CGROUP_DEVICES, CGROUP_CPU };
    int directory = cgroup->unified_fd;
    for (size_t i = 0; directory < 0 && i < ARRAY_LEN(order); i++)
        directory = cgroup->fds[order[i]];
    for (int c = 0; directory < 0 && c < CGROUP_CONTROLLER_MAX; c++)
        directory = cgroup->fds[c];
    return directory;
}

int cgroup_pids(const Cgroup *cgroup, Arena *arena, pid_t **ret_pids, size_t *ret_count,
                Error *error)
{
    int directory = cgroup_processes_directory(cgroup);
    if (directory < 0)
        return error_set(error, ERROR_NOT_FOUND, ENOENT, "no directory of the cgroup is open");
    return cgroup_directory_pids(directory, arena, ret_pids, ret_count, error);
}

int cgroup_write(const Cgroup *cgroup, CgroupController controller, const char *file,
                 const char *value, Error *error)
{
    int directory = cgroup_directory(cgroup, controller);
    if (directory < 0)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "%s needs the cgroup controller %s, which is not in use here", file,
                         cgroup_controller_name(controller, cgroup->mode));
    return cgroup_directory_write(directory, file, value, error);
}

int cgroup_read(const Cgroup *cgroup, CgroupController controller, const char *file, char *buffer,
                size_t size, Error *error)
{
    int directory = cgroup_directory(cgroup, controller);
    if (directory < 0)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT,
                         "%s needs the cgroup controller %s, which is not in use here", file,
                         cgroup_controller_name(controller, cgroup->mode));
    ssize_t n = cgroup_directory_read(directory, file, buffer, size, error);
    return n < 0 ? (int)n : 0;
}

int cgroup_remove(const Cgroup *cgroup, unsigned timeout_ms, Error *error)
{
    const char *name = cgroup->path ? strrchr(cgroup->path, '/') : NULL;
    if (cgroup->foreign || !name || !name[1])
        return error_set(error, ERROR_USAGE, EINVAL, "remove cgroup '%s': it is not ours",
                         cgroup->path ? cgroup->path : "");
    uint64_t deadline = clock_us() + (uint64_t)timeout_ms * 1000;
    int directories[CGROUP_CONTROLLER_MAX], result = 0;
    size_t count = cgroup_directories(cgroup, directories);
    for (size_t i = 0; i < count; i++) {
        /* The first error is kept, but the others are removed all the same. */
        int r =
            cgroup_directory_remove(directories[i], name + 1, deadline, result < 0 ? NULL : error);
        if (r < 0 && result == 0)
            result = r;
    }
    return result;
}
