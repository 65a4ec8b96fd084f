/*
 * Namespaces as one table and five calls. The invariant: a descriptor that claims to be a namespace
 * is believed only after the kernel names its kind (NS_GET_NSTYPE), never by its path.
 *
 * The trap: joining "pid" or "time" changes what the caller's next children are in, not the caller.
 */
#include "linux/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/syscalls.h"

enum { NAMESPACE_NSFS_MAGIC = 0x6e736673 };

const NamespaceInfo namespace_table[NAMESPACE_MAX] = {
    [NAMESPACE_USER] = { "user", "user", "user", "userns", CLONE_NEWUSER,
                         "user and group ids, capabilities", false },
    [NAMESPACE_CGROUP] = { "cgroup", "cgroup", "cgroup", "cgroupns", CLONE_NEWCGROUP,
                           "the root of the cgroup tree", false },
    [NAMESPACE_IPC] = { "ipc", "ipc", "ipc", "ipc", CLONE_NEWIPC,
                        "System V IPC and POSIX message queues", false },
    [NAMESPACE_UTS] = { "uts", "uts", "uts", "uts", CLONE_NEWUTS, "host name and NIS domain name",
                        false },
    [NAMESPACE_NET] = { "net", "network", "net", "net", CLONE_NEWNET,
                        "network devices, addresses, ports, routes, firewall", false },
    [NAMESPACE_PID] = { "pid", "pid", "pid", "pid", CLONE_NEWPID, "process ids", true },
    [NAMESPACE_TIME] = { "time", "time", "time", "timens", CLONE_NEWTIME,
                         "boot and monotonic clocks", true },
    [NAMESPACE_MOUNT] = { "mount", "mount", "mnt", NULL, CLONE_NEWNS, "mounts", false },
};

NamespaceType namespace_from_name(const char *name)
{
    for (int i = 0; name && i < NAMESPACE_MAX; i++) {
        const NamespaceInfo *row = &namespace_table[i];
        if (str_eq(name, row->name) || str_eq(name, row->oci_name) ||
            str_eq(name, row->proc_name) || str_eq(name, row->option))
            return (NamespaceType)i;
    }
    return NAMESPACE_INVALID;
}

NamespaceType namespace_from_flag(uint64_t flag)
{
    for (int i = 0; i < NAMESPACE_MAX; i++)
        if (namespace_table[i].flag == flag)
            return (NamespaceType)i;
    return NAMESPACE_INVALID;
}

int namespace_open(pid_t pid, NamespaceType type, Error *error)
{
    const char *name = namespace_table[type].proc_name;
    char path[64];
    if (pid == 0)
        (void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
    else
        (void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(error, errno, "open the %s namespace %s", namespace_table[type].name,
                           path);
    return fd;
}

int namespace_id(int fd, uint64_t *ret_id, Error *error)
{
    struct statfs fs;
    struct stat st;
    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return error_errno(error, errno, "stat of a namespace file");
    if ((uint64_t)fs.f_type != NAMESPACE_NSFS_MAGIC)
        return error_set(error, ERROR_USAGE, EINVAL, "this file is not a namespace");
    *ret_id = st.st_ino;
    return 0;
}

int namespace_id_of_pid(pid_t pid, NamespaceType type, uint64_t *ret_id, Error *error)
{
    int fd CLEANUP(fd_closep) = namespace_open(pid, type, error);
    return fd < 0 ? fd : namespace_id(fd, ret_id, error);
}

int namespace_type(int fd, Error *error)
{
    int flag = ioctl(fd, NS_GET_NSTYPE);
    if (flag < 0 && errno == ENOTTY)
        return error_set(error, ERROR_USAGE, EINVAL, "this file is not a namespace");
    if (flag < 0)
        return error_errno(error, errno, "ask a namespace for its kind");
    NamespaceType type = namespace_from_flag((uint64_t)flag);
    if (type == NAMESPACE_INVALID)
        return error_set(error, ERROR_UNSUPPORTED, EINVAL, "unknown kind of namespace: 0x%x", flag);
    return type;
}

int namespace_owner(int fd, Error *error)
{
    int owner = ioctl(fd, NS_GET_USERNS); /* close-on-exec by the kernel */
    if (owner < 0)
        return error_errno(error, errno, "open the user namespace that owns a namespace");
    return owner;
}

bool namespace_is_within(int fd, uint64_t ancestor_id)
{
    enum { NESTED_MAX = 64 }; /* the kernel allows 33 levels */
    uint64_t id;
    int parent_fd CLEANUP(fd_closep) = -1;
    for (int i = 0; i < NESTED_MAX && namespace_id(fd, &id, NULL) == 0; i++) {
        if (id == ancestor_id)
            return true;
        int next_fd = ioctl(fd, NS_GET_PARENT);
        if (next_fd < 0)
            break;
        fd_close(parent_fd);
        fd = parent_fd = next_fd;
    }
    return false;
}

bool namespace_is_ruled_by(int fd, int userns_fd)
{
    uint64_t ruler;
    int owner_fd CLEANUP(fd_closep) = namespace_owner(fd, NULL);
    return owner_fd >= 0 && namespace_id(userns_fd, &ruler, NULL) == 0 &&
           namespace_is_within(owner_fd, ruler);
}

int namespace_join(int fd, NamespaceType type, Error *error)
{
    if (setns(fd, (int)namespace_table[type].flag) == 0)
        return 0;
    int code = errno;
    if (code == EINVAL && type == NAMESPACE_USER)
        return error_errno(error, code,
                           "join the user namespace (the caller must not be in it already, nor "
                           "have threads)");
    return error_errno(error, code, "join the %s namespace", namespace_table[type].name);
}

bool namespace_user_is_initial(void)
{
    /* PROC_USER_INIT_INO of linux/nsfs.h (since 6.18; the number is older than nsfs). */
    const ino_t initial = 0xeffffffdU;
    struct stat st;
    return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == initial;
}
