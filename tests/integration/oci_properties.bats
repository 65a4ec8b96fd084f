#!/usr/bin/env bats
# Properties of config.json that no other file of oci_*.bats is about, read back from the kernel:
# process, root, devices, hidden paths, clocks, resources. tests/properties.txt lists all.

load lib
load oci

IDMAP='.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'

teardown() {
    delete_all
}

@test "process: user, groups, umask, directory, environment" {
    run_with '.process.user = {uid: 12, gid: 34, umask: 63, additionalGids: [5, 6], username: "nobody"} |
        .process.cwd = "/tmp" | .process.env = ["A=b", "PATH=/"] | .process.commandLine = "other"' \
        'id , umask , cwd , env A'
    expect_status 0
    expect_match 'uid=12 .*gid=34 .*groups=5,6'
    expect_line 0077
    expect_line /tmp
    expect_line b
}

@test "process: capabilities, five sets" {
    run_with '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN", "CAP_KILL"],
        effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} |
        .process.user.uid = 7 | .process.noNewPrivileges = true' \
        'status CapBnd CapPrm CapEff CapInh CapAmb NoNewPrivs'
    expect_status 0
    expect_match 'CapBnd.*0*21$'
    local set
    for set in CapPrm CapEff CapInh CapAmb; do # an exec leaves what is ambient
        expect_match "$set.*0*20$"
    done
    expect_match 'NoNewPrivs.*1$'
    run_with '.process.capabilities.bounding += ["CAP_TEST"]' pid
    expect_status 0
    grep -q "level=warning.*capabilities.bounding.*CAP_TEST" <<<"$errors"
    run_with '.ociVersion = "1.0.2" | .process.capabilities.bounding += ["CAP_TEST"]' pid
    expect_status 0
}

@test "process: limits and the oom score" {
    run_with '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}] |
        .process.oomScoreAdj = 500' 'cat /proc/self/oom_score_adj /proc/self/limits'
    expect_status 0
    expect_line 500
    expect_match 'Max open files +100 +200'
    expect_match 'Max core file size +0 +0'
    run_with '.process.rlimits = [{type: "RLIMIT_WISHES", soft: 1, hard: 1}]' pid
    expect_error 1 'process.rlimits\[0\].type: unknown limit'
}

@test "process: a profile that cannot be applied is an error" {
    require test ! -e /sys/kernel/security/apparmor -- "AppArmor is active"
    run_with '.process.apparmorProfile = "none-such"' pid
    expect_error 1 'process.apparmorProfile: '
    run_with '.process.selinuxLabel = "system_u:system_r:container_t:s0"' pid
    expect_error 1 'process.selinuxLabel: label "system_u.*: SELinux is not active on this host'
}

@test "process: the terminal has its size" {
    configure '.process.terminal = true | .process.consoleSize = {height: 33, width: 99}' \
        '.process.args = ["/init", "winsize"]'
    python3 - "$TEST_DIR/console" >"$TEST_DIR/console.out" 3>&- <<'PYTHON' &
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
end, _ = listener.accept()
_, ancillary, _, _ = end.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", ancillary[0][2])[0]
try:
    while part := os.read(fd, 1000):
        print(part.decode(), end="", flush=True)
except OSError:
    pass
PYTHON
    local reader=$!
    await 5 test -S "$TEST_DIR/console"
    oci run --detach --console-socket "$TEST_DIR/console" --bundle "$BUNDLE" c </dev/null 3>&-
    wait $reader
    grep -qE '33.*99' "$TEST_DIR/console.out"
}

@test "a container without process is created and cannot be started" {
    configure 'del(.process)'
    oci create --bundle "$BUNDLE" c </dev/null >/dev/null 2>&1 3>&-
    try_oci start c
    expect_error 1 'process: missing: there is nothing to run'
}

@test "root.readonly, maskedPaths, readonlyPaths, sysctl, names" {
    run_with '.root.readonly = true | .hostname = "here" | .domainname = "there" |
        .linux.maskedPaths = ["/proc/version", "/sys/kernel", "/nowhere"] |
        .linux.readonlyPaths = ["/proc/sys", "/nowhere"] | .linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
        'cat /proc/version /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname , hostname , ls /sys/kernel'
    expect_status 0
    expect_output $'1\nthere\nhere'
    run_with '.root.readonly = true' 'touch /file'
    expect_status 1
    run_with '.linux.readonlyPaths = ["/proc/sys"]' 'write /proc/sys/kernel/hostname x'
    expect_status 1
    run_with '.linux.sysctl = {"kernel.panic": "1"}' pid
    expect_error 1 'linux.sysctl\[.*kernel.panic.*\]: not a namespaced sysctl'
}

@test "devices: types, owners and modes, also outside of /dev" {
    run_with '.linux.devices = [
            {path: "/dev/zero2", type: "c", major: 1, minor: 5, fileMode: 416, uid: 3, gid: 4},
            {path: "/dev/loop77", type: "b", major: 7, minor: 77},
            {path: "/run/fifo", type: "p", fileMode: 384}, {path: "/dev/u", type: "u", major: 1, minor: 3}]' \
        'stat /dev/zero2 /dev/loop77 /run/fifo /dev/u /dev/full /dev/tty'
    expect_status 0
    expect_match '/dev/zero2 .*char.* mode=0640 uid=3 gid=4 .*rdev=1:5'
    expect_match '/dev/loop77 .*block.* mode=0666 .*rdev=7:77'
    expect_match '/run/fifo .*fifo.* mode=0600'
    expect_match '/dev/u .*char.*rdev=1:3'
    touch "$BUNDLE/rootfs/run/taken"
    run_with '.linux.devices = [{path: "/run/taken", type: "c", major: 1, minor: 3}]' pid
    expect_error 1 'linux.devices\[0\]: .*is there and is not the device'
    rm -f "$BUNDLE"/rootfs/run/*
}

@test "namespaces: clocks, paths, what is wrong" {
    run_with '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 500000, nanosecs: 5},
        monotonic: {secs: 600000, nanosecs: 7}}' 'clock boottime , clock monotonic'
    expect_status 0
    local now
    now=$(cut -d . -f 1 /proc/uptime)
    [ "$(($(head -n 1 <<<"$output" | cut -d . -f 1) - now))" -ge 499990 ]
    [ "$(($(tail -n 1 <<<"$output" | cut -d . -f 1) - now))" -ge 599990 ]
    run_with '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/net" else . end) | del(.hostname)' pid
    expect_error 1 'linux.namespaces\[[0-9]\].path: .*is not a uts namespace'
    run_with '.linux.namespaces += [{type: "pid"}]' pid
    expect_error 1 'linux.namespaces\[[0-9]\].type: pid is there twice'
    run_with "$IDMAP" 'cat /proc/self/uid_map'
    expect_match '0 +100000 +65536'
}

@test "annotations are told by state, unknown properties are ignored, any version 1.x is taken" {
    start_with '.annotations = {"org.example.key": "value"} | .ociVersion = "1.99.7" | .future = {a: [1]} |
        .linux.future = true | .process.future = "x"'
    [ "$(oci state c | jq -r '.annotations["org.example.key"]')" = value ]
    [ "$(oci state c | jq -r '[.id, .status, .bundle, .owner] | join(" ")')" = "c running $BUNDLE $(id -un)" ]
    run_with '.ociVersion = "2.0.0"' pid
    expect_error 1 'ociVersion: only 1.x is supported'
}

in_v1() { # CONTROLLER FILE: of the running container
    local path
    path=$(awk -F : -v c="$1" '$2 == c { print $3 }' "/proc/$(oci state c | jq .pid)/cgroup")
    cat "/sys/fs/cgroup/$1$path/$2"
}

@test "a limited container sees all that programs measure themselves by; on cgroup v1" {
    require test -e /sys/fs/cgroup/memory/memory.usage_in_bytes -- "cgroup v2"
    local limit
    for limit in 'memory: {limit: 67108864}' 'cpu: {quota: 50000, period: 100000}' 'cpu: {cpus: "0"}'; do
        run_with ".linux.resources += {$limit}" mounts
        expect_match ' /sys/fs/cgroup/memory '
        expect_match ' /sys/fs/cgroup/cpuset '
        expect_match ' /sys/fs/cgroup/[^ ]*\bcpu\b[^ ]* '
    done
}

@test "resources on cgroup v1" {
    require test -e /sys/fs/cgroup/memory/memory.usage_in_bytes -- "cgroup v2"
    local disk
    disk=$(awk '/ - (ext4|xfs|btrfs) / { print $3; exit }' /proc/self/mountinfo)
    start_with ".linux.resources += {
        memory: {limit: 67108864, reservation: 33554432, kernelTCP: 33554432, swappiness: 10,
            disableOOMKiller: true, useHierarchy: true, checkBeforeUpdate: true},
        cpu: {shares: 512, quota: 50000, period: 100000, burst: 1000, cpus: \"0\", mems: \"0\"},
        pids: {limit: 77},
        blockIO: {throttleReadBpsDevice: [{major: ${disk%:*}, minor: 0, rate: 1048576}],
            throttleWriteBpsDevice: [{major: ${disk%:*}, minor: 0, rate: 2097152}],
            throttleReadIOPSDevice: [{major: ${disk%:*}, minor: 0, rate: 100}],
            throttleWriteIOPSDevice: [{major: ${disk%:*}, minor: 0, rate: 200}]}}"
    [ "$(in_v1 memory memory.limit_in_bytes)" = 67108864 ]
    [ "$(in_v1 memory memory.soft_limit_in_bytes)" = 33554432 ]
    [ "$(in_v1 memory memory.kmem.tcp.limit_in_bytes)" = 33554432 ]
    [ "$(in_v1 memory memory.swappiness)" = 10 ]
    in_v1 memory memory.oom_control | grep -qx 'oom_kill_disable 1'
    [ "$(in_v1 cpu cpu.shares)" = 512 ]
    [ "$(in_v1 cpu cpu.cfs_quota_us) $(in_v1 cpu cpu.cfs_period_us) $(in_v1 cpu cpu.cfs_burst_us)" = '50000 100000 1000' ]
    [ "$(in_v1 cpuset cpuset.cpus) $(in_v1 cpuset cpuset.mems)" = '0 0' ]
    [ "$(in_v1 pids pids.max)" = 77 ]
    [ "$(in_v1 blkio blkio.throttle.read_bps_device)" = "${disk%:*}:0 1048576" ]
    [ "$(in_v1 blkio blkio.throttle.write_bps_device)" = "${disk%:*}:0 2097152" ]
    [ "$(in_v1 blkio blkio.throttle.read_iops_device)" = "${disk%:*}:0 100" ]
    [ "$(in_v1 blkio blkio.throttle.write_iops_device)" = "${disk%:*}:0 200" ]
    delete_all
    start_with '.linux.resources += {cpu: {idle: 1}, pids: {limit: -1}}'
    [ "$(in_v1 cpu cpu.idle) $(in_v1 pids pids.max)" = '1 max' ]
    delete_all
    start_with '.linux.resources.pids.limit = 0' # since 1.3 a limit
    [ "$(in_v1 pids pids.max)" = 0 ]
    delete_all
    start_with '.ociVersion = "1.2.1" | .linux.resources.pids.limit = 0' # podman's word for none
    [ "$(in_v1 pids pids.max)" = max ]
    oci update --pids-limit 5 c
    echo '{"pids": {"limit": 0}}' | oci update --resources - c # "nothing to change", as with runc
    [ "$(in_v1 pids pids.max)" = 5 ]
}

@test "resources: device rules on cgroup v1" {
    require test -e /sys/fs/cgroup/devices/devices.list -- "cgroup v2"
    start_with '.linux.resources.devices = [{allow: false, access: "rwm"},
        {allow: true, type: "c", major: 10, minor: 229, access: "rw"},
        {allow: true, type: "b", major: 7, access: "r"}]'
    in_v1 devices devices.list >"$TEST_DIR/rules"
    grep -qx 'c 10:229 rw' "$TEST_DIR/rules"
    grep -qx 'b 7:\* rm\?' "$TEST_DIR/rules"
    grep -qx 'c 10:200 rwm' "$TEST_DIR/rules" # tun, unless it is named
    [ "$(grep -c '^a ' "$TEST_DIR/rules")" -eq 0 ]
    delete_all
    start_with '.linux.resources.devices = [{allow: false, access: "rwm"},
        {allow: false, type: "c", major: 10, minor: 200, access: "rw"}]'
    in_v1 devices devices.list >"$TEST_DIR/rules"
    ! grep -q 'c 10:200' "$TEST_DIR/rules"
}

@test "resources that the host has not are refused by name" {
    require test ! -d /sys/fs/cgroup/hugetlb -- "cgroup v1 with hugetlb"
    require test ! -e /sys/fs/cgroup/cgroup.controllers -- "cgroup v2"
    run_with '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 0}]' pid
    expect_error 1 'hugetlb'
    run_with '.linux.resources.network = {classID: 7}' pid
    expect_error 1 'net_cls'
    run_with '.linux.resources.network = {priorities: [{name: "lo", priority: 3}]}' pid
    expect_error 1 'net_prio'
    run_with '.linux.resources.rdma = {mlx: {hcaHandles: 1, hcaObjects: 2}}' pid
    expect_error 1 'rdma'
    run_with '.linux.resources.unified = {"memory.max": "1"}' pid
    expect_error 1 'linux.resources.*unified'
    run_with '.linux.resources.blockIO = {leafWeight: 300}' pid
    expect_error 1 'leaf_weight'
    run_with '.linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 1}' pid
    [ "$status" -eq 0 ] || expect_error 1 'cpu.rt_|real'
}
