/*
 * A directory that was left by a crash, or by a reboot that kept the state directory, is no mount.
 */
#include "engine/imagemounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "linux/mount.h"

bool imagemounts_has(int place_fd, const char *name)
{
    uint64_t outside, inside;
    int fd CLEANUP(fd_closep) =
        openat(place_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && mount_id(place_fd, &outside, NULL) == 0 && mount_id(fd, &inside, NULL) == 0 &&
           inside != outside;
}

int imagemounts_list(const Engine *engine, Arena *arena, StrList *ret_names)
{
    int fd = openat(engine->state_fd, IMAGEMOUNTS_PLACE,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fd_close(fd);
        return errno == ENOENT ? 0 : -errno;
    }
    const struct dirent *entry;
    int r;
    while ((r = file_next_entry(dir, &entry)) > 0)
        if (entry->d_name[0] != '.' && imagemounts_has(fd, entry->d_name))
            strlist_append(arena, ret_names, entry->d_name);
    (void)closedir(dir);
    return r;
}
