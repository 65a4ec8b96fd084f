/*
 * The names and values that limits have in cgroup v1.
 */
#pragma once

#include "linux/cgroup_setting.h"

/* cgroup_limit_translate and cgroup_device_limit_translate for v1. */
int cgroup_v1_translate(const CgroupLimit *limit, Arena *arena, CgroupSetting **ret_settings,
                        size_t *ret_count, Error *error) MUST_CHECK;
int cgroup_v1_translate_device(const CgroupDeviceLimit *limit, Arena *arena,
                               CgroupSetting **ret_settings, size_t *ret_count, Error *error)
    MUST_CHECK;
