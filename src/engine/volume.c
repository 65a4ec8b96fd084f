/*
 * A new volume is filled under a temporary name and renamed when it is complete. Its files have
 * the ids of the image: containers see them through idmapped mounts, as they see the image.
 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/inroot.h"
#include "linux/overlay.h"
#include "linux/treecopy.h"

/* The image's tree, read-only and with its ids as they are on disk. */
static int volume_open_image(const Engine *engine, const PlanLayers *layers, Error *error)
{
    OverlayOptions options = {
        .base_fd = engine->root_fd,
        .lowers = layers->lowers,
        .lower_count = layers->lower_count,
    };
    return overlay_mount(&options, error);
}

static int volume_fill(const Engine *engine, const BuildVolume *volume, const PlanLayers *layers,
                       int data_fd, Error *error)
{
    int image_fd CLEANUP(fd_closep) = volume_open_image(engine, layers, error);
    if (image_fd < 0)
        return image_fd;
    int source_fd CLEANUP(fd_closep) =
        inroot_open(image_fd, volume->target, O_RDONLY | O_DIRECTORY, error);
    if (source_fd == -ENOENT || source_fd == -ENOTDIR) {
        error_clear(error);
        return 0;
    }
    return source_fd < 0 ? source_fd : treecopy_run(source_fd, data_fd, 0, error);
}

static int volume_make_new(const Engine *engine, int volumes_fd, const BuildVolume *volume,
                           const PlanLayers *layers, Error *error)
{
    char temp[40], data[48];
    (void)snprintf(temp, sizeof(temp), ".tmp-%d", (int)getpid());
    (void)snprintf(data, sizeof(data), "%s/data", temp);
    (void)!file_remove_tree_at(volumes_fd, temp); /* of one with our number that was killed */
    int data_fd CLEANUP(fd_closep) = file_make_dirs_at(volumes_fd, data, 0755);
    int r = data_fd < 0 ? error_errno(error, data_fd, "make") : 0;
    if (r == 0 && volume->copy && layers)
        r = volume_fill(engine, volume, layers, data_fd, error);
    if (r == 0 && renameat(volumes_fd, temp, volumes_fd, volume->name) < 0 && errno != EEXIST &&
        errno != ENOTEMPTY) /* another ambit was faster: its volume counts */
        r = error_errno(error, errno, "rename");
    (void)!file_remove_tree_at(volumes_fd, temp);
    return r;
}

int volume_make(const Engine *engine, const BuildVolume *volume, const PlanLayers *layers,
                Error *error)
{
    int volumes_fd CLEANUP(fd_closep) = engine_directory(engine->root_fd, "volumes", error);
    if (volumes_fd < 0)
        return volumes_fd;
    struct stat st;
    if (fstatat(volumes_fd, volume->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    int r = volume_make_new(engine, volumes_fd, volume, layers, error);
    return r < 0 ? error_wrap(error, "volume %s", volume->name) : 0;
}
