#!/usr/bin/env bats
# How the kernel treats a container's process: scheduler, I/O priority, CPUs, memory nodes and
# personality (runtime-spec config.md#linux-process, config-linux.md#memory-policy, #personality).

load lib
load oci

teardown() {
    delete_all
}

# The numbers of x86-64.
GETPRIORITY=140 GETSCHEDULER=145 IOPRIO_GET=252 PERSONALITY=135
IDMAP='.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'

@test "scheduler: policy and nice value" {
    local filter='.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
    run_with "$filter" "syscall $GETSCHEDULER 0 , syscall $GETPRIORITY 0 0"
    expect_status 0
    expect_output $'3\n13' # getpriority answers 20 - nice
    run_with '.process.scheduler = {policy: "SCHED_IDLE"}' "syscall $GETSCHEDULER 0"
    expect_output 5
}

@test "scheduler: real time, also for a user namespace, which could not ask for it" {
    require chrt -f 5 true -- "no real-time scheduling in this cgroup"
    local filter='.process.scheduler = {policy: "SCHED_RR", priority: 5,
        flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
    # Without a cgroup of its own: one of v1 has no real-time budget until it is given some.
    configure "$filter" "$IDMAP" ".process.args = [\"/init\", \"syscall\", \"$GETSCHEDULER\", \"0\"]"
    try_oci --cgroup-manager disabled run --bundle "$BUNDLE" c
    expect_status 0
    expect_output $((0x40000000 + 2))
}

@test "scheduler: a higher priority for a user namespace comes from outside" {
    run_with "$IDMAP | .process.scheduler = {policy: \"SCHED_OTHER\", nice: -5}" \
        "syscall $GETPRIORITY 0 0"
    expect_status 0
    expect_output 25
}

@test "scheduler: what the kernel refuses names the field" {
    run_with '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10, deadline: 5, period: 5}' pid
    expect_error 1 'process.scheduler: set the scheduling policy 6: Invalid argument'
    run_with '.process.scheduler = {policy: "SCHED_FAST"}' pid
    expect_error 1 'process.scheduler.policy: found "SCHED_FAST", expected one of '
}

@test "ioPriority" {
    local filter='.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
    run_with "$filter" "syscall $IOPRIO_GET 1 0"
    expect_status 0
    expect_output $((2 << 13 | 6))
    run_with "$IDMAP | .process.ioPriority = {class: \"IOPRIO_CLASS_RT\", priority: 1}" \
        "syscall $IOPRIO_GET 1 0"
    expect_status 0
    expect_output $((1 << 13 | 1))
}

@test "execCPUAffinity: for exec, not for the first process" {
    require test "$(nproc)" -gt 1 -- "one CPU"
    start_with '.process.execCPUAffinity = {initial: "0", final: "0-1"}'
    try_oci exec c /init status Cpus_allowed_list
    expect_status 0
    expect_match '0-1$'
    grep -q 'Cpus_allowed_list:.*0-1' "/proc/$(oci state c | jq .pid)/status"
    delete_all

    start_with '.process.execCPUAffinity = {final: "1"}'
    try_oci exec c /init status Cpus_allowed_list
    expect_match '[^-0-9]1$'
    grep -q 'Cpus_allowed_list:.*0-1' "/proc/$(oci state c | jq .pid)/status"
    jq '.process | .args = ["/init", "status", "Cpus_allowed_list"] |
        .execCPUAffinity = {final: "9999"}' "$BUNDLE/config.json" >"$TEST_DIR/process.json"
    try_oci exec --process "$TEST_DIR/process.json" c
    expect_error 255 "process.execCPUAffinity.final: '9999' is not a list of CPUs"
    jq '.execCPUAffinity = {initial: "1"}' "$TEST_DIR/process.json" >"$TEST_DIR/initial.json"
    try_oci exec --process "$TEST_DIR/initial.json" c
    expect_status 0
}

@test "memoryPolicy" {
    require test -e /proc/self/numa_maps -- "a kernel without NUMA"
    run_with '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}' \
        'cat /proc/self/numa_maps'
    expect_status 0
    expect_match ' bind=static:0 '
    run_with '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE"}' pid
    expect_error 1 'linux.memoryPolicy.nodes: needed with MPOL_INTERLEAVE'
    run_with '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "900"}' pid
    expect_error 1 'linux.memoryPolicy: set the memory policy .*: Invalid argument'
}

@test "memoryPolicy is the container's: exec has it too" {
    require test -e /proc/self/numa_maps -- "a kernel without NUMA"
    start_with '.linux.memoryPolicy = {mode: "MPOL_PREFERRED", nodes: "0"}'
    try_oci exec c /init cat /proc/self/numa_maps
    expect_match ' prefer:0 '
}

@test "personality" {
    run_with '.linux.personality = {domain: "LINUX32"}' "syscall $PERSONALITY 0xffffffff"
    expect_status 0
    expect_output 8
    start_with '.linux.personality = {domain: "LINUX32"}'
    try_oci exec c /init syscall $PERSONALITY 0xffffffff
    expect_output 8
    run_with '.linux.personality = {domain: "LINUX", flags: ["X"]}' pid
    expect_error 1 'linux.personality.flags\[0\]'
}
