/*
 * Capabilities by their bare system calls: capget and capset have no wrapper in the C libraries,
 * and libcap would be one more library for six calls.
 *
 * The kernel's newest capability is found by asking, not by reading /proc/sys: it works without a
 * procfs and where somebody mounted something over it. Trap: prctl answers EINVAL both for a number
 * it does not know and for some misuse, so each such answer is checked to mean the former.
 */
#include "linux/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const capability_names[] = {
    [CAP_CHOWN] = "CAP_CHOWN",
    [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
    [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
    [CAP_FOWNER] = "CAP_FOWNER",
    [CAP_FSETID] = "CAP_FSETID",
    [CAP_KILL] = "CAP_KILL",
    [CAP_SETGID] = "CAP_SETGID",
    [CAP_SETUID] = "CAP_SETUID",
    [CAP_SETPCAP] = "CAP_SETPCAP",
    [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
    [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
    [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
    [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
    [CAP_NET_RAW] = "CAP_NET_RAW",
    [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
    [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
    [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
    [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
    [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
    [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
    [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
    [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
    [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
    [CAP_SYS_NICE] = "CAP_SYS_NICE",
    [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
    [CAP_SYS_TIME] = "CAP_SYS_TIME",
    [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
    [CAP_MKNOD] = "CAP_MKNOD",
    [CAP_LEASE] = "CAP_LEASE",
    [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
    [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
    [CAP_SETFCAP] = "CAP_SETFCAP",
    [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
    [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
    [CAP_SYSLOG] = "CAP_SYSLOG",
    [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
    [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
    [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
    [CAP_PERFMON] = "CAP_PERFMON",
    [CAP_BPF] = "CAP_BPF",
    [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

enum { PREFIX = 4 /* "CAP_" */, NUMBER_MAX = 63 };

int capability_from_name(const char *name)
{
    if (!name)
        return CAPABILITY_INVALID;
    if (strncasecmp(name, "CAP_", PREFIX) == 0)
        name += PREFIX;
    for (size_t i = 0; i < ARRAY_LEN(capability_names); i++) {
        if (strcasecmp(name, capability_names[i] + PREFIX) == 0)
            return (int)i;
    }
    return CAPABILITY_INVALID;
}

const char *capability_name(int capability)
{
    bool known = capability >= 0 && (size_t)capability < ARRAY_LEN(capability_names);
    return known ? capability_names[capability] : NULL;
}

static bool capability_exists(int capability)
{
    return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
}

/* The highest number this kernel knows; -1 without capabilities (CONFIG_MULTIUSER=n). */
static int capability_last(void)
{
    int low = -1, high = NUMBER_MAX + 1; /* low exists, high does not */
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (capability_exists(middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint64_t capability_all(void)
{
    int last = capability_last();
    return last < 0 ? 0 : UINT64_MAX >> (NUMBER_MAX - last);
}

void capability_print(uint64_t set, StrBuf *ret_text)
{
    const char *separator = "";
    for (int i = 0; i <= NUMBER_MAX; i++) {
        if (!(set >> i & 1))
            continue;
        strbuf_add(ret_text, separator);
        separator = ",";
        if (!capability_name(i)) {
            strbuf_printf(ret_text, "%d", i);
            continue;
        }
        for (const char *p = capability_name(i) + PREFIX; *p; p++)
            strbuf_add_char(ret_text, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
    }
}

int capability_apply_bounding(const CapabilitySets *sets, Error *error)
{
    for (int i = 0; i <= NUMBER_MAX; i++) {
        if (sets->bounding >> i & 1)
            continue;
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
            continue;
        int code = errno;
        int present = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (present < 0)
            break; /* above the newest: done */
        if (present)
            return error_errno(error, code, "drop %s from the bounding set",
                               capability_name(i) ? capability_name(i) : "a capability");
    }
    return 0;
}

static int capability_set(const CapabilitySets *sets, Error *error)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        { (uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable },
        { (uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32),
          (uint32_t)(sets->inheritable >> 32) },
    };
    if (syscall(SYS_capset, &header, data) == 0)
        return 0;
    int code = errno;
    if (sets->effective & ~sets->permitted)
        return error_set(error, ERROR_DENIED, code,
                         "set capabilities: the effective set is not within the permitted one");
    return error_errno(error, code, "set capabilities");
}

int capability_apply(const CapabilitySets *sets, Error *error)
{
    int r = capability_set(sets, error);
    if (r < 0)
        return r;
    /* EINVAL: no ambient set before Linux 4.3, so there is nothing to clear either. */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
        return error_errno(error, errno, "clear the ambient capabilities");
    uint64_t ambient = sets->ambient & sets->permitted & sets->inheritable;
    for (int i = 0; i <= NUMBER_MAX; i++) {
        if (!(ambient >> i & 1))
            continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) == 0)
            continue;
        if (errno != EINVAL || capability_exists(i))
            return error_errno(error, errno, "raise %s to the ambient set",
                               capability_name(i) ? capability_name(i) : "a capability");
    }
    return 0;
}

static int capability_get_three(CapabilitySets *ret_sets)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    *ret_sets = (CapabilitySets){
        .effective = data[0].effective | (uint64_t)data[1].effective << 32,
        .permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
        .inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
    };
    return 0;
}

int capability_use_permitted(Error *error)
{
    CapabilitySets sets = { 0 };
    if (capability_get_three(&sets) == 0 && sets.effective == sets.permitted)
        return 0;
    sets.effective = sets.permitted;
    return capability_set(&sets, error);
}

bool capability_have(int capability)
{
    CapabilitySets sets = { 0 };
    return capability >= 0 && capability_get_three(&sets) == 0 && sets.effective >> capability & 1;
}

int capability_get(CapabilitySets *ret_sets, Error *error)
{
    CapabilitySets sets = { 0 };
    int r = capability_get_three(&sets);
    if (r < 0)
        return error_errno(error, r, "read the capabilities");
    for (int i = 0; i <= NUMBER_MAX; i++) {
        int present = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (present < 0)
            break;
        if (present)
            sets.bounding |= 1ULL << i;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
            sets.ambient |= 1ULL << i;
    }
    *ret_sets = sets;
    return 0;
}

int capability_keep(bool keep, Error *error)
{
    if (prctl(PR_SET_KEEPCAPS, keep, 0, 0, 0) < 0)
        return error_errno(error, errno, "keep capabilities over a change of ids");
    return 0;
}
