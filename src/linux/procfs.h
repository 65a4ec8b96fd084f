/*
 * A private procfs: proc(5) reached through a descriptor that nobody else can mount over.
 *
 * procfs_open_root() makes a detached procfs instance of the caller's pid namespace; where that is
 * refused (an unprivileged caller, a kernel without fsopen) it opens /proc and proves it to be a
 * procfs by its magic and root inode. Below the handle every open is by openat2 with
 * RESOLVE_BENEATH | NO_SYMLINKS | NO_XDEV: a file mounted over /proc/self/attr/exec or
 * /proc/sys/... is an error here (-EXDEV), never written (CVE-2019-16884, CVE-2025-52881 class).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/mem.h"

/* The handle: a directory descriptor, closed by its owner with fd_close. */
int procfs_open_root(Error *error) MUST_CHECK;
/* Only the second rung: /proc as it is mounted, verified. Cheaper; for readers of no secrets. */
int procfs_open_mounted(Error *error) MUST_CHECK;
/* 0 if the descriptor is a directory of a procfs, -EINVAL if not. */
int procfs_check(int fd, Error *error) MUST_CHECK;

/*
 * Opens what `path` names below the handle: "sys/kernel/hostname", "self/attr/exec". A leading
 * "self/" or "thread-self/" is translated by us (in procfs they are symlinks). flags as of open(2).
 */
int procfs_open(int procfs, const char *path, int flags, Error *error) MUST_CHECK;
/* One write(2) of the whole text. */
int procfs_write(int procfs, const char *path, const char *text, Error *error) MUST_CHECK;

/*
 * "net.ipv4.ip_forward" and "net/ipv4/ip_forward" both give "net/ipv4/ip_forward", as sysctl(8)
 * reads them: the first separator decides, and the other character is then part of a name
 * ("net.ipv4.conf.eth0/1.forwarding" is "net/ipv4/conf/eth0.1/forwarding"). Empty, ".", ".."
 * components and absolute paths: -EINVAL.
 */
enum { PROCFS_SYSCTL_MAX = 256 };
int procfs_sysctl_path(const char *key, char ret_path[PROCFS_SYSCTL_MAX], Error *error) MUST_CHECK;
int procfs_set_sysctl(int procfs, const char *key, const char *value, Error *error) MUST_CHECK;

/* time_namespaces(7): to be written after unshare(CLONE_NEWTIME) and before the first child. */
typedef struct ProcfsTimeOffset {
    const char *clock; /* "monotonic" or "boottime" */
    int64_t seconds;
    uint32_t nanoseconds;
} ProcfsTimeOffset;
int procfs_set_time_offsets(int procfs, const ProcfsTimeOffset *offsets, size_t count, Error *error)
    MUST_CHECK;
