/*
 * Which device nodes may be used in a cgroup: devices.allow and devices.deny on v1, an eBPF program
 * of type BPF_PROG_TYPE_CGROUP_DEVICE on v2 (Linux 4.15).
 *
 * Meaning of the rules, the same on both: for each of read, write and mknod the last rule that
 * matches the device decides; where none matches, access is denied.
 */
#pragma once

#include "linux/cgroup.h"

enum { CGROUP_DEVICE_ANY = -1 };

typedef struct CgroupDeviceRule {
    bool allow;
    char type;            /* 'b', 'c'; 'a': both */
    int64_t major, minor; /* CGROUP_DEVICE_ANY: all */
    bool read, write, mknod;
} CgroupDeviceRule;

/*
 * Replaces what the cgroup allows by `rules`, first to last; what is allowed before and after is
 * allowed all the time. v1 cannot express a rule that takes a part out of an earlier one
 * ("allow c 1:*, deny c 1:3"): ERROR_UNSUPPORTED names it. v2: replaces the program an earlier call
 * attached, and leaves those of others (systemd) alone: access needs the consent of all.
 */
int cgroup_devices_apply(const Cgroup *cgroup, const CgroupDeviceRule *rules, size_t count,
                         Error *error) MUST_CHECK;

/* The pure part for v1: a default and the exceptions to it, all of the other verdict. */
typedef struct CgroupDeviceSet {
    bool allow_all;               /* the default verdict */
    CgroupDeviceRule *exceptions; /* in the arena */
    size_t count;
} CgroupDeviceSet;
int cgroup_devices_reduce(const CgroupDeviceRule *rules, size_t count, Arena *arena,
                          CgroupDeviceSet *ret_set, Error *error) MUST_CHECK;

/* The verdict of the rules for one access: for `explain` and as the tests' oracle. */
bool cgroup_devices_allowed(const CgroupDeviceRule *rules, size_t count,
                            const CgroupDeviceRule *access);
