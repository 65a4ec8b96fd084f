#!/usr/bin/env bats
# Class E, for ambit-oci: cgroups, /sys and kernel parameters by way of the configuration, and from a
# container that has the host's users. CVE-2022-0492 (release_agent), 2022-0811 (sysctls with '+'),
# 2023-25809, 2023-6476 (unified), 2025-47291, GHSA-7ww5-4wqc-m92c (powercap).

load ../integration/lib
load bundle

setup_file() {
    prepare_store
    make_bundle "$TEST_DIR/bundle" ".process.args = [\"/init\", \"pid\"]"
    cp "$TEST_DIR/bundle/config.json" "$TEST_DIR/plain.json"
    cp "$INIT" "$TEST_DIR/bundle/rootfs/init"
}

setup() {
    cp "$TEST_DIR/plain.json" "$TEST_DIR/bundle/config.json"
}

teardown() {
    remove_all
}

refused() { # JQ-FILTER REGEX
    cp "$TEST_DIR/plain.json" "$TEST_DIR/bundle/config.json"
    change "$TEST_DIR/bundle" "$1"
    try_oci run --bundle "$TEST_DIR/bundle" box
    expect_error 1 "$2"
}

@test "kernel parameters: only those of a namespace that the container has, each with one spelling" {
    local key before
    before=$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/shm_rmid_forced /proc/sys/vm/overcommit_memory)
    for key in kernel.core_pattern kernel/core_pattern kernel.modprobe vm.overcommit_memory fs.file-max \
        'kernel.shm_rmid_forced+kernel.core_pattern' 'kernel.shm_rmid_forced/../core_pattern' \
        'net/../kernel/core_pattern' 'net...kernel.core_pattern' '/kernel/core_pattern' \
        'net.ipv4/../../kernel/core_pattern' 'kernel.sem/core_pattern' 'kernel.msgmax.x' '' 'net' 'kernel.' \
        '../../../../../../tmp/x' 'net./etc/passwd' 'dev.cdrom.lock' 'user.max_user_namespaces'; do
        refused ".linux.sysctl = {\"$key\": \"1\"}" 'linux.sysctl'
    done
    for key in '1\n|/x' '1+kernel.core_pattern=|/x'; do
        change "$TEST_DIR/bundle" ".linux.sysctl = {\"kernel.shm_rmid_forced\": \"$key\"}"
        try_oci run --bundle "$TEST_DIR/bundle" box
        expect_status 1
    done
    refused '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))' \
        'needs a namespace of type network'
    refused '.linux.sysctl = {"kernel.msgmax": "1"} | .linux.namespaces |= map(select(.type != "ipc"))' \
        'needs a namespace of type ipc'
    # By a path they are the caller's own.
    refused '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
        (.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"' "network namespace is the host's"
    refused '.linux.sysctl = {"kernel/shm_rmid_forced": "1"} |
        (.linux.namespaces[] | select(.type == "ipc")).path = "/proc/self/ns/ipc"' "ipc namespace is the host's"
    refused '(.linux.namespaces[] | select(.type == "uts")).path = "/proc/self/ns/uts"' "hostname: the uts namespace is the host's"
    [ "$before" = "$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/shm_rmid_forced /proc/sys/vm/overcommit_memory)" ]
}

@test "files of cgroups are named, not found by a path, and hold one value" {
    local key
    for key in '../memory.max' 'a/b' '..' '.' '/etc/passwd' 'cgroup.procs/../../x'; do
        refused ".linux.resources.unified = {\"$key\": \"1\"}" 'linux.resources.unified'
    done
    refused '.linux.resources.rdma = {"a b": {"hcaHandles": 1}}' 'rdma'
    refused '.linux.resources.cpu.cpus = "0\n1"' 'linux.resources.cpu.cpus'
    refused '.linux.resources.hugepageLimits = [{"pageSize": "../x", "limit": 1}]' 'pageSize'
    refused '.linux.intelRdt = {"closID": "../x"}' 'intelRdt'
}

@test "a path for the cgroup that climbs stays below the hierarchy's top" {
    local path before after
    before=$(ls -d /sys/fs/cgroup/* /sys/fs/* | sort | md5sum)
    for path in ../../outside /../../../outside /a/../../../outside ../../../../etc; do
        change "$TEST_DIR/bundle" ".linux.cgroupsPath = \"$path\" | .process.args = [\"/init\", \"pid\"]"
        try_oci run --bundle "$TEST_DIR/bundle" box
        [ "$status" -eq 0 ] || expect_error 1 'cgroup'
        after=$(ls -d /sys/fs/cgroup/* /sys/fs/* | sort | md5sum)
        [ "$before" = "$after" ] || { echo "$path"; ls -d /sys/fs/cgroup/* /sys/fs/*; false; }
    done
}

@test "root of the host's users, without SYS_ADMIN, changes nothing in cgroups, /sys and /proc/sys" {
    local file
    change "$TEST_DIR/bundle" ".process.args = [\"/init\", \"pause\"]"
    up box "$TEST_DIR/bundle"
    for file in /sys/fs/cgroup/release_agent /sys/fs/cgroup/memory/release_agent /sys/fs/cgroup/cgroup.procs \
        /sys/fs/cgroup/memory/cgroup.procs /sys/kernel/uevent_helper /sys/power/state /proc/sys/kernel/core_pattern \
        /proc/sys/vm/panic_on_oom /proc/sysrq-trigger /proc/sys/kernel/modprobe /proc/irq/default_smp_affinity \
        /proc/bus/pci/devices /sys/class/thermal/cooling_device0/cur_state; do
        try_oci exec box /init set $file x
        [ "$status" -ne 0 ] || { echo "$file"; false; }
    done
    try_oci exec box /init mkdir /sys/fs/cgroup/memory/deeper
    [ "$status" -ne 0 ]
    try_oci exec box /init mkdir /sys/fs/cgroup/deeper
    [ "$status" -ne 0 ]
}

@test "what spec writes hides what tells of other tenants and of power" {
    local path
    for path in /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug /proc/scsi /proc/acpi \
        /proc/asound /proc/interrupts /sys/firmware /sys/devices/virtual/powercap; do
        jq -e --arg path "$path" '.linux.maskedPaths | index($path)' "$TEST_DIR/plain.json" ||
            { echo "$path is not hidden"; false; }
    done
}

# The host's /proc and /dev/mqueue stand in for those of the host's namespaces alone.
@test "a container with its own users that joins processes or queues of others does not see the host's" {
    change "$TEST_DIR/bundle" '.process.args = ["/init", "pause"]'
    up box "$TEST_DIR/bundle"
    local pid mine
    pid=$(oci state box | jq .pid)
    # shellcheck disable=SC2016
    mine='.linux.cgroupsPath += "-2" | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
        .linux.gidMappings = .linux.uidMappings | (.linux.namespaces[] | select(.type == "TYPE")).path = "/proc/'$pid'/ns/TYPE" |
        .process.args = ["/init", "cat", "/proc/self/mountinfo"]'
    change "$TEST_DIR/bundle" "${mine//TYPE/pid}"
    try_oci run --bundle "$TEST_DIR/bundle" guest
    expect_error 1 "mounts\\[0\\]: mount 'proc' on /proc: .*Operation not permitted"
    cp "$TEST_DIR/plain.json" "$TEST_DIR/bundle/config.json"
    change "$TEST_DIR/bundle" "${mine//TYPE/ipc}"
    try_oci run --bundle "$TEST_DIR/bundle" guest
    expect_status 0
    [[ $output != *mqueue* ]]
}
