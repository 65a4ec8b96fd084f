/*
 * One ruleset with at most one rule. The invariant: everything that this kernel can restrict is
 * handled, so that a newer kernel restricts more.
 *
 * The trap: the size of the attributes is part of the interface. A kernel refuses bits that it does
 * not know, so what is asked for is cut to its version.
 */
#include "linux/landlock.h"

#include <errno.h>
#include <stddef.h>

#include "base/fd.h"
#include "linux/syscalls.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

/* struct landlock_ruleset_attr as of version 6; older kernels take a shorter one. */
typedef struct LandlockRuleset {
    uint64_t files, network, scope;
} LandlockRuleset;

typedef struct LandlockBeneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed)) LandlockBeneath;

enum {
    LANDLOCK_ASK_VERSION = 1,
    LANDLOCK_VERSION_MIN = 2,
    LANDLOCK_RULE_BENEATH = 1,
    LANDLOCK_NET_BIND = 1,

    LANDLOCK_FS_WRITE_FILE = 1 << 1,
    LANDLOCK_FS_READ_FILE = 1 << 2,
    LANDLOCK_FS_READ_DIR = 1 << 3,
    LANDLOCK_FS_REMOVE_DIR = 1 << 4,
    LANDLOCK_FS_REMOVE_FILE = 1 << 5,
    LANDLOCK_FS_MAKE_CHAR = 1 << 6,
    LANDLOCK_FS_MAKE_DIR = 1 << 7,
    LANDLOCK_FS_MAKE_REG = 1 << 8,
    LANDLOCK_FS_MAKE_FIFO = 1 << 10,
    LANDLOCK_FS_MAKE_SYM = 1 << 12,
    LANDLOCK_FS_REFER = 1 << 13,
    LANDLOCK_FS_TRUNCATE = 1 << 14,

    LANDLOCK_READING = LANDLOCK_FS_READ_FILE | LANDLOCK_FS_READ_DIR,
    LANDLOCK_WRITING = LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_REMOVE_DIR | LANDLOCK_FS_REMOVE_FILE |
                       LANDLOCK_FS_MAKE_CHAR | LANDLOCK_FS_MAKE_DIR | LANDLOCK_FS_MAKE_REG |
                       LANDLOCK_FS_MAKE_FIFO | LANDLOCK_FS_MAKE_SYM | LANDLOCK_FS_REFER |
                       LANDLOCK_FS_TRUNCATE,
};

static int landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASK_VERSION);
    return version < 0 ? 0 : (int)version;
}

/* Everything that the version knows: files 13 bits, then one or two more; network 2; scopes 2. */
static size_t landlock_everything(int version, LandlockRuleset *ret)
{
    static const unsigned files[] = { [2] = 14, [3] = 15, [4] = 15, [5] = 16 };
    *ret = (LandlockRuleset){
        .files = (1U << files[version < 5 ? version : 5]) - 1,
        .network = version >= 4 ? 3 : 0,
        .scope = version >= 6 ? 3 : 0,
    };
    if (version >= 6)
        return sizeof(*ret);
    return version >= 4 ? offsetof(LandlockRuleset, scope) : offsetof(LandlockRuleset, network);
}

static int landlock_allow(int ruleset, int tree_fd, uint64_t allowed, Error *error)
{
    LandlockBeneath rule = { .allowed = allowed, .parent_fd = tree_fd };
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_BENEATH, &rule, 0) < 0)
        return error_errno(error, errno, "landlock: rule");
    return 0;
}

int landlock_confine(int tree_fd, unsigned allowed, Error *error)
{
    int version = landlock_version();
    if (version < LANDLOCK_VERSION_MIN)
        return 1;
    LandlockRuleset everything;
    size_t size = landlock_everything(version, &everything);
    if (allowed & LANDLOCK_CONNECT)
        everything.network &= LANDLOCK_NET_BIND;
    int ruleset CLEANUP(fd_closep) =
        (int)syscall(SYS_landlock_create_ruleset, &everything, size, 0);
    if (ruleset < 0)
        return error_errno(error, errno, "landlock");
    uint64_t rights = (allowed & LANDLOCK_READ ? LANDLOCK_READING : 0) |
                      (allowed & LANDLOCK_WRITE ? LANDLOCK_WRITING : 0);
    int r = tree_fd >= 0 && rights
                ? landlock_allow(ruleset, tree_fd, rights & everything.files, error)
                : 0;
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = error_errno(error, errno, "landlock: restrict");
    return r;
}
