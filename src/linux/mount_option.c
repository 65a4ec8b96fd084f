/*
 * The words of runtime-spec config.md#mounts, one row each. What is not here, or marked as data, is
 * for the filesystem: fsconfig takes "sync" as it takes "mode=755".
 *
 * The trap: an atime word replaces a field, so each clears all of MOUNT_ATTR__ATIME; "norelatime"
 * and "nostrictatime" fall back to the kernel's default, which is relatime.
 */
#include "linux/mount_option.h"

#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "linux/syscalls.h"

typedef enum MountWordKind {
    MOUNT_WORD_SET,
    MOUNT_WORD_CLEAR,
    MOUNT_WORD_ATIME, /* value is the new state of the field */
    MOUNT_WORD_PROPAGATION,
    MOUNT_WORD_EXTRA,
    MOUNT_WORD_NOTHING, /* known and without effect */
    MOUNT_WORD_DATA,    /* known, and the filesystem's to take */
} MountWordKind;

/* word, kind, value, 1 for a word that means the whole tree */
#define MOUNT_WORDS(X)                                  \
    X("acl", NOTHING, 0, 0)                             \
    X("async", DATA, 0, 0)                              \
    X("atime", ATIME, MOUNT_ATTR_RELATIME, 0)           \
    X("bind", EXTRA, MOUNT_OPTION_BIND, 0)              \
    X("copy-symlink", EXTRA, MOUNT_OPTION_COPY_LINK, 0) \
    X("defaults", NOTHING, 0, 0)                        \
    X("dest-nofollow", EXTRA, MOUNT_OPTION_ON_LINK, 0)  \
    X("dev", CLEAR, MOUNT_ATTR_NODEV, 0)                \
    X("diratime", CLEAR, MOUNT_ATTR_NODIRATIME, 0)      \
    X("dirsync", DATA, 0, 0)                            \
    X("exec", CLEAR, MOUNT_ATTR_NOEXEC, 0)              \
    X("idmap", EXTRA, MOUNT_OPTION_IDMAP, 0)            \
    X("iversion", NOTHING, 0, 0)                        \
    X("lazytime", DATA, 0, 0)                           \
    X("loud", NOTHING, 0, 0)                            \
    X("mand", DATA, 0, 0)                               \
    X("noacl", NOTHING, 0, 0)                           \
    X("noatime", ATIME, MOUNT_ATTR_NOATIME, 0)          \
    X("nodev", SET, MOUNT_ATTR_NODEV, 0)                \
    X("nodiratime", SET, MOUNT_ATTR_NODIRATIME, 0)      \
    X("noexec", SET, MOUNT_ATTR_NOEXEC, 0)              \
    X("noiversion", NOTHING, 0, 0)                      \
    X("nolazytime", DATA, 0, 0)                         \
    X("nomand", DATA, 0, 0)                             \
    X("norelatime", ATIME, MOUNT_ATTR_RELATIME, 0)      \
    X("nostrictatime", ATIME, MOUNT_ATTR_RELATIME, 0)   \
    X("nosuid", SET, MOUNT_ATTR_NOSUID, 0)              \
    X("nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, 0)    \
    X("private", PROPAGATION, MS_PRIVATE, 0)            \
    X("ratime", ATIME, MOUNT_ATTR_RELATIME, 1)          \
    X("rbind", EXTRA, MOUNT_OPTION_RBIND, 0)            \
    X("rdev", CLEAR, MOUNT_ATTR_NODEV, 1)               \
    X("rdiratime", CLEAR, MOUNT_ATTR_NODIRATIME, 1)     \
    X("relatime", ATIME, MOUNT_ATTR_RELATIME, 0)        \
    X("remount", EXTRA, MOUNT_OPTION_REMOUNT, 0)        \
    X("rexec", CLEAR, MOUNT_ATTR_NOEXEC, 1)             \
    X("ridmap", EXTRA, MOUNT_OPTION_RIDMAP, 0)          \
    X("rnoatime", ATIME, MOUNT_ATTR_NOATIME, 1)         \
    X("rnodev", SET, MOUNT_ATTR_NODEV, 1)               \
    X("rnodiratime", SET, MOUNT_ATTR_NODIRATIME, 1)     \
    X("rnoexec", SET, MOUNT_ATTR_NOEXEC, 1)             \
    X("rnorelatime", ATIME, MOUNT_ATTR_RELATIME, 1)     \
    X("rnostrictatime", ATIME, MOUNT_ATTR_RELATIME, 1)  \
    X("rnosuid", SET, MOUNT_ATTR_NOSUID, 1)             \
    X("rnosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, 1)   \
    X("ro", SET, MOUNT_ATTR_RDONLY, 0)                  \
    X("rprivate", PROPAGATION, MS_PRIVATE, 1)           \
    X("rrelatime", ATIME, MOUNT_ATTR_RELATIME, 1)       \
    X("rro", SET, MOUNT_ATTR_RDONLY, 1)                 \
    X("rrw", CLEAR, MOUNT_ATTR_RDONLY, 1)               \
    X("rshared", PROPAGATION, MS_SHARED, 1)             \
    X("rslave", PROPAGATION, MS_SLAVE, 1)               \
    X("rstrictatime", ATIME, MOUNT_ATTR_STRICTATIME, 1) \
    X("rsuid", CLEAR, MOUNT_ATTR_NOSUID, 1)             \
    X("rsymfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, 1)   \
    X("runbindable", PROPAGATION, MS_UNBINDABLE, 1)     \
    X("rw", CLEAR, MOUNT_ATTR_RDONLY, 0)                \
    X("shared", PROPAGATION, MS_SHARED, 0)              \
    X("silent", NOTHING, 0, 0)                          \
    X("slave", PROPAGATION, MS_SLAVE, 0)                \
    X("src-nofollow", EXTRA, MOUNT_OPTION_OF_LINK, 0)   \
    X("strictatime", ATIME, MOUNT_ATTR_STRICTATIME, 0)  \
    X("suid", CLEAR, MOUNT_ATTR_NOSUID, 0)              \
    X("symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, 0)    \
    X("sync", DATA, 0, 0)                               \
    X("tmpcopyup", EXTRA, MOUNT_OPTION_TMPCOPYUP, 0)    \
    X("unbindable", PROPAGATION, MS_UNBINDABLE, 0)

typedef struct MountWord {
    const char *word;
    MountWordKind kind;
    uint64_t value;
    bool recursive;
} MountWord;

#define MOUNT_WORD_ROW(word, kind, value, recursive)  { word, MOUNT_WORD_##kind, value, recursive },
#define MOUNT_WORD_NAME(word, kind, value, recursive) word,

static const MountWord mount_word_table[] = { MOUNT_WORDS(MOUNT_WORD_ROW) };
static const char *const mount_word_names[] = { MOUNT_WORDS(MOUNT_WORD_NAME) NULL };

const char *const *mount_option_names(void)
{
    return mount_word_names;
}

static MountOption mount_option_of(const MountWord *row)
{
    MountOption option = { 0 };
    uint64_t set = 0, clear = 0;
    switch (row->kind) {
    case MOUNT_WORD_SET: set = row->value; break;
    case MOUNT_WORD_CLEAR: clear = row->value; break;
    case MOUNT_WORD_ATIME:
        set = row->value;
        clear = MOUNT_ATTR__ATIME;
        break;
    case MOUNT_WORD_PROPAGATION:
        option.propagation = row->value | (row->recursive ? MS_REC : 0);
        break;
    case MOUNT_WORD_EXTRA: option.extra = row->value; break;
    case MOUNT_WORD_NOTHING:
    case MOUNT_WORD_DATA: break;
    }
    if (row->recursive) {
        option.rec_set = set;
        option.rec_clear = clear;
    } else {
        option.set = set;
        option.clear = clear;
    }
    return option;
}

bool mount_option_lookup(const char *word, MountOption *ret_option)
{
    for (size_t i = 0; i < ARRAY_LEN(mount_word_table); i++) {
        const MountWord *row = &mount_word_table[i];
        if (!str_eq(word, row->word))
            continue;
        if (row->kind == MOUNT_WORD_DATA)
            return false;
        *ret_option = mount_option_of(row);
        return true;
    }
    return false;
}
