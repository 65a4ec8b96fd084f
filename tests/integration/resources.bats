#!/usr/bin/env bats
# What is asked for is what the kernel was told: cgroup files read back; what a limit does when it is
# reached; values that make no sense.

load lib

teardown() {
    [ ! -e "$TEST_DIR/box.pid" ] || stop box
    rm -f "$TEST_DIR/box.pid"
}

box() { # OPTION...
    start box "$@" "$IMAGE" /init say up , pause
}

# A file of the container's cgroup: by its v1 name (controller and file) or its v2 name.
setting() { # CONTROLLER V1-FILE V2-FILE
    local pid path
    pid=$(ambit inspect --format '{{.State.Pid}}' box)
    path=$(awk -F: -v c="$1" 'index("," $2 ",", "," c ",") { print $3 }' "/proc/$pid/cgroup")
    if [ -n "$path" ]; then
        cat "/sys/fs/cgroup/$1$path/$2"
    else
        path=$(awk -F: '$1 == 0 { print $3 }' "/proc/$pid/cgroup")
        cat "/sys/fs/cgroup$path/$3"
    fi
}

expect_setting() { # VALUE-V1 VALUE-V2 CONTROLLER V1-FILE V2-FILE
    local got wanted=$1
    ! [ -f /sys/fs/cgroup/cgroup.controllers ] || wanted=$2
    got=$(setting "$3" "$4" "$5")
    [ "$got" = "$wanted" ] || { echo "$3 $4 $5: '$got', expected '$wanted'"; return 1; }
}

@test "out of memory: 137, and inspect of the kept container says why" {
    try run --name hungry -m 32m "$IMAGE" /init hog 200
    expect_status 137
    try inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}' hungry
    expect_output "true 137 exited"
    try ps -a --format '{{.Names}} {{.Status}}'
    expect_match '^hungry Exited \(137\)'
    ambit rm hungry
    # Killed by hand is the same status and another reason.
    start box "$IMAGE" /init say up , pause
    ambit kill box
    try run --name fine -m 64m "$IMAGE" /init hog 8
    expect_status 0
    try inspect --format '{{.State.OOMKilled}}' fine
    ambit rm fine
    expect_output false
}

@test "out of memory in a child: the program goes on and is told apart by inspect" {
    try run --name parent -m 32m --init "$IMAGE" /init hog 200
    expect_status 137
    try inspect --format '{{.State.OOMKilled}}' parent
    ambit rm parent
    expect_output true
}

@test "memory, swap, reservation are what the kernel has" {
    box -m 48m --memory-reservation 24m
    expect_setting $((48 << 20)) $((48 << 20)) memory memory.limit_in_bytes memory.max
    expect_setting $((24 << 20)) $((24 << 20)) memory memory.soft_limit_in_bytes memory.low
    stop box
    require test -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes -o -e /sys/fs/cgroup/cgroup.controllers -- "swap is not accounted here"
    box -m 48m --memory-swap 64m
    expect_setting $((64 << 20)) $((16 << 20)) memory memory.memsw.limit_in_bytes memory.swap.max
    stop box
    box -m 48m # without a word about swap: as much again
    expect_setting $((96 << 20)) $((48 << 20)) memory memory.memsw.limit_in_bytes memory.swap.max
}

@test "processes: a limit, the default of 4096, none with -1; it holds for all together" {
    box --pids-limit 17
    expect_setting 17 17 pids pids.max pids.max
    try exec box /init fork 100
    expect_output "made 15" # besides itself and process 1
    stop box
    box
    expect_setting 4096 4096 pids pids.max pids.max
    stop box
    box --pids-limit -1
    expect_setting max max pids pids.max pids.max
}

@test "--cpus: quota and period are set and hold" {
    box --cpus 0.5
    expect_setting 50000 "50000 100000" cpu cpu.cfs_quota_us cpu.max
    stop box
    try run --rm --cpus 0.5 "$IMAGE" /init spin 2
    expect_status 0
    [ -z "${TEST_SLOWNESS:-}" ] || skip "an emulated machine counts time it was not given"
    local used=${output#cpu_ms=}
    # Half of 2 s and a period's slack; on a busy machine it gets less.
    [ "$used" -le 1300 ] || { show; false; }
    [ "$used" -ge 100 ] || { show; false; }
}

@test "--cpu-shares, --cpu-quota, --cpu-period" {
    box --cpu-shares 512 --cpu-quota 30000 --cpu-period 60000
    expect_setting 30000 "30000 60000" cpu cpu.cfs_quota_us cpu.max
    if [ -d /sys/fs/cgroup/cpu ]; then
        expect_setting 60000 - cpu cpu.cfs_period_us -
        expect_setting 512 - cpu cpu.shares -
    fi
}

@test "--cpuset-cpus: the program sees and uses only these" {
    try run --rm --cpuset-cpus 0 "$IMAGE" /init status Cpus_allowed_list
    expect_output $'Cpus_allowed_list:\t0'
    box --cpuset-cpus 0 --cpuset-mems 0
    expect_setting 0 0 cpuset cpuset.cpus cpuset.cpus
    expect_setting 0 0 cpuset cpuset.mems cpuset.mems
}

@test "every ulimit that is named, and the default of open files" {
    try run --rm --ulimit nofile=123:456 --ulimit core=0 --ulimit nproc=50:60 --ulimit fsize=1000 \
        --ulimit stack=1048576:2097152 "$IMAGE" /init limit nofile , limit core , limit nproc , limit fsize , limit stack
    expect_status 0
    expect_output $'soft=123 hard=456\nsoft=0 hard=0\nsoft=50 hard=60\nsoft=1000 hard=1000\nsoft=1048576 hard=2097152'
    run bash -c "ulimit -n 3000; exec '$PROGRAMS/ambit' --root '$TEST_ROOT' --state '$TEST_STATE' run --rm '$IMAGE' /init limit nofile"
    expect_match '^soft=1024 '
}

@test "--oom-score-adj is the process's" {
    try run --rm --oom-score-adj 500 "$IMAGE" /init cat /proc/self/oom_score_adj
    expect_status 0
    expect_output 500
}

@test "--cgroup-parent: the container's cgroup is below it, and both are removed" {
    box --cgroup-parent /ambit-integration/inner --pids-limit 9
    local pid
    pid=$(ambit inspect --format '{{.State.Pid}}' box)
    run grep -c '/ambit-integration/inner/' "/proc/$pid/cgroup"
    [ "$output" -ge 1 ]
    stop box
    run find /sys/fs/cgroup -path '*/ambit-integration/inner/*' -type d
    expect_output ""
    find /sys/fs/cgroup -depth -type d -path '*/ambit-integration*' -exec rmdir {} + 2>/dev/null || true
    try run --rm --cgroup-parent ../up "$IMAGE" /init say ran
    expect_error 125 cgroup-parent
}

@test "the container cannot raise its own limits" {
    try run --rm -m 48m --cap-add SYS_ADMIN "$IMAGE" /init set /sys/fs/cgroup/memory/memory.limit_in_bytes 1000000000
    [ "$status" -ne 0 ] || { show; false; }
    try run --rm -m 48m "$IMAGE" /init mkdir /sys/fs/cgroup/memory/own
    [ "$status" -ne 0 ] || { show; false; }
}

@test "what makes no sense is refused before anything runs: 125, the option is named" {
    local options name
    while read -r options; do
        # shellcheck disable=SC2086
        try run --rm $options "$IMAGE" /init say ran
        name=${options%% *}
        [ "$name" != -m ] || name=--memory
        expect_error 125 "$name"
        [[ $output != *ran* ]] || { echo "$options"; false; }
    done <<'END'
-m -5
-m 5m
-m 9999999999999999999g
-m 10x
--memory-swap 10m
--memory-swap 16m -m 32m
--memory-reservation 64m -m 32m
--memory-swappiness 101
--oom-kill-disable
--oom-score-adj 2000
--cpus -1
--cpus abc
--cpus 1000
--cpus 0.001
--cpus 1 --cpu-quota 50000
--cpu-quota 5
--cpu-period 5
--cpu-shares 1
--cpuset-cpus 999
--cpuset-cpus x
--cpuset-cpus 1-0
--cpuset-mems 99
--pids-limit -2
--pids-limit 1.5
--ulimit nofile
--ulimit nofile=9:3
--ulimit nosuch=1
--ulimit nofile=x
--ulimit nofile=999999999999
--blkio-weight 5
--device-read-bps /dev/nosuch:1m
--device-write-iops nonsense
END
    try ps -aq
    expect_output ""
}
