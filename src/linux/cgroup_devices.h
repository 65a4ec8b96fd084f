/*
 * Which device nodes may be used in a cgroup: devices.allow and devices.deny on v1, an eBPF program
 * of type BPF_PROG_TYPE_CGROUP_DEVICE on v2 (Linux 4.15).
 */
#pragma once

#include "linux/cgroup.h"
#include "linux/cgroup_device_rule.h"

/*
 * Replaces what the cgroup allows by `rules`, first to last; what is allowed before and after is
 * allowed all the time (but when v1 goes from allowing by default to a list). v1 cannot express a
 * rule that takes a part out of an earlier one
 * ("allow c 1:*, deny c 1:3"): ERROR_UNSUPPORTED names it. v2: replaces the program an earlier call
 * attached, and leaves those of others (systemd) alone: access needs the consent of all.
 */
int cgroup_devices_apply(const Cgroup *cgroup, const CgroupDeviceRule *rules, size_t count,
                         Error *error) MUST_CHECK;
