/*
 * linux.resources of a spec, translated to the kernel layer's terms. Pure.
 */
#pragma once

#include "linux/cgroup_devices.h"
#include "linux/cgroup_limit.h"
#include "spec/spec.h"

int resources_limit(const SpecResources *resources, CgroupLimit *ret_limit, Error *error)
    MUST_CHECK;
/* Limits per block device; the array lives in the arena. */
int resources_device_limits(const SpecResources *resources, Arena *arena,
                            CgroupDeviceLimit **ret_limits, size_t *ret_count, Error *error)
    MUST_CHECK;
CgroupDeviceRule resources_device_rule(const SpecDeviceRule *rule);
/* Controllers that what is not in a CgroupLimit needs: CGROUP_BITs. */
uint32_t resources_controllers(const SpecResources *resources);
/* Is there any of hugepageLimits, rdma, network, unified? */
bool resources_has_more(const SpecResources *resources);
/* Writes them; errors name the member. */
int resources_apply_more(const Cgroup *cgroup, const SpecResources *resources, Error *error)
    MUST_CHECK;
