/*
 * System calls without a wrapper in musl 1.2.3 or glibc 2.36, and the constants newer than the
 * kernel headers of Linux 6.1. Each function is the bare call: -1 and errno on failure, no
 * fallback; the nouns beside this file own the fallbacks.
 *
 * The structures are our own (SyscallMountAttr, not struct mount_attr) and <linux/mount.h> is never
 * included: it clashes with musl's <sys/mount.h>, and glibc's <sys/mount.h> declares functions of
 * the same names. The numbers of calls since Linux 5.1 are the same on every architecture but
 * alpha.
 */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef __alpha__
#error "the system call numbers of this architecture differ"
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_fspick
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15 */
#endif

/* clone3(2), namespaces(7) */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

/* openat2(2) */
#ifndef RESOLVE_NO_XDEV
#define RESOLVE_NO_XDEV       0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS   0x04
#define RESOLVE_BENEATH       0x08
#define RESOLVE_IN_ROOT       0x10
#endif

/* fsopen(2), fsmount(2), open_tree(2), move_mount(2) */
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 0x00000001
#endif
#ifndef FSMOUNT_CLOEXEC
#define FSMOUNT_CLOEXEC 0x00000001
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE   1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#define MOVE_MOUNT_T_EMPTY_PATH 0x00000040
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* The commands of fsconfig(2); an enum of our own because <linux/mount.h> has one. */
enum {
    SYSCALL_FSCONFIG_SET_FLAG = 0,
    SYSCALL_FSCONFIG_SET_STRING = 1,
    SYSCALL_FSCONFIG_SET_FD = 5,
    SYSCALL_FSCONFIG_CMD_CREATE = 6,
    SYSCALL_FSCONFIG_CMD_RECONFIGURE = 7,
};

/* mount_setattr(2) */
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY      0x00000001
#define MOUNT_ATTR_NOSUID      0x00000002
#define MOUNT_ATTR_NODEV       0x00000004
#define MOUNT_ATTR_NOEXEC      0x00000008
#define MOUNT_ATTR__ATIME      0x00000070
#define MOUNT_ATTR_RELATIME    0x00000000
#define MOUNT_ATTR_NOATIME     0x00000010
#define MOUNT_ATTR_STRICTATIME 0x00000020
#define MOUNT_ATTR_NODIRATIME  0x00000080
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000 /* statfs(2) f_flags */
#endif

typedef struct SyscallOpenHow {
    uint64_t flags, mode, resolve;
} SyscallOpenHow;

typedef struct SyscallMountAttr {
    uint64_t attr_set, attr_clr, propagation, userns_fd;
} SyscallMountAttr;

typedef struct SyscallCloneArgs {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
} SyscallCloneArgs;

/* struct statx as the kernel lays it out, with the mount id that musl 1.2.3 hides in its padding.
 */
typedef struct SyscallStatx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare;
    uint64_t ino, size, blocks, attributes_mask;
    struct {
        int64_t sec;
        uint32_t nsec;
        int32_t reserved;
    } atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mnt_id;
    uint64_t spare_end[13];
} SyscallStatx;
_Static_assert(sizeof(SyscallStatx) == 256, "statx(2) writes 256 bytes");

enum {
    SYSCALL_STATX_BASIC_STATS = 0x7ff,
    SYSCALL_STATX_MNT_ID = 0x1000,        /* Linux 5.8 */
    SYSCALL_STATX_MNT_ID_UNIQUE = 0x4000, /* Linux 6.8: never reused */
    SYSCALL_STATX_ATTR_MOUNT_ROOT = 0x2000,
};

static inline int sys_openat2(int dirfd, const char *path, const SyscallOpenHow *how)
{
    return (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
}

static inline int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
    return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int sys_open_tree_attr(int dirfd, const char *path, unsigned flags,
                                     const SyscallMountAttr *attr)
{
    return (int)syscall(SYS_open_tree_attr, dirfd, path, flags, attr, sizeof(*attr));
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to,
                                 unsigned flags)
{
    return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_fsopen(const char *type, unsigned flags)
{
    return (int)syscall(SYS_fsopen, type, flags);
}

static inline int sys_fsconfig(int context, unsigned command, const char *key, const void *value,
                               int aux)
{
    return (int)syscall(SYS_fsconfig, context, command, key, value, aux);
}

static inline int sys_fsmount(int context, unsigned flags, unsigned attributes)
{
    return (int)syscall(SYS_fsmount, context, flags, attributes);
}

static inline int sys_mount_setattr(int dirfd, const char *path, unsigned flags,
                                    const SyscallMountAttr *attr)
{
    return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

static inline pid_t sys_clone3(const SyscallCloneArgs *args, size_t size)
{
    return (pid_t)syscall(SYS_clone3, args, size);
}

static inline int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal, const void *info, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, info, flags);
}

static inline int sys_pidfd_getfd(int pidfd, int target_fd, unsigned flags)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, target_fd, flags);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sys_statx(int dirfd, const char *path, int flags, unsigned mask,
                            SyscallStatx *ret_statx)
{
    return (int)syscall(SYS_statx, dirfd, path, flags, mask, ret_statx);
}
