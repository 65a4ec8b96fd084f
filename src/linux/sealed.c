/*
 * The running program, executed anew from something nobody can write.
 *
 * First rung: a detached clone of the one file's mount, made read-only. No namespace holds it, so
 * nobody can remount it, and whoever opens /proc/PID/exe opens it through that mount. Second rung,
 * without CAP_SYS_ADMIN or open_tree: a copy in a memfd, sealed against writing.
 *
 * The trap: the check and the making must agree, or the program would execute itself for ever; that
 * is what the tests run first.
 */
#include "linux/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "linux/mount.h"
#include "linux/syscalls.h"

#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 0x0002U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SEAL   0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW   0x0004
#define F_SEAL_WRITE  0x0008
#endif

#define SEALED_PROGRAM "AMBIT_PROGRAM="
#define SEALED_KEPT    "AMBIT_SEALED="

enum { SEALED_VARIABLES_MAX = 512 };

static const char sealed_exe[] = "/proc/self/exe";

bool sealed_already(void)
{
    enum { STATFS_RDONLY = 1 };
    struct statfs fs;
    if (statfs(sealed_exe, &fs) < 0)
        return false;
    if (fs.f_flags & STATFS_RDONLY)
        return true;
    if (fs.f_type != TMPFS_MAGIC) /* what a memfd lies on */
        return false;
    int fd CLEANUP(fd_closep) = open(sealed_exe, O_RDONLY | O_CLOEXEC);
    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE);
}

static int sealed_from_mount(void)
{
    int fd CLEANUP(fd_closep) =
        sys_open_tree(AT_FDCWD, sealed_exe, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return -errno;
    const SyscallMountAttr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
    if (sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int sealed_memfd(void)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = (int)syscall(SYS_memfd_create, "ambit", flags | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = (int)syscall(SYS_memfd_create, "ambit", flags);
    return fd < 0 ? -errno : fd;
}

static int sealed_from_copy(void)
{
    struct stat st;
    int source CLEANUP(fd_closep) = open(sealed_exe, O_RDONLY | O_CLOEXEC);
    int copy CLEANUP(fd_closep) = sealed_memfd();
    if (source < 0 || fstat(source, &st) < 0)
        return -errno;
    if (copy < 0)
        return copy;
    for (off_t done = 0; done < st.st_size;) {
        ssize_t n = sendfile(copy, source, &done, (size_t)(st.st_size - done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
    }
    if (fchmod(copy, 0555) < 0 ||
        fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return -errno;
    return TAKE_FD(copy);
}

/* What the program is told beyond its environment. */
typedef struct SealedWord {
    char *variables[SEALED_VARIABLES_MAX + 3]; /* the environment, both texts, NULL */
    char path[sizeof(SEALED_PROGRAM) + PATH_MAX];
    char kept[64];
} SealedWord;

/*
 * AMBIT_PROGRAM: the programs and files that belong to ours are found beside it (base/companion.h).
 * AMBIT_SEALED: "PID:FD" of the mount, if it is kept; the process id stays, and tells a value that
 * was inherited from ours. No heap is made for it: that would be four system calls at each start.
 */
static char **sealed_environment(SealedWord *word)
{
    size_t count = 0;
    for (char **variable = environ; *variable; variable++) {
        if (count == SEALED_VARIABLES_MAX)
            return environ; /* all of the caller's: helpers are looked for where installed */
        if (!str_starts(*variable, SEALED_PROGRAM) && !str_starts(*variable, SEALED_KEPT))
            word->variables[count++] = *variable;
    }
    const size_t begin = strlen(SEALED_PROGRAM);
    if (readlink(sealed_exe, word->path + begin, PATH_MAX) > 0) {
        memcpy(word->path, SEALED_PROGRAM, begin);
        word->variables[count++] = word->path;
    }
    if (*word->kept)
        word->variables[count++] = word->kept;
    return word->variables;
}

/*
 * Letting go of the mount waits for an RCU grace period, even though the program that runs holds it
 * too. Kept beyond the exec, that is done when there is time. High, where the descriptors that a
 * container inherits do not reach, but within the table's first size.
 */
static int sealed_keep(int fd, SealedWord *word)
{
    enum { PLACE = 63 };
    int high = fcntl(fd, F_DUPFD, PLACE);
    if (high >= 0)
        (void)snprintf(word->kept, sizeof(word->kept), SEALED_KEPT "%d:%d", (int)getpid(), high);
    return high;
}

int sealed_exec(char *const argv[], bool keep, Error *error)
{
    SealedWord word;
    memset(&word, 0, sizeof(word));
    int kept_fd CLEANUP(fd_closep) = -1;
    int fd CLEANUP(fd_closep) = sealed_from_mount();
    if (fd >= 0 && keep)
        kept_fd = sealed_keep(fd, &word);
    if (fd < 0)
        fd = sealed_from_copy();
    if (fd < 0)
        return error_errno(error, fd, "make a sealed copy of the running program");
    (void)syscall(SYS_execveat, fd, "", argv, sealed_environment(&word), AT_EMPTY_PATH);
    return error_errno(error, errno, "execute the sealed copy of the running program");
}

int sealed_take(void)
{
    const char *kept = getenv("AMBIT_SEALED");
    char ours[16];
    uint32_t fd;
    (void)snprintf(ours, sizeof(ours), "%d:", (int)getpid());
    if (!kept || !str_starts(kept, ours) || str_to_u32(kept + strlen(ours), &fd) < 0 ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return (int)fd;
}
