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
        { "linux.seccomp.listenerPath", lx->seccomp && lx->seccomp->listener_path },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].present)
            return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP, "%s: not supported yet",
                             rows[i].path);
    return 0;
}
