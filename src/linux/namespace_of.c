/*
 * The links in /proc/PID/ns read "net:[4026531833]": kind and inode number, without opening the
 * namespace.
 */
#include "linux/namespace_of.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/process.h"

enum { NAMESPACE_OF_TEXT = 64, NAMESPACE_OF_ANCESTORS_MAX = 4096 };

int namespace_of_parse(const char *text, NamespaceType *ret_type, uint64_t *ret_id)
{
    char word[NAMESPACE_OF_TEXT];
    NamespaceType type = NAMESPACE_INVALID;
    const char *bracket = strstr(text, ":[");
    size_t length = strlen(text);
    if (bracket) {
        size_t name = (size_t)(bracket - text);
        if (name >= sizeof(word) || text[length - 1] != ']')
            return -EINVAL;
        memcpy(word, text, name);
        word[name] = '\0';
        type = namespace_from_name(word);
        if (type == NAMESPACE_INVALID)
            return -EINVAL;
        text = bracket + 2;
        length -= name + 3;
    }
    if (length >= sizeof(word))
        return -EINVAL;
    memcpy(word, text, length);
    word[length] = '\0';
    uint64_t id;
    if (str_to_u64(word, &id) < 0 || id == 0)
        return -EINVAL;
    *ret_type = type;
    *ret_id = id;
    return 0;
}

static int namespace_of_id(int proc_pid_fd, NamespaceType type, uint64_t *ret_id, Error *error)
{
    char path[NAMESPACE_OF_TEXT], target[NAMESPACE_OF_TEXT];
    (void)snprintf(path, sizeof(path), "ns/%s", namespace_table[type].proc_name);
    ssize_t length = readlinkat(proc_pid_fd, path, target, sizeof(target) - 1);
    if (length < 0 && errno == ENOENT &&
        faccessat(proc_pid_fd, "ns/user", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        *ret_id = 0; /* the process is there: it is the kernel that lacks the kind */
        return 0;
    }
    if (length < 0)
        return error_errno(error, errno, "/proc/PID/%s", path);
    target[length] = '\0';
    NamespaceType told;
    if (namespace_of_parse(target, &told, ret_id) < 0)
        return error_set(error, ERROR_CORRUPT, EBADMSG, "/proc/PID/%s: '%s' is no namespace", path,
                         target);
    return 0;
}

int namespace_of_ids(int proc_pid_fd, uint64_t ret_ids[NAMESPACE_MAX], Error *error)
{
    uint64_t ids[NAMESPACE_MAX];
    for (int type = 0; type < NAMESPACE_MAX; type++) {
        int r = namespace_of_id(proc_pid_fd, (NamespaceType)type, &ids[type], error);
        if (r < 0)
            return r;
    }
    memcpy(ret_ids, ids, sizeof(ids));
    return 0;
}

int namespace_of_open(int proc_pid_fd, NamespaceType type, Error *error)
{
    char path[NAMESPACE_OF_TEXT];
    (void)snprintf(path, sizeof(path), "ns/%s", namespace_table[type].proc_name);
    int fd = openat(proc_pid_fd, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_errno(error, errno, "/proc/PID/%s", path) : fd;
}

/* The namespaces of one process and the pid of its parent. */
static int namespace_of_pid(pid_t pid, uint64_t ids[NAMESPACE_MAX], pid_t *ret_parent, Error *error)
{
    int fd CLEANUP(fd_closep) = process_open(-1, pid, error);
    if (fd < 0)
        return fd;
    ProcessStat stat;
    int r = process_stat(fd, &stat, error);
    if (r == 0)
        r = namespace_of_ids(fd, ids, error);
    if (r == 0)
        *ret_parent = stat.parent;
    return r;
}

int namespace_of_host(uint64_t ret_ids[NAMESPACE_MAX], Error *error)
{
    pid_t parent = 0;
    if (namespace_of_pid(1, ret_ids, &parent, NULL) == 0)
        return 0;
    int r = namespace_of_pid(getpid(), ret_ids, &parent, error);
    if (r < 0)
        return r;
    for (int i = 0; i < NAMESPACE_OF_ANCESTORS_MAX && parent > 0; i++)
        if (namespace_of_pid(parent, ret_ids, &parent, NULL) < 0)
            break;
    return 0;
}
