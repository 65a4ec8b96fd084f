/*
 * Layers and the container's own directories lie below one root, so that one idmapped clone of it
 * serves them all. The trap: overlay needs upper and work on one filesystem and work empty.
 */
#include "engine/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "linux/overlay.h"
#include "linux/treecopy.h"

const char *rootfs_rung_name(RootfsRung rung)
{
    static const char *const names[] = {
        [ROOTFS_IDMAPPED] = "idmapped",
        [ROOTFS_COPIED] = "copied",
        [ROOTFS_PLAIN] = "plain",
        [ROOTFS_DIRECTORY] = "directory",
    };
    return names[rung];
}

static int rootfs_make_stubs(int root_fd)
{
    static const char *const directories[] = { "stubs", "stubs/dev", "stubs/proc", "stubs/sys",
                                               "stubs/etc" };
    static const char *const files[] = { "stubs/etc/hostname", "stubs/etc/hosts",
                                         "stubs/etc/resolv.conf" };
    for (size_t i = 0; i < ARRAY_LEN(directories); i++)
        if (mkdirat(root_fd, directories[i], 0755) < 0 && errno != EEXIST)
            return -errno;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (mknodat(root_fd, files[i], S_IFREG | 0644, 0) < 0 && errno != EEXIST)
            return -errno;
    /* What older programs read; docker's containers have it. An image's own one goes before. */
    if (symlinkat("/proc/mounts", root_fd, "stubs/etc/mtab") < 0 && errno != EEXIST)
        return -errno;
    return 0;
}

/* The last one is there if all are. */
static int rootfs_stubs(const Lifecycle *lifecycle, Error *error)
{
    int root_fd = lifecycle->engine->root_fd;
    struct stat st;
    if (fstatat(root_fd, "stubs/etc/mtab", &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    int r = rootfs_make_stubs(root_fd);
    return r < 0 ? error_errno(error, r, "%s/stubs", lifecycle->engine->root) : 0;
}

int rootfs_layers(const Lifecycle *lifecycle, const StrList *layers, bool in_memory, Arena *arena,
                  PlanLayers *ret_layers, Error *error)
{
    if (layers->count == 0)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the image has no layers");
    const char **lowers = arena_alloc(arena, (layers->count + 1) * sizeof(*lowers));
    for (size_t i = 0; i < layers->count; i++)
        lowers[i] = arena_printf(arena, "layers/%s", layers->items[i]);
    lowers[layers->count] = "stubs";
    int r = rootfs_stubs(lifecycle, error);
    if (r < 0)
        return r;
    *ret_layers = (PlanLayers){
        .base = lifecycle->engine->root,
        .lowers = lowers,
        .lower_count = layers->count + 1,
        .volatile_upper = lifecycle->container.settings.host.remove,
    };
    if (in_memory) {
        ret_layers->memory_upper = true;
        ret_layers->upper = "upper";
        ret_layers->work = "work";
        return 0;
    }
    /* The root of the tree has the mode of `upper`. */
    if ((mkdirat(lifecycle->data_fd, "upper", 0755) < 0 && errno != EEXIST) ||
        (mkdirat(lifecycle->data_fd, "work", 0700) < 0 && errno != EEXIST))
        return error_errno(error, errno, "container %.12s: upper directory", lifecycle->id);
    ret_layers->upper = arena_printf(arena, "containers/%s/upper", lifecycle->id);
    ret_layers->work = arena_printf(arena, "containers/%s/work", lifecycle->id);
    return 0;
}

bool rootfs_is_refusal(const Error *error)
{
    return str_starts(error->message, "root.layers: ") &&
           (error->code == EINVAL || error->code == ENOSYS || error->code == EOPNOTSUPP ||
            error->code == EPERM);
}

int rootfs_copy(Lifecycle *lifecycle, const PlanLayers *layers, uint32_t first_id, Arena *arena,
                const char **ret_path, Error *error)
{
    OverlayOptions options = {
        .base_fd = lifecycle->engine->root_fd,
        .lowers = layers->lowers,
        .lower_count = layers->lower_count,
    };
    int source_fd CLEANUP(fd_closep) = overlay_mount(&options, error);
    if (source_fd < 0)
        return source_fd;
    int data_fd = lifecycle_data(lifecycle, error);
    if (data_fd < 0)
        return data_fd;
    int target_fd CLEANUP(fd_closep) = file_make_dirs_at(data_fd, "rootfs", 0755);
    if (target_fd < 0)
        return error_errno(error, target_fd, "container %.12s: root directory", lifecycle->id);
    int r = treecopy_run(source_fd, target_fd, first_id, error);
    if (r == 0)
        *ret_path =
            arena_printf(arena, "%s/containers/%s/rootfs", lifecycle->engine->root, lifecycle->id);
    return r;
}
