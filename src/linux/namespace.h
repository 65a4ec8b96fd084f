/*
 * The eight namespaces: namespaces(7). One row of namespace_table per kind is all that the rest of
 * the program knows about a kind of namespace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* In the order in which they are joined, but for the user namespace, which gives capabilities in
 * some of the others and takes them in the rest: see runtime/stage.c; the mount namespace after
 * those that are reached by path; pid takes effect on fork. */
typedef enum NamespaceType {
    NAMESPACE_USER,
    NAMESPACE_CGROUP,
    NAMESPACE_IPC,
    NAMESPACE_UTS,
    NAMESPACE_NET,
    NAMESPACE_PID,
    NAMESPACE_TIME,
    NAMESPACE_MOUNT,
    NAMESPACE_MAX,
    NAMESPACE_INVALID = -1,
} NamespaceType;

typedef struct NamespaceInfo {
    const char *name;      /* the field's word: "pid", "net", "mount" */
    const char *oci_name;  /* runtime-spec config-linux.md#namespaces: "network" for net */
    const char *proc_name; /* the file in /proc/PID/ns: "mnt" for mount */
    const char *option;    /* the switch of `ambit run`, without dashes: "userns"; NULL for mount */
    uint64_t flag;         /* CLONE_NEW... */
    const char *isolates;  /* one line for people: "process ids" */
    bool joins_children;   /* pid, time: setns and unshare affect the children only */
} NamespaceInfo;

extern const NamespaceInfo namespace_table[NAMESPACE_MAX];

/* By any of its names; NAMESPACE_INVALID if there is none. */
NamespaceType namespace_from_name(const char *name);
NamespaceType namespace_from_flag(uint64_t flag);

/* Opens /proc/<pid>/ns/<type>: a descriptor or a negative errno. pid 0: the caller's own. */
int namespace_open(pid_t pid, NamespaceType type, Error *error) MUST_CHECK;
/* The namespace's id: its inode number in nsfs. type may be NAMESPACE_INVALID (any). */
int namespace_id(int fd, uint64_t *ret_id, Error *error) MUST_CHECK;
int namespace_id_of_pid(pid_t pid, NamespaceType type, uint64_t *ret_id, Error *error) MUST_CHECK;
/* Is the caller in the user namespace of the host, the only one with power over devices? */
bool namespace_user_is_initial(void);
/* The kind of an open namespace file: ioctl_ns(2) NS_GET_NSTYPE. Not a namespace: -EINVAL. */
int namespace_type(int fd, Error *error) MUST_CHECK;
/* The user namespace that owns this one: NS_GET_USERNS; a descriptor. */
int namespace_owner(int fd, Error *error) MUST_CHECK;
/* Whether a user or pid namespace is the one of this id, or inside it: NS_GET_PARENT. */
bool namespace_is_within(int fd, uint64_t ancestor_id);
/* Whether root of the user namespace `userns_fd` has power over the namespace: it belongs to that
 * one or to one inside it. */
bool namespace_is_ruled_by(int fd, int userns_fd);
int namespace_join(int fd, NamespaceType type, Error *error) MUST_CHECK;
