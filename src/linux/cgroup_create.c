/*
 * Making the directories of a container's cgroup, in each hierarchy that it needs.
 *
 * Invariant: after a failure nothing that was made here is left; what others made is not touched.
 * The trap: each hierarchy costs a mkdir, an open and a rmdir at every start of a container, so
 * that only those asked for are made, co-mounted ones once, and the usual case (the parents are
 * there) is tried first.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/cgroup.h"
#include "linux/cgroup_cpuset.h"
#include "linux/cgroup_directory.h"
#include "linux/cgroup_subtree.h"

enum { CGROUP_CREATE_TRIES = 3 };

/* A directory in the making. What this call made of `path` is between kept and end. */
typedef struct CgroupMade {
    char *path;
    size_t mount_length; /* of the mount point, without a final '/' */
    size_t kept, end;
} CgroupMade;

static void cgroup_made_start(CgroupMade *made, const char *mount, const char *path, Arena *arena)
{
    size_t mount_length = strlen(mount);
    while (mount_length > 0 && mount[mount_length - 1] == '/')
        mount_length--;
    *made = (CgroupMade){ .path = arena_printf(arena, "%.*s%s", (int)mount_length, mount, path),
                          .mount_length = mount_length };
}

/* How many components are new. */
static unsigned cgroup_made_count(const CgroupMade *made)
{
    unsigned count = 0;
    for (size_t i = made->kept; i < made->end; i++)
        count += made->path[i] == '/';
    return count;
}

/* Removes them, the last first. Others may use a parent by now: that one stays. */
static void cgroup_unmake(CgroupMade *made)
{
    for (size_t length = made->end; length > made->kept;) {
        made->path[length] = '\0';
        if (rmdir(made->path) < 0)
            return;
        do
            length--;
        while (made->path[length] != '/');
    }
}

/* mkdir of the component that ends at `end`. */
static int cgroup_make_component(CgroupMade *made, size_t end)
{
    char kept = made->path[end];
    made->path[end] = '\0';
    int r = mkdir(made->path, 0755) < 0 ? -errno : 0;
    if (r == 0) {
        if (made->end == 0)
            made->kept = (size_t)(strrchr(made->path, '/') - made->path);
        made->end = end;
    }
    made->path[end] = kept;
    return r;
}

/*
 * A new parent on v1 counts its children's memory as its own, and so do they (they inherit it):
 * before Linux 5.11 that had to be said, while there are none. Elsewhere the file is missing.
 */
static void cgroup_make_hierarchical(CgroupMade *made, size_t end)
{
    char kept = made->path[end];
    made->path[end] = '\0';
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, made->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    made->path[end] = kept;
    if (fd >= 0)
        (void)!file_write_text_at(fd, "memory.use_hierarchy", "1");
}

/* mkdir -p; the last component first, because its parents are usually there. */
static int cgroup_make(CgroupMade *made, Error *error)
{
    size_t length = strlen(made->path);
    int r = cgroup_make_component(made, length);
    /* Again if a parent goes meanwhile: another one's undoing. */
    for (int tries = 0; r == -ENOENT && tries < CGROUP_CREATE_TRIES; tries++) {
        for (size_t end = made->mount_length + 1; end <= length; end++) {
            if (made->path[end] != '/' && made->path[end] != '\0')
                continue;
            r = cgroup_make_component(made, end);
            if (r < 0 && r != -EEXIST)
                break;
            if (r == 0 && end < length)
                cgroup_make_hierarchical(made, end);
        }
    }
    if (r < 0 && r != -EEXIST)
        return error_errno(error, r, "create cgroup %s", made->path);
    return 0;
}

/* A cgroup that is there already is taken while nobody is in it or below: who limits a container
 * may have made it beforehand. */
static int cgroup_check_unused(int fd, const char *path, Arena *arena, Error *error)
{
    pid_t *pids;
    size_t count;
    int r = cgroup_directory_pids(fd, arena, &pids, &count, error);
    if (r < 0)
        return r;
    return count == 0 ? 0
                      : error_set(error, ERROR_CONFLICT, EBUSY,
                                  "cgroup %s is not empty: %zu process(es) found", path, count);
}

/* Made and opened. On failure the caller undoes what *made says. */
static int cgroup_make_directory(const char *mount, const char *path, bool exclusive,
                                 CgroupMade *made, Arena *arena, Error *error)
{
    cgroup_made_start(made, mount, path, arena);
    int r = cgroup_make(made, error);
    if (r < 0)
        return r;
    int fd CLEANUP(fd_closep) = openat(AT_FDCWD, made->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open cgroup %s", made->path);
    if (exclusive && made->end == 0) {
        r = cgroup_check_unused(fd, made->path, arena, error);
        if (r < 0)
            return r;
    }
    return TAKE_FD(fd);
}

static bool cgroup_is_forbidden(int r)
{
    return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int cgroup_create_v1(const CgroupHost *host, const CgroupRequest *request, Cgroup *cgroup,
                            CgroupMade *made, Arena *arena, Error *error)
{
    int forbidden = 0;
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++) {
        if (!(cgroup->controllers & CGROUP_BIT(c)))
            continue;
        int fd = cgroup_shared_directory(host, cgroup, c);
        if (fd < 0)
            fd = cgroup_make_directory(host->mount[c], cgroup->path, !request->shared, &made[c],
                                       arena, error);
        if (cgroup_is_forbidden(fd) && (request->optional & CGROUP_BIT(c))) {
            cgroup->controllers &= ~CGROUP_BIT(c);
            forbidden = fd;
            continue;
        }
        if (fd < 0)
            return fd;
        cgroup->fds[c] = fd;
    }
    if (forbidden && !cgroup->controllers)
        return forbidden; /* of the last one, and so is *error */
    if (cgroup->fds[CGROUP_CPUSET] < 0)
        return 0;
    for (int c = 0; c <= CGROUP_CPUSET; c++) /* the one that made it for all that share it */
        if (cgroup->fds[c] == cgroup->fds[CGROUP_CPUSET] && made[c].end > 0)
            return cgroup_cpuset_fill(cgroup->fds[c], cgroup_made_count(&made[c]), error);
    return 0;
}

static int cgroup_create_v2(const CgroupHost *host, const CgroupRequest *request, Cgroup *cgroup,
                            CgroupMade *made, Arena *arena, Error *error)
{
    int fd = cgroup_make_directory(host->unified_mount, cgroup->path, !request->shared, made, arena,
                                   error);
    if (fd < 0)
        return fd;
    cgroup->unified_fd = fd;
    uint32_t wanted = cgroup->controllers & ~cgroup_controllers_v2_builtin();
    int r = cgroup_subtree_enable(host->unified_mount, cgroup->path, fd, wanted, error);
    if (r < 0 && (wanted & request->optional)) {
        error_clear(error);
        r = cgroup_subtree_enable(host->unified_mount, cgroup->path, fd,
                                  wanted & ~request->optional, error);
    }
    return r;
}

/* "" and the names of the controllers in `bits`: "memory, pids". */
static const char *cgroup_names(uint32_t bits, CgroupMode mode, Arena *arena)
{
    StrList names = { 0 };
    for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
        if (bits & CGROUP_BIT(c))
            strlist_append(arena, &names, cgroup_controller_name((CgroupController)c, mode));
    return strlist_join(arena, &names, ", ");
}

/* Everything, into *cgroup; on failure the caller undoes what `made` says. */
static int cgroup_create_all(const CgroupHost *host, const CgroupRequest *request, Cgroup *cgroup,
                             CgroupMade *made, Arena *arena, Error *error)
{
    int r = cgroup_check_path(cgroup->path, error);
    if (r < 0)
        return r;
    if (host->mode == CGROUP_NONE)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT, "no cgroup filesystem is mounted");
    cgroup->controllers &= ~request->optional | host->available;
    uint32_t lacking = cgroup->controllers & ~host->available;
    if (lacking)
        return error_set(error, ERROR_UNSUPPORTED, ENOENT, "this host has no cgroup controller %s",
                         cgroup_names(lacking, host->mode, arena));
    if (host->mode == CGROUP_V2)
        return cgroup_create_v2(host, request, cgroup, made, arena, error);
    return cgroup_create_v1(host, request, cgroup, made, arena, error);
}

int cgroup_create_as(const CgroupHost *host, const CgroupRequest *request, Arena *arena,
                     Cgroup *ret_cgroup, Error *error)
{
    Cgroup cgroup CLEANUP(cgroup_done) = CGROUP_EMPTY;
    cgroup.mode = host->mode;
    cgroup.controllers = request->controllers;
    cgroup.path = arena_strdup(arena, request->path);
    CgroupMade made[CGROUP_CONTROLLER_MAX] = { 0 };
    int r = cgroup_create_all(host, request, &cgroup, made, arena, error);
    if (r < 0) {
        for (int c = CGROUP_CONTROLLER_MAX - 1; c >= 0; c--)
            cgroup_unmake(&made[c]);
        return r;
    }
    *ret_cgroup = cgroup;
    cgroup = CGROUP_EMPTY;
    return 0;
}

int cgroup_create(const CgroupHost *host, const char *path, uint32_t controllers, Arena *arena,
                  Cgroup *ret_cgroup, Error *error)
{
    CgroupRequest request = { .path = path, .controllers = controllers };
    return cgroup_create_as(host, &request, arena, ret_cgroup, error);
}

int cgroup_create_shared(const CgroupHost *host, const char *path, uint32_t controllers,
                         Arena *arena, Cgroup *ret_cgroup, Error *error)
{
    CgroupRequest request = { .path = path, .controllers = controllers, .shared = true };
    return cgroup_create_as(host, &request, arena, ret_cgroup, error);
}
