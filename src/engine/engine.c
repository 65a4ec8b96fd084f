/*
 * The directories are created at first use: installing ambit makes nothing but files below PREFIX.
 * A state directory that is only looked at and missing is an empty file system without a place.
 * A directory that others may write to, or that is not ours, is refused: whoever controls it
 * controls every container.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

typedef struct EnginePlace {
    const char *path;
    const char *option;  /* the global option that names it */
    const char *usually; /* where it is without that option */
} EnginePlace;

static int engine_make_private(const EnginePlace *place, Error *error)
{
    int fd = file_make_dirs_at(AT_FDCWD, place->path, 0700);
    if (fd == -EACCES && geteuid() != 0)
        return error_set(error, ERROR_DENIED, EACCES,
                         "--%s: %s: Permission denied: containers of ordinary users are not "
                         "supported yet, run ambit as root",
                         place->option, place->path);
    return fd < 0 ? error_errno(error, fd, "--%s: %s", place->option, place->path) : fd;
}

static int engine_check_private(const EnginePlace *place, int fd, Error *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "--%s: %s", place->option, place->path);
    if (st.st_uid != geteuid())
        return error_set(error, ERROR_DENIED, EPERM, "--%s: %s belongs to uid %u, not to uid %u",
                         place->option, place->path, st.st_uid, geteuid());
    if (st.st_mode & 022)
        return error_set(error, ERROR_DENIED, EPERM, "--%s: %s can be written by others (mode %o)",
                         place->option, place->path, st.st_mode & 07777);
    return 0;
}

static int engine_check_path(const EnginePlace *place, Error *error)
{
    if (place->path[0] != '/')
        return error_set(error, ERROR_USAGE, EINVAL, "--%s: '%s' is not an absolute path",
                         place->option, place->path);
    return 0;
}

static bool engine_is_missing(const EnginePlace *place)
{
    return access(place->path, F_OK) < 0 && errno == ENOENT;
}

static int engine_open_root(const EnginePlace *place, EngineUse use, Error *error)
{
    int r = engine_check_path(place, error);
    if (r < 0)
        return r;
    if (use != ENGINE_MAKE && !str_eq(place->path, place->usually) && engine_is_missing(place))
        return error_set(error, ERROR_NOT_FOUND, ENOENT,
                         "--%s: %s: no such directory: no image or container was ever kept there",
                         place->option, place->path);
    int fd CLEANUP(fd_closep) = engine_make_private(place, error);
    r = fd < 0 ? fd : engine_check_private(place, fd, error);
    return r < 0 ? r : TAKE_FD(fd);
}

static int engine_open_state(const EnginePlace *place, EngineUse use, Error *error)
{
    int r = engine_check_path(place, error);
    if (r < 0)
        return r;
    int fd CLEANUP(fd_closep) = -1;
    char mode[] = "mode=700", *options[] = { mode };
    if (use == ENGINE_LOOK && engine_is_missing(place))
        fd = mount_new("tmpfs", "nothing", &(StrList){ options, 1 }, MOUNT_ATTR_RDONLY, NULL);
    if (fd < 0) /* there, or to be made, or no way to have an empty one that is nowhere */
        fd = engine_make_private(place, error);
    r = fd < 0 ? fd : engine_check_private(place, fd, error);
    return r < 0 ? r : TAKE_FD(fd);
}

int engine_open(const char *root, const char *state, EngineUse use, Engine *ret_engine,
                Error *error)
{
    EnginePlace root_place = { root, "root", ENGINE_ROOT_DEFAULT };
    EnginePlace state_place = { state, "state", ENGINE_STATE_DEFAULT };
    int root_fd CLEANUP(fd_closep) = engine_open_root(&root_place, use, error);
    if (root_fd < 0)
        return root_fd;
    int state_fd = engine_open_state(&state_place, use, error);
    if (state_fd < 0)
        return state_fd;
    *ret_engine = (Engine){
        .root = root,
        .state = state,
        .root_fd = TAKE_FD(root_fd),
        .state_fd = state_fd,
    };
    return 0;
}

void engine_done(Engine *engine)
{
    if (!engine)
        return;
    fd_closep(&engine->root_fd);
    fd_closep(&engine->state_fd);
}

int engine_directory(int base_fd, const char *name, Error *error)
{
    int fd = file_make_dirs_at(base_fd, name, 0700);
    return fd < 0 ? error_errno(error, fd, "directory '%s'", name) : fd;
}

int engine_list(int base_fd, const char *name, DIR **ret_dir, Error *error)
{
    *ret_dir = NULL;
    int fd CLEANUP(fd_closep) = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    *ret_dir = fd < 0 ? NULL : fdopendir(fd);
    if (!*ret_dir)
        return error_errno(error, errno, "%s", name);
    (void)TAKE_FD(fd); /* the stream's now */
    return 0;
}
