/*
 * One row per member. A row goes away when the plan has a step for it.
 */
#include "unsupported.h"

#include <errno.h>

int unsupported_check(const Spec *spec, Error *error)
{
    static const SpecLinux no_linux;
    const SpecLinux *lx = spec->linux ? spec->linux : &no_linux;
    const struct {
        const char *path;
        bool present;
    } rows[] = {
        { "linux.netDevices", lx->net_devices.count },
        { "linux.intelRdt", lx->intel_rdt },
        { "linux.mountLabel", !str_empty(lx->mount_label) },
        { "linux.seccomp.listenerPath", lx->seccomp && lx->seccomp->listener_path },
        { "linux.rootfsPropagation: shared and unbindable",
          lx->rootfs_propagation && (str_ends(lx->rootfs_propagation, "shared") ||
                                     str_ends(lx->rootfs_propagation, "unbindable")) },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].present)
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "%s: not supported yet",
                             rows[i].path);
    for (size_t i = 0; i < spec->mounts.count; i++)
        if (spec->mounts.items[i].uid_mappings.count || spec->mounts.items[i].gid_mappings.count)
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                             "mounts[%zu].uidMappings: not supported yet", i);
    return 0;
}
