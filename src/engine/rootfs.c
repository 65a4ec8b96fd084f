/*
 * Layers and the container's own directories lie below one root, so that one idmapped clone of it
 * serves them all. The trap: overlay needs upper and work on one filesystem and work empty.
 */
#include "engine/rootfs.h"

#include <errno.h>
#include <sys/stat.h>

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

int rootfs_layers(const Lifecycle *lifecycle, const StrList *layers, bool read_only, Arena *arena,
                  PlanLayers *ret_layers, Error *error)
{
    if (layers->count == 0)
        return error_set(error, ERROR_CORRUPT, EINVAL, "the image has no layers");
    const char **lowers = arena_alloc(arena, layers->count * sizeof(*lowers));
    for (size_t i = 0; i < layers->count; i++)
        lowers[i] = arena_printf(arena, "layers/%s", layers->items[i]);
    *ret_layers = (PlanLayers){
        .base = lifecycle->engine->root,
        .lowers = lowers,
        .lower_count = layers->count,
        .volatile_upper = lifecycle->container.remove,
    };
    if (read_only)
        return 0;
    /* The root of the tree has the mode of `upper`. */
    if (mkdirat(lifecycle->data_fd, "upper", 0755) < 0 ||
        mkdirat(lifecycle->data_fd, "work", 0700) < 0)
        return error_errno(error, errno, "container %.12s: upper directory", lifecycle->id);
    ret_layers->upper = arena_printf(arena, "containers/%s/upper", lifecycle->id);
    ret_layers->work = arena_printf(arena, "containers/%s/work", lifecycle->id);
    return 0;
}
