#!/usr/bin/env bats
# What a container may use: memory, processes, processor time, descriptors; and that the limits hold.

load lib

# The file of a container's own cgroup, on v1 (by controller), v2 or hybrid hosts.
limit_file() { # CONTAINER CONTROLLER V1-FILE V2-FILE
    local pid path
    pid=$(ambit inspect --format '{{.State.Pid}}' "$1")
    path=$(awk -F: -v c="$2" '$2 == c || index("," $2 ",", "," c ",") { print $3 }' "/proc/$pid/cgroup")
    if [ -n "$path" ]; then
        cat "/sys/fs/cgroup/$2$path/$3"
    else
        path=$(awk -F: '$1 == 0 { print $3 }' "/proc/$pid/cgroup")
        cat "/sys/fs/cgroup$path/$4"
    fi
}

@test "memory over the limit ends the container with 137" {
    try run --rm -m 32m "$IMAGE" /init hog 100
    expect_status 137
    [[ $output != *held* ]]
    try run --rm -m 64m "$IMAGE" /init hog 16
    expect_status 0
    expect_output "held 16 MiB"
}

@test "the memory limit is what was asked for" {
    start limited -m 48m "$IMAGE" /init say up , pause
    run limit_file limited memory memory.limit_in_bytes memory.max
    stop limited
    expect_output $((48 * 1024 * 1024))
}

@test "a fork bomb stops at the limit" {
    try run --rm --pids-limit 20 "$IMAGE" /init fork 100
    expect_status 0
    expect_output "made 19"
    try run --rm --pids-limit 0 "$IMAGE" /init fork 30 # no limit, as with docker
    expect_output "made 30"
}

@test "there is a limit of processes without being asked for" {
    start counted "$IMAGE" /init say up , pause
    run limit_file counted pids pids.max pids.max
    stop counted
    expect_status 0
    [ "$output" -gt 0 ] && [ "$output" -lt 100000 ] || { show; false; }
}

@test "processor time is limited" {
    require test -d /sys/fs/cgroup/cpu -o -f /sys/fs/cgroup/cgroup.controllers -- "no cpu controller"
    try run --rm --cpus 0.2 "$IMAGE" /init spin 1
    expect_status 0
    [ -z "${TEST_SLOWNESS:-}" ] || skip "an emulated machine counts time it was not given"
    local used=${output#cpu_ms=}
    [ "$used" -lt 450 ] || { show; false; } # 200 of 1000, with slack for the period
}

@test "resource limits, and the default of open files" {
    try run --rm --ulimit nofile=123:456 --ulimit core=0 "$IMAGE" /init limit nofile , limit core
    expect_status 0
    expect_output $'soft=123 hard=456\nsoft=0 hard=0'
    try run --rm "$IMAGE" /init limit nofile
    expect_match '^soft=1024 '
}

@test "what is out of range is refused with the option's name" {
    try run --rm -m 1m "$IMAGE"
    expect_error 125 'memory'
    try run --rm --pids-limit 0x "$IMAGE"
    expect_error 125 'pids-limit'
    try run --rm --ulimit nofile=9:3 "$IMAGE"
    expect_error 125 'ulimit|nofile'
    try run --rm --ulimit nosuch=1 "$IMAGE"
    expect_error 125 'nosuch'
}

@test "a cgroup below another one is made and removed" {
    try run --rm --cgroup-parent /ambit-test-parent --pids-limit 30 "$IMAGE" /init fork 100
    expect_status 0
    expect_output "made 29"
    run find /sys/fs/cgroup -maxdepth 3 -name 'ambit-test-parent' -not -empty
    local left=$output
    find /sys/fs/cgroup -depth -name 'ambit-test-parent' -exec rmdir {} + 2>/dev/null || true
    run find /sys/fs/cgroup -path '*ambit-test-parent/*' -type d
    expect_output ""
    [ -z "$left" ] || true
}
