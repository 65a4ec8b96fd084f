/*
 * Mounts by descriptor, with mount(2) on /proc/self/fd/N as the second rung.
 *
 * The invariant: no function here walks a path of a container. The traps: MOUNT_ATTR__ATIME is a
 * field and not a flag (to set any value it must be cleared as well); a detached mount has no
 * classic counterpart, so only mount_place(), which knows the target, can fall back for the making
 * of mounts; and an unsuccessful fsconfig explains itself only in the context's log.
 */
#include "linux/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/syscalls.h"

enum {
    MOUNT_DATA_MAX = 4096, /* mount(2) takes one page */
    MOUNT_VALUE_MAX = 255, /* fsconfig(2) */
};

/* A call is absent: the kernel lacks it, or a filter around us refuses it. */
static bool mount_call_absent(int code)
{
    return code == ENOSYS || code == EPERM;
}

int mount_call_error(int code, const char *call, const char *what, const char *name, Error *error)
{
    if (code == ENOSYS)
        return error_set(error, ERROR_UNSUPPORTED, ENOSYS,
                         "%s%s: this kernel has no %s (Linux 5.2), or a filter hides it", what,
                         name, call);
    return error_errno(error, code, "%s%s: %s", what, name, call);
}

/* The kernel's words on a failed context ("e overlay: ..."), the last one, without the letter. */
static const char *mount_context_log(int context, char *buffer, size_t size)
{
    ssize_t n, last = 0;
    buffer[0] = '\0';
    while ((n = read(context, buffer, size - 1)) > 0)
        last = n;
    if (last < 2 || buffer[1] != ' ')
        return "";
    buffer[last] = '\0';
    buffer[strcspn(buffer, "\n")] = '\0';
    buffer[0] = ':';
    return buffer;
}

static int mount_context_error(int context, int code, const char *what, const char *key,
                               const char *value, Error *error)
{
    char log[256];
    const char *reason = mount_context_log(context, log, sizeof(log));
    return error_errno(error, code, "%s%s%s%s%s%s", what, key ? " " : "", key ? key : "",
                       value ? "=" : "", value ? value : "", reason);
}

int mount_open_context(const char *type, Error *error)
{
    int context = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0 && errno == ENODEV)
        return error_set(error, ERROR_UNSUPPORTED, ENODEV, "this kernel has no filesystem \"%s\"",
                         type);
    if (context < 0)
        return mount_call_error(errno, "fsopen", "make a filesystem ", type, error);
    return context;
}

int mount_context_string(int context, const char *key, const char *value, Error *error)
{
    if (sys_fsconfig(context, SYSCALL_FSCONFIG_SET_STRING, key, value, 0) < 0)
        return mount_context_error(context, errno, "mount option", key, value, error);
    return 0;
}

int mount_context_flag(int context, const char *key, Error *error)
{
    if (sys_fsconfig(context, SYSCALL_FSCONFIG_SET_FLAG, key, NULL, 0) < 0)
        return mount_context_error(context, errno, "mount option", key, NULL, error);
    return 0;
}

int mount_context_fd(int context, const char *key, int fd, Error *error)
{
    if (sys_fsconfig(context, SYSCALL_FSCONFIG_SET_FD, key, NULL, fd) < 0)
        return mount_context_error(context, errno, "mount option", key, NULL, error);
    return 0;
}

int mount_context_finish(int context, uint64_t attributes, Error *error)
{
    if (sys_fsconfig(context, SYSCALL_FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return mount_context_error(context, errno, "make a filesystem", NULL, NULL, error);
    int fd = sys_fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
    if (fd < 0)
        return mount_context_error(context, errno, "fsmount", NULL, NULL, error);
    return fd;
}

int mount_context_option(int context, const char *option, Error *error)
{
    const char *equals = strchr(option, '=');
    char key[256];
    if (!equals)
        return mount_context_flag(context, option, error);
    size_t length = (size_t)(equals - option);
    if (length >= sizeof(key))
        return error_set(error, ERROR_USAGE, EINVAL, "mount option \"%.40s...\" is too long",
                         option);
    memcpy(key, option, length);
    key[length] = '\0';
    return mount_context_string(context, key, equals + 1, error);
}

bool mount_new_takes(const StrList *options)
{
    for (size_t i = 0; options && i < options->count; i++) {
        const char *equals = strchr(options->items[i], '=');
        if (equals && strlen(equals + 1) > MOUNT_VALUE_MAX)
            return false;
    }
    return true;
}

int mount_new(const char *type, const char *source, const StrList *options, uint64_t attributes,
              Error *error)
{
    int context CLEANUP(fd_closep) = mount_open_context(type, error);
    if (context < 0)
        return context;
    int r = source ? mount_context_string(context, "source", source, error) : 0;
    for (size_t i = 0; r == 0 && options && i < options->count; i++)
        r = mount_context_option(context, options->items[i], error);
    if (r == 0)
        r = mount_context_finish(context, attributes, error);
    return r < 0 ? error_wrap(error, "%s", type), r : r;
}

int mount_clone(int dirfd, const char *path, bool recursive, Error *error)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    int fd = sys_open_tree(dirfd, path, flags | (recursive ? AT_RECURSIVE : 0u));
    if (fd < 0)
        return mount_call_error(errno, "open_tree", *path ? "clone the mount " : "clone a mount",
                                path, error);
    return fd;
}

/* ---- attributes ---- */

static const struct {
    uint64_t attribute;
    unsigned long ms; /* mount(2) */
    long statfs;      /* statfs(2) f_flags */
    const char *name;
} mount_attribute_table[] = {
    { MOUNT_ATTR_RDONLY, MS_RDONLY, 1, "ro" },
    { MOUNT_ATTR_NOSUID, MS_NOSUID, 2, "nosuid" },
    { MOUNT_ATTR_NODEV, MS_NODEV, 4, "nodev" },
    { MOUNT_ATTR_NOEXEC, MS_NOEXEC, 8, "noexec" },
    { MOUNT_ATTR_NOATIME, MS_NOATIME, 1024, "noatime" },
    { MOUNT_ATTR_STRICTATIME, MS_STRICTATIME, 0, "strictatime" },
    { MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, 2048, "nodiratime" },
    { MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, ST_NOSYMFOLLOW, "nosymfollow" },
};

void mount_attributes_print(uint64_t attributes, StrBuf *ret_text)
{
    strbuf_add(ret_text, attributes & MOUNT_ATTR_RDONLY ? "ro" : "rw");
    for (size_t i = 1; i < ARRAY_LEN(mount_attribute_table); i++)
        if (attributes & mount_attribute_table[i].attribute)
            strbuf_printf(ret_text, ",%s", mount_attribute_table[i].name);
    if ((attributes & MOUNT_ATTR_IDMAP) != 0)
        strbuf_add(ret_text, ",idmap");
}

static unsigned long mount_attributes_to_ms(uint64_t attributes)
{
    unsigned long flags = 0;
    for (size_t i = 0; i < ARRAY_LEN(mount_attribute_table); i++)
        if (attributes & mount_attribute_table[i].attribute)
            flags |= mount_attribute_table[i].ms;
    return flags;
}

static int mount_attributes_now(int fd, uint64_t *ret_attributes)
{
    enum { RELATIME = 4096 };
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return -errno;
    *ret_attributes = 0;
    for (size_t i = 0; i < ARRAY_LEN(mount_attribute_table); i++)
        if ((long)fs.f_flags & mount_attribute_table[i].statfs)
            *ret_attributes |= mount_attribute_table[i].attribute;
    if (!((long)fs.f_flags & (RELATIME | 1024)))
        *ret_attributes |= MOUNT_ATTR_STRICTATIME;
    return 0;
}

/* Remounts the mount that fd is the root of, keeping what is not to change. */
static int mount_change_classic(int fd, const MountAttributes *attributes, Error *error)
{
    char path[FD_PATH_SIZE];
    unsigned long depth = attributes->recursive ? MS_REC : 0;
    bool flags = attributes->set || attributes->clear;
    if (attributes->userns_fd > 0)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "idmapped mounts need mount_setattr (Linux 5.12)");
    if (flags && attributes->recursive)
        return error_set(error, ERROR_UNSUPPORTED, EOPNOTSUPP,
                         "recursive mount attributes need mount_setattr (Linux 5.12)");
    (void)fd_path(fd, path);
    if (flags) {
        uint64_t now = 0;
        int r = mount_attributes_now(fd, &now);
        if (r < 0)
            return error_errno(error, r, "statfs of a mount");
        now = (now & ~attributes->clear) | attributes->set;
        if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | mount_attributes_to_ms(now), NULL) < 0)
            return error_errno(error, errno, "remount with other attributes");
    }
    if (attributes->propagation &&
        mount(NULL, path, NULL, (unsigned long)attributes->propagation | depth, NULL) < 0)
        return error_errno(error, errno, "change the propagation of a mount");
    return 0;
}

static bool mount_attributes_empty(const MountAttributes *attributes)
{
    return !attributes->set && !attributes->clear && !attributes->propagation &&
           attributes->userns_fd <= 0;
}

int mount_change(int mount_fd, const MountAttributes *attributes, Error *error)
{
    MountAttributes wanted = *attributes;
    if (mount_attributes_empty(&wanted))
        return 0;
    if ((wanted.set | wanted.clear) & MOUNT_ATTR__ATIME)
        wanted.clear |= MOUNT_ATTR__ATIME;
    wanted.propagation &= ~(uint64_t)MS_REC;

    SyscallMountAttr attr = { .attr_set = wanted.set,
                              .attr_clr = wanted.clear,
                              .propagation = wanted.propagation };
    if (wanted.userns_fd > 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = (uint64_t)wanted.userns_fd;
    }
    unsigned flags = AT_EMPTY_PATH | (wanted.recursive ? AT_RECURSIVE : 0u);
    if (sys_mount_setattr(mount_fd, "", flags, &attr) == 0)
        return 0;
    int code = errno;
    if (mount_call_absent(code)) {
        Error second = { 0 };
        int r = mount_change_classic(mount_fd, &wanted, &second);
        if (r == 0)
            return 0;
        if (code == ENOSYS && r == -EINVAL) /* what mount(2) says to a detached mount */
            return error_set(error, ERROR_UNSUPPORTED, ENOSYS,
                             "change the attributes of a mount: this kernel has no mount_setattr "
                             "(Linux 5.12), or a filter hides it");
        if (code == ENOSYS && error)
            *error = second;
        if (code == ENOSYS)
            return r;
    }
    if (wanted.userns_fd > 0 && code == EINVAL)
        return error_errno(error, code, "idmap a mount (its filesystem may not support that)");
    return error_errno(error, code, "change the attributes of a mount: mount_setattr");
}

/* ---- attaching ---- */

int mount_attach(int mount_fd, int target_fd, Error *error)
{
    return mount_attach_at(mount_fd, target_fd, "", error);
}

int mount_attach_at(int mount_fd, int directory_fd, const char *name, Error *error)
{
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*name ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
    if (sys_move_mount(mount_fd, "", directory_fd, name, flags) < 0)
        return mount_call_error(errno, "move_mount", "attach a mount", "", error);
    return 0;
}

/*
 * The mount that now lies on target_fd, found by the target's own path: the descriptor itself still
 * means what is below. The path may be swapped by whoever can rename there, so the answer counts
 * only if it is the root of another mount, and of the very file that was bound.
 */
static int mount_reopen(int target_fd, int source_fd, Error *error)
{
    char link[FD_PATH_SIZE], path[PATH_MAX];
    ssize_t length = readlink(fd_path(target_fd, link), path, sizeof(path) - 1);
    if (length <= 0 || (size_t)length >= sizeof(path) - 1)
        return error_set(error, ERROR_SYSTEM, ENAMETOOLONG, "find a mount by its target");
    path[length] = '\0';

    int fd CLEANUP(fd_closep) = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat found, wanted;
    uint64_t id, id_below;
    if (fd < 0 || fstat(fd, &found) < 0 || (source_fd >= 0 && fstat(source_fd, &wanted) < 0))
        return error_errno(error, errno, "find a mount by its target %s", path);
    int r = mount_id(fd, &id, error);
    if (r == 0)
        r = mount_id(target_fd, &id_below, error);
    if (r < 0)
        return r;
    if (id == id_below ||
        (source_fd >= 0 && (found.st_dev != wanted.st_dev || found.st_ino != wanted.st_ino)))
        return error_set(error, ERROR_CONFLICT, EXDEV, "the mount target %s was replaced meanwhile",
                         path);
    return TAKE_FD(fd);
}

/* Words that mount(2) takes as flags of the filesystem and fsconfig as options. */
static const struct {
    const char *word;
    unsigned long set, clear;
} mount_superblock_words[] = {
    { "sync", MS_SYNCHRONOUS, 0 },    { "async", 0, MS_SYNCHRONOUS },
    { "dirsync", MS_DIRSYNC, 0 },     { "mand", MS_MANDLOCK, 0 },
    { "nomand", 0, MS_MANDLOCK },     { "lazytime", MS_LAZYTIME, 0 },
    { "nolazytime", 0, MS_LAZYTIME },
};

static bool mount_superblock_word(const char *word, unsigned long *flags)
{
    for (size_t i = 0; i < ARRAY_LEN(mount_superblock_words); i++) {
        if (!str_eq(word, mount_superblock_words[i].word))
            continue;
        *flags = (*flags | mount_superblock_words[i].set) & ~mount_superblock_words[i].clear;
        return true;
    }
    return false;
}

int mount_place_new(const MountRequest *request, int target_fd, Error *error)
{
    char target[FD_PATH_SIZE], data[MOUNT_DATA_MAX];
    unsigned long flags = mount_attributes_to_ms(request->attributes.set);
    size_t used = 0;
    data[0] = '\0';
    for (size_t i = 0; request->options && i < request->options->count; i++) {
        const char *word = request->options->items[i];
        if (mount_superblock_word(word, &flags))
            continue;
        used += (size_t)snprintf(data + used, sizeof(data) - used, "%s%s", used ? "," : "", word);
        if (used >= sizeof(data))
            return error_set(error, ERROR_LIMIT, E2BIG, "%s: more than one page of mount options",
                             request->type);
    }
    const char *source = request->source ? request->source : request->type;
    if (mount(source, fd_path(target_fd, target), request->type, flags, data) < 0)
        return error_errno(error, errno, "mount %s", request->type);
    return 0;
}

static int mount_place_new_classic(const MountRequest *request, int target_fd, Error *error)
{
    int r = mount_place_new(request, target_fd, error);
    return r < 0 ? r : mount_reopen(target_fd, -1, error);
}

static int mount_place_bind_classic(const MountRequest *request, int target_fd, Error *error)
{
    char source[FD_PATH_SIZE], target[FD_PATH_SIZE];
    unsigned long flags = MS_BIND | (request->recursive ? MS_REC : 0);
    if (mount(fd_path(request->source_fd, source), fd_path(target_fd, target), NULL, flags, NULL) <
        0)
        return error_errno(error, errno, "bind mount");
    return mount_reopen(target_fd, request->source_fd, error);
}

/* The detached mount of a request, not yet changed; fsmount has set a new one's attributes. */
static int mount_place_make(const MountRequest *request, Error *error)
{
    if (request->type)
        return mount_new(request->type, request->source, request->options, request->attributes.set,
                         error);
    return mount_clone(request->source_fd, "", request->recursive, error);
}

int mount_place(const MountRequest *request, int target_fd, Error *error)
{
    MountAttributes change = request->attributes;
    if (request->type)
        change.set = change.clear = 0;

    int fd CLEANUP(fd_closep) = mount_place_make(request, error);
    if (fd == -ENOSYS || fd == -EPERM) {
        Error second = { 0 };
        int first = fd;
        fd = request->type ? mount_place_new_classic(request, target_fd, &second)
                           : mount_place_bind_classic(request, target_fd, &second);
        if (fd < 0) {
            if (error && first == -ENOSYS)
                *error = second;
            return first == -ENOSYS ? fd : first;
        }
        int r = mount_change(fd, &change, error);
        return r < 0 ? r : TAKE_FD(fd);
    }
    if (fd < 0)
        return fd;

    /* Before Linux 5.12 attributes can only change once a mount is attached. */
    Error early = { 0 };
    int changed = mount_change(fd, &change, &early);
    if (changed < 0 && change.userns_fd > 0) {
        if (error)
            *error = early;
        return changed;
    }
    int r = mount_attach(fd, target_fd, error);
    if (r == 0 && changed < 0)
        r = mount_change(fd, &change, error);
    return r < 0 ? r : TAKE_FD(fd);
}

/* ---- the whole tree ---- */

/* A mount can be cloned as long as it is attached in our namespace. */
static int mount_check_detached(int fd, Error *error)
{
    int clone CLEANUP(fd_closep) =
        sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (clone >= 0)
        return error_set(error, ERROR_SYSTEM, EBUSY, "the old root is still there");
    return 0;
}

int mount_pivot(int new_root_fd, Error *error)
{
    int old_fd CLEANUP(fd_closep) = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old_fd < 0)
        return error_errno(error, errno, "open the old root");
    if (fchdir(new_root_fd) < 0)
        return error_errno(error, errno, "enter the new root");
    /* The old root comes to lie on top of the new one, at the same place: pivot_root(2), NOTES. */
    if (sys_pivot_root(".", ".") < 0)
        return error_errno(error, errno, "pivot_root%s",
                           errno == EINVAL ? " (the new root must be a mount, and no part of this "
                                             "may be shared; the old root must not be a ramfs)"
                                           : "");
    if (umount2(".", MNT_DETACH) < 0)
        return error_errno(error, errno, "detach the old root");
    if (chdir("/") < 0)
        return error_errno(error, errno, "enter the new root");
    return mount_check_detached(old_fd, error); /* it would be, if something lay on top of it */
}

int mount_enter_root(int new_root_fd, Error *error)
{
    if (fchdir(new_root_fd) < 0)
        return error_errno(error, errno, "enter the new root");
    if (chroot(".") < 0 || chdir("/") < 0)
        return error_errno(error, errno, "change the root");
    return 0;
}

int mount_detach(const char *path, Error *error)
{
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
        return error_errno(error, errno, "unmount %s", path);
    return 0;
}

int mount_set_propagation(const char *path, uint64_t propagation, Error *error)
{
    if (mount(NULL, path, NULL, (unsigned long)propagation, NULL) < 0)
        return error_errno(error, errno, "change the propagation of %s", path);
    return 0;
}

/* Linux before 5.8: the line "mnt_id:" of /proc/self/fdinfo/N. */
static int mount_id_classic(int fd, uint64_t *ret_id)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    int info CLEANUP(fd_closep) = open(path, O_RDONLY | O_CLOEXEC);
    if (info < 0)
        return -errno;
    ssize_t n = fd_read_text(info, text, sizeof(text));
    if (n < 0)
        return (int)n;
    char *line = strstr(text, "mnt_id:");
    if (!line)
        return -ENODATA;
    line += strlen("mnt_id:");
    line += strspn(line, " \t");
    line[strcspn(line, "\n")] = '\0';
    return str_to_u64(line, ret_id);
}

int mount_id(int fd, uint64_t *ret_id, Error *error)
{
    SyscallStatx st;
    if (sys_statx(fd, "", AT_EMPTY_PATH, SYSCALL_STATX_MNT_ID, &st) == 0 &&
        (st.mask & SYSCALL_STATX_MNT_ID)) {
        *ret_id = st.mnt_id;
        return 0;
    }
    int r = mount_id_classic(fd, ret_id);
    if (r < 0)
        return error_errno(error, r, "find the mount of a descriptor");
    return 0;
}

int mount_magic(int fd, uint64_t *ret_magic, Error *error)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return error_errno(error, errno, "statfs");
    *ret_magic = (uint64_t)fs.f_type;
    return 0;
}
