/*
 * The directories are created at first use: installing ambit makes nothing but files below PREFIX.
 * A directory that others may write to, or that is not ours, is refused: whoever controls it
 * controls every container.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int engine_open_private(const char *path, const char *what, Error *error)
{
    if (path[0] != '/')
        return error_set(error, ERROR_USAGE, EINVAL, "--%s: '%s' is not an absolute path", what,
                         path);
    int fd CLEANUP(fd_closep) = file_make_dirs_at(AT_FDCWD, path, 0700);
    if (fd == -EACCES && geteuid() != 0)
        return error_set(error, ERROR_DENIED, EACCES,
                         "--%s: %s: Permission denied: containers of ordinary users are not "
                         "supported yet, run ambit as root",
                         what, path);
    if (fd < 0)
        return error_errno(error, fd, "--%s: %s", what, path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(error, errno, "--%s: %s", what, path);
    if (st.st_uid != geteuid())
        return error_set(error, ERROR_DENIED, EPERM, "--%s: %s belongs to uid %u, not to uid %u",
                         what, path, st.st_uid, geteuid());
    if (st.st_mode & 022)
        return error_set(error, ERROR_DENIED, EPERM, "--%s: %s can be written by others (mode %o)",
                         what, path, st.st_mode & 07777);
    return TAKE_FD(fd);
}

int engine_open(const char *root, const char *state, Engine *ret_engine, Error *error)
{
    int root_fd CLEANUP(fd_closep) = engine_open_private(root, "root", error);
    if (root_fd < 0)
        return root_fd;
    int state_fd = engine_open_private(state, "state", error);
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
