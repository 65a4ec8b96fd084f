/*
 * Device rules as an eBPF program, for cgroup v2: bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE.
 */
#pragma once

#include "linux/cgroup_device_rule.h"

struct bpf_insn;

/*
 * The program for these rules, in the arena. `*ret_count` is 0 when the rules allow everything, so
 * that no program is needed.
 */
int cgroup_devices_bpf_compile(const CgroupDeviceRule *rules, size_t count, Arena *arena,
                               struct bpf_insn **ret_program, size_t *ret_count, Error *error)
    MUST_CHECK;

/* Compiles, loads and attaches, in place of the programs of earlier calls. */
int cgroup_devices_bpf_apply(int directory, const CgroupDeviceRule *rules, size_t count,
                             Error *error) MUST_CHECK;
