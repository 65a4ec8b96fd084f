/*
 * A filesystem that shows a namespace (sysfs, mqueue) can be mounted by its owner only, and who
 * that is stands in no document. The namespaces are opened once more when they are joined: one that
 * was exchanged in between means a mount that fails.
 */
#include "runtime/joins.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/namespace.h"

static int joins_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

uint64_t joins_outside(const Spec *spec)
{
    const SpecNamespace *user = spec_namespace(spec, "user");
    if (!user || str_empty(user->path))
        return 0;
    int userns_fd CLEANUP(fd_closep) = joins_open(user->path);
    uint64_t outside = 0;
    for (size_t i = 0; userns_fd >= 0 && i < spec->linux->namespaces.count; i++) {
        const SpecNamespace *joined = &spec->linux->namespaces.items[i];
        NamespaceType type = namespace_from_name(joined->type);
        if (joined == user || str_empty(joined->path) || type == NAMESPACE_INVALID)
            continue;
        int fd CLEANUP(fd_closep) = joins_open(joined->path);
        if (fd >= 0 && !namespace_is_ruled_by(fd, userns_fd))
            outside |= namespace_table[type].flag;
    }
    return outside;
}
