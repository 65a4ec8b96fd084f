/*
 * Rules for the use of device nodes (runtime-spec config-linux.md#allowed-device-list), without a
 * kernel.
 *
 * Their meaning, the same with v1 and v2: for each of read, write and mknod the last rule that
 * matches the device decides; where none matches, access is denied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    CGROUP_DEVICE_ANY = -1,
    CGROUP_DEVICE_RULE_SIZE = 48, /* of a buffer for "c 4294967295:4294967295 rwm" */
};

typedef struct CgroupDeviceRule {
    bool allow;
    char type;            /* 'b', 'c'; 'a': both */
    int64_t major, minor; /* CGROUP_DEVICE_ANY: all */
    bool read, write, mknod;
} CgroupDeviceRule;

/* What v1 can express: a default and the exceptions to it, all of the other verdict. Its kernel is
 * stricter in one case: opening for reading and writing needs one exception with both. */
typedef struct CgroupDeviceSet {
    bool allow_all;               /* the default verdict */
    CgroupDeviceRule *exceptions; /* in the arena */
    size_t count;
} CgroupDeviceSet;
int cgroup_device_rules_reduce(const CgroupDeviceRule *rules, size_t count, Arena *arena,
                               CgroupDeviceSet *ret_set, Error *error) MUST_CHECK;

/* The verdict of the rules for one access: for `explain` and as the tests' oracle. */
bool cgroup_device_rules_allow(const CgroupDeviceRule *rules, size_t count,
                               const CgroupDeviceRule *access);
/* A rule for all devices and all access, of either verdict: those before it have no effect. */
bool cgroup_device_rule_is_everything(const CgroupDeviceRule *rule);
/* Type and numbers within their bounds: 0, or ERROR_USAGE. */
int cgroup_device_rule_check(const CgroupDeviceRule *rule, Error *error) MUST_CHECK;
/* The same devices, whatever the access. */
bool cgroup_device_rule_same(const CgroupDeviceRule *a, const CgroupDeviceRule *b);
bool cgroup_device_rule_has_access(const CgroupDeviceRule *rule);
void cgroup_device_rule_remove_access(CgroupDeviceRule *from, const CgroupDeviceRule *what);
/* "c 1:* rwm", as the kernel writes it; returns the buffer. */
const char *cgroup_device_rule_print(const CgroupDeviceRule *rule,
                                     char buffer[CGROUP_DEVICE_RULE_SIZE]);
