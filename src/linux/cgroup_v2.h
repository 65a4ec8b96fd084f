/*
 * The names and values that limits have in cgroup v2.
 */
#pragma once

#include "linux/cgroup_setting.h"

/*
 * v1's shares (2 to 262144) as v2's weight (1 to 10000) on the curve that runc (since 1.3.2) and
 * crun (since 1.23) use: ends on ends, and the usual 1024 becomes the usual 100. Before, the three
 * pairs could not all be met by a straight line, and 1024 became 39. Out of range: the nearest end.
 */
uint64_t cgroup_v2_weight_from_shares(int64_t shares);
/* blkio's weight (10 to 1000) as io.weight (1 to 10000): a straight line. */
uint64_t cgroup_v2_io_weight(int64_t weight);

/* cgroup_limit_translate and cgroup_device_limit_translate for v2. */
int cgroup_v2_translate(const CgroupLimit *limit, Arena *arena, CgroupSetting **ret_settings,
                        size_t *ret_count, Error *error) MUST_CHECK;
int cgroup_v2_translate_device(const CgroupDeviceLimit *limit, Arena *arena,
                               CgroupSetting **ret_settings, size_t *ret_count, Error *error)
    MUST_CHECK;
