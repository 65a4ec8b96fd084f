#!/usr/bin/env bats
# `ambit-oci update`: every flag, limits from a file and from standard input, and what is refused.

load lib
load oci

setup() {
    start_with .
}

teardown() {
    delete_all
}

# What the kernel has now: of v1's file, or of v2's where the host has that.
limit() { # CONTROLLER V1-FILE V2-FILE
    local cgroup=/${TEST_DIR##*/}
    cat "/sys/fs/cgroup/$1$cgroup/$2" 2>/dev/null || cat "/sys/fs/cgroup$cgroup/$3"
}

limit_is() { # CONTROLLER V1-FILE V1-VALUE V2-FILE V2-VALUE
    local now
    now=$(limit "$1" "$2" "$4")
    [ "$now" = "$3" ] || [ "$now" = "$5" ] || { echo "$2 or $4 is $now"; return 1; }
}

v1() {
    [ ! -e /sys/fs/cgroup/cgroup.controllers ]
}

@test "memory" {
    oci update --memory 64m c
    limit_is memory memory.limit_in_bytes 67108864 memory.max 67108864
    oci update --memory-reservation 33554432 c
    limit_is memory memory.soft_limit_in_bytes 33554432 memory.low 33554432
    if v1 && [ ! -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]; then
        try_oci update --memory-swap 128m c
        expect_error 1 memsw
    else # both in one value for v1, swap alone for v2
        oci update --memory-swap 128m c
        limit_is memory memory.memsw.limit_in_bytes 134217728 memory.swap.max 67108864
        oci update --memory 100m --memory-swap -1 c
        limit_is memory memory.limit_in_bytes 104857600 memory.max 104857600
        limit_is memory memory.memsw.limit_in_bytes 9223372036854771712 memory.swap.max max
    fi
    oci update --kernel-memory 1 --kernel-memory-tcp 1 c 2>"$TEST_DIR/warning"
    grep -q 'level=warning .*[Kk]ernel memory settings are ignored' "$TEST_DIR/warning"
}

@test "cpu" {
    oci update --cpu-share 512 c
    limit_is cpu cpu.shares 512 cpu.weight 59
    oci update --cpu-quota 50000 --cpu-period 200000 c
    limit_is cpu cpu.cfs_quota_us 50000 cpu.max '50000 200000'
    oci update --cpu-period 100000 c # the quota stays
    limit_is cpu cpu.cfs_quota_us 50000 cpu.max '50000 100000'
    limit_is cpu cpu.cfs_period_us 100000 cpu.max '50000 100000'
    oci update --cpu-burst 10000 c
    limit_is cpu cpu.cfs_burst_us 10000 cpu.max.burst 10000
    oci update --cpu-quota -1 --cpu-burst 0 c
    limit_is cpu cpu.cfs_quota_us -1 cpu.max 'max 100000'
    oci update --cpu-idle 1 c
    limit_is cpu cpu.idle 1 cpu.idle 1
    oci update --cpuset-cpus 0 --cpuset-mems 0 c
    limit_is cpuset cpuset.cpus 0 cpuset.cpus 0
    limit_is cpuset cpuset.mems 0 cpuset.mems 0
}

@test "real time" {
    require v1 -- "cgroup v2 has no real-time limits"
    require test -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us -- "a kernel without real-time groups"
    try_oci update --cpu-rt-period 1000000 --cpu-rt-runtime 1000 c
    # The time is taken from the groups above, which mostly have none to give.
    [ "$status" -eq 0 ] || expect_error 1 'cpu.rt_runtime_us'
    [ "$status" -ne 0 ] || limit_is cpu cpu.rt_runtime_us 1000 - -
}

@test "processes, block devices" {
    oci update --pids-limit 55 c
    limit_is pids pids.max 55 pids.max 55
    oci update --pids-limit -1 c
    limit_is pids pids.max max pids.max max
    try_oci update --blkio-weight 300 c
    [ "$status" -eq 0 ] || expect_error 1 'weight'
}

@test "limits from a file and from standard input; options beside them are void" {
    echo '{"pids": {"limit": 41}, "cpu": {"quota": 30000, "period": 100000}}' >"$TEST_DIR/limits"
    oci update --pids-limit 99 -r "$TEST_DIR/limits" c
    limit_is pids pids.max 41 pids.max 41
    limit_is cpu cpu.cfs_quota_us 30000 cpu.max '30000 100000'
    echo '{"pids": {"limit": 42}}' | oci update --resources - c
    limit_is pids pids.max 42 pids.max 42
    limit_is cpu cpu.cfs_quota_us 30000 cpu.max '30000 100000'
    echo '{"pids": {"limit": "many"}}' >"$TEST_DIR/limits"
    try_oci update -r "$TEST_DIR/limits" c
    expect_error 1 '--resources: .*pids.limit'
    echo '{"pids": ' >"$TEST_DIR/limits"
    try_oci update -r "$TEST_DIR/limits" c
    expect_error 1 '--resources: '
    try_oci update -r "$TEST_DIR/nowhere" c
    expect_error 1 '--resources: .*nowhere.*No such file'
    limit_is pids pids.max 42 pids.max 42
}

@test "what is refused says why, and changes nothing" {
    oci update --pids-limit 50 c
    local option value word
    while read -r option value word; do
        try_oci update --pids-limit 51 "$option" "$value" c
        expect_error 1 "$word"
        limit_is pids pids.max 50 pids.max 50
    done <<'ROWS'
--l3-cache-schema L3:0=f --l3-cache-schema: Intel RDT/CAT: l3 cache schema is not enabled
--mem-bw-schema MB:0=20 --mem-bw-schema: Intel RDT/MBA: memory bandwidth schema is not enabled
--memory many invalid value for memory: 'many' is not a size
--memory -5 invalid value for memory: '-5' is not a size
--memory-swap -2 invalid value for memory-swap: '-2' is not a size
--cpu-quota 1e3 invalid value for cpu-quota: '1e3' is not a number
--resources /dev/null --resources
ROWS
    while read -r option value word; do # by the kernel: the field, its file and the value
        try_oci update "$option" "$value" c
        expect_error 1 "linux.resources: $word: write '.*$value.*' to /sys/fs/cgroup/"
    done <<'ROWS'
--cpu-quota 5 cpu.quota
--cpu-period 5 cpu.period
--cpuset-cpus 9999 cpu.cpus
ROWS
    echo '{"blockIO": {"throttleReadBpsDevice": [{"major": 999, "minor": 1, "rate": 5}]}}' >"$TEST_DIR/limits"
    try_oci update -r "$TEST_DIR/limits" c
    expect_error 1 'linux.resources.blockIO: throttleReadBpsDevice: write '
    echo '{"unified": {"cgroup.procs": "1"}}' >"$TEST_DIR/limits"
    try_oci update -r "$TEST_DIR/limits" c
    expect_error 1 "linux.resources.unified: 'cgroup.procs' is "
    try_oci update --pids-limit 51 nobody
    expect_error 1 'container does not exist: nobody'
    oci kill c KILL
    await 10 sh -c "'$PROGRAMS/ambit-oci' --root '$TEST_DIR/oci' state c | grep -q stopped"
    try_oci update --pids-limit 51 c
    expect_error 1 'container not running: c'
}

@test "a limit alone is judged with what the container has already" {
    oci delete --force c
    start_with '.linux.resources.memory = {limit: 67108864, swap: 134217728}'
    try_oci update --memory-swap 33554432 c
    expect_error 1 'memory \+ swap \(33554432\) is below that of memory \(67108864\)'
    try_oci update --memory 268435456 c
    expect_error 1 'memory \+ swap \(134217728\) is below that of memory \(268435456\)'
}

@test "later updates, and a restore, know what an update has set" {
    oci update --memory 64m --memory-reservation 32m --pids-limit 44 --cpu-share 512 \
        --cpu-quota 50000 --cpu-period 200000 --cpuset-cpus 0 --cpuset-mems 0 c
    jq -e '.linux.resources | .memory.limit == 67108864 and .memory.reservation == 33554432 and
        .pids.limit == 44 and .cpu.shares == 512 and .cpu.quota == 50000 and .cpu.period == 200000 and
        .cpu.cpus == "0" and .cpu.mems == "0"' "$TEST_DIR/oci/c/config.json"
    try_oci update --memory-swap 32m c
    expect_error 1 'memory \+ swap \(33554432\) is below that of memory \(67108864\)'
    oci update --cpu-burst 10000 --cpu-idle 1 c
    jq -e '.linux.resources.cpu | .burst == 10000 and .idle == 1 and .quota == 50000' "$TEST_DIR/oci/c/config.json"
    v1 && [ ! -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] && return
    oci update --memory-swap 128m c
    try_oci update --memory 256m c
    expect_error 1 'memory \+ swap \(134217728\) is below that of memory \(268435456\)'
}

@test "an update leaves what runs running, and what is paused paused" {
    oci update --cpu-share 512 c # a hierarchy of v1 that it was not in: its processes move
    [ "$(oci state c | jq -r .status)" = running ]
    oci pause c
    oci update --cpuset-cpus 0 --pids-limit 30 c
    [ "$(oci state c | jq -r .status)" = paused ]
    limit_is cpuset cpuset.cpus 0 cpuset.cpus 0
    limit_is pids pids.max 30 pids.max 30
    oci resume c
    try_oci exec c /init pid
    expect_status 0
}
