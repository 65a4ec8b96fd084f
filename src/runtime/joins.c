/*
 * A filesystem that shows a namespace (sysfs, mqueue) can be mounted by its owner only, and who
 * that is stands in no document. The namespaces are opened once more when they are joined: one that
 * was exchanged in between means a mount that fails.
 */
#include "runtime/joins.h"

#include <errno.h>
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

static bool joins_is_own(const Spec *spec, const char *type)
{
    const SpecNamespace *joined = spec_namespace(spec, type);
    uint64_t theirs, ours;
    if (!joined || str_empty(joined->path))
        return false;
    int fd CLEANUP(fd_closep) = joins_open(joined->path);
    return fd >= 0 && namespace_id(fd, &theirs, NULL) == 0 &&
           namespace_id_of_pid(0, namespace_from_name(type), &ours, NULL) == 0 && theirs == ours;
}

/* CLONE_NEW... of the namespaces that were looked at, and of those that are the caller's own. */
typedef struct JoinsOwn {
    uint64_t asked, own;
} JoinsOwn;

static bool joins_own(const Spec *spec, const char *type, JoinsOwn *answers)
{
    uint64_t flag = namespace_table[namespace_from_name(type)].flag;
    if (!(answers->asked & flag) && joins_is_own(spec, type))
        answers->own |= flag;
    answers->asked |= flag;
    return answers->own & flag;
}

int joins_check_settings(const Spec *spec, Error *error)
{
    const StrMap *sysctls = &spec->linux->sysctl;
    bool names = !str_empty(spec->hostname) || !str_empty(spec->domainname);
    JoinsOwn answers = { 0 };
    for (size_t i = 0; i < sysctls->count; i++) {
        const char *type = spec_sysctl_namespace(sysctls->items[i].key);
        if (type && joins_own(spec, type, &answers))
            return error_set(error, ERROR_USAGE, EINVAL,
                             "linux.sysctl[%.200s]: the %s namespace is the host's",
                             sysctls->items[i].key, type);
    }
    if (names && joins_own(spec, "uts", &answers))
        return error_set(error, ERROR_USAGE, EINVAL, "%s: the uts namespace is the host's",
                         str_empty(spec->hostname) ? "domainname" : "hostname");
    return 0;
}
