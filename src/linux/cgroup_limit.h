/*
 * Limiting a cgroup: what limits (cgroup_setting.h) become in the files of v1 and v2, and writing
 * it.
 *
 * Translation is pure (cgroup_limit_translate) and yields a list of settings, so that it can be
 * shown and tested without a kernel; applying is one loop over that list.
 */
#pragma once

#include "linux/cgroup.h"
#include "linux/cgroup_setting.h"

/* Which controllers the limits need: CGROUP_BITs. */
uint32_t cgroup_limit_controllers(const CgroupLimit *limit);

/*
 * For a change of some limits: what the kernel wants together (quota with period, memory with the
 * sum of memory and swap) and `limit` has one of, is completed from the limits `before`. A period
 * alone would otherwise take the quota away (v2's cpu.max). No limit of memory takes that of the
 * sum with it, so it is not completed.
 */
void cgroup_limit_complete(CgroupLimit *limit, const CgroupLimit *before);

/*
 * What the limits are in the files of `mode` (CGROUP_V2, or v1 for the others), in the order of
 * writing. ERROR_USAGE for values that contradict each other, ERROR_UNSUPPORTED for what this
 * version of cgroups cannot promise. The array lives in the arena.
 */
int cgroup_limit_translate(const CgroupLimit *limit, CgroupMode mode, Arena *arena,
                           CgroupSetting **ret_settings, size_t *ret_count, Error *error)
    MUST_CHECK;
/* What translation leaves out without an error, a line for people each, which begins with the name
 * that it has in linux.resources. */
void cgroup_limit_notes(const CgroupLimit *limit, CgroupMode mode, Arena *arena,
                        StrList *ret_notes);

/*
 * Translates and writes. Values which the kernel refuses only because of another one's present
 * value (memory above the old memory + swap, quota below the old burst) are tried again after the
 * others. On failure the settings before the failing one stay.
 */
int cgroup_limit_apply(const Cgroup *cgroup, const CgroupLimit *limit, Error *error) MUST_CHECK;

int cgroup_device_limit_translate(const CgroupDeviceLimit *limit, CgroupMode mode, Arena *arena,
                                  CgroupSetting **ret_settings, size_t *ret_count, Error *error)
    MUST_CHECK;
int cgroup_device_limit_apply(const Cgroup *cgroup, const CgroupDeviceLimit *limit, Error *error)
    MUST_CHECK;

/* `page_size` is the kernel's word, "2MB" or "1GB"; reservations are limited as well where the
 * kernel can (5.7). */
int cgroup_limit_hugetlb(const Cgroup *cgroup, const char *page_size, uint64_t bytes, Error *error)
    MUST_CHECK;
/* -1: no limit. `device` as in /sys/class/infiniband. */
int cgroup_limit_rdma(const Cgroup *cgroup, const char *device, int64_t handles, int64_t objects,
                      Error *error) MUST_CHECK;
/* v1 only: the class id of packets, and the priority on one interface. */
int cgroup_limit_net_class(const Cgroup *cgroup, uint32_t class_id, Error *error) MUST_CHECK;
int cgroup_limit_net_priority(const Cgroup *cgroup, const char *interface, uint32_t priority,
                              Error *error) MUST_CHECK;
/*
 * One entry of runtime-spec's linux.resources.unified. v2 only. `file` must be CONTROLLER.NAME of
 * a limit: no '/', and none of cgroup.* (CVE-2023-6476: the caller's words choose the file).
 */
int cgroup_limit_unified(const Cgroup *cgroup, const char *file, const char *value, Error *error)
    MUST_CHECK;
/* The controllers which such a key needs: a CGROUP_BIT, or 0 if it has none. */
uint32_t cgroup_limit_unified_controller(const char *file);
