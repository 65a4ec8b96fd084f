#!/usr/bin/env bats
# A container's cgroup is a scope of systemd, of the system's or of an ordinary user's own.
# timeout: 60

load lib

declare -gA QUOTA_FILE=([v1]=cpu.cfs_quota_us [v2]=cpu.max) FROZEN=([v1]=FROZEN [v2]=1)
declare -gA FREEZER_FILE=([v1]=freezer.state [v2]=cgroup.freeze)

# What the limits below are to systemd and in the kernel. On v2:
limits_v2() { # ID
    [ "$(property ambit-$1.scope MemoryMax)" = 67108864 ]
    [ "$(property ambit-$1.scope MemoryLow)" = 33554432 ]
    [ "$(property ambit-$1.scope MemoryHigh)" = 60000000 ]
    [ "$(property ambit-$1.scope CPUWeight)" = 59 ]
    [ "$(limit_of "$1" memory.max)" = 67108864 ]
    [ "$(limit_of "$1" memory.oom.group)" = 1 ]
    [ "$(limit_of "$1" cpu.max)" = "50000 100000" ]
}

# On v1, also where a v2 tree without controllers is beside it:
limits_v1() { # ID
    [ "$(property ambit-$1.scope MemoryLimit)" = 67108864 ]
    [ "$(property ambit-$1.scope CPUShares)" = 512 ]
    [ "$(limit_of "$1" memory.limit_in_bytes)" = 67108864 ]
    [ "$(limit_of "$1" memory.soft_limit_in_bytes)" = 33554432 ]
    [ "$(limit_of "$1" cpu.shares)" = 512 ]
    [ "$(limit_of "$1" cpu.cfs_quota_us)" = 50000 ]
}

@test "limits are properties of the scope and values of its files; update, daemon-reload, delete" {
    change '.linux.cgroupsPath = ":ambit:one"
        | .linux.resources.memory = {limit: 67108864, reservation: 33554432}
        | .linux.resources.cpu = {quota: 50000, period: 100000, shares: 512}
        | .linux.resources.pids.limit = 33
        | .annotations = {"org.systemd.property.TimeoutStopSec": "5",
                          "org.systemd.property.Description": "'"'a container'"'"}'
    [ "$CGROUP" = v1 ] ||
        change '.linux.resources.unified = {"memory.high": "60000000", "memory.oom.group": "1"}'
    start_container one
    [ "$(property ambit-one.scope Slice)" = "$SCOPE.slice" ]
    [ "$(property ambit-one.scope Delegate)" = yes ]
    [ "$(property ambit-one.scope CPUQuotaPerSecUSec)" = 500ms ]
    [ "$(property ambit-one.scope TasksMax)" = 33 ]
    [ "$(property ambit-one.scope TimeoutStopUSec)" = 5s ]
    [ "$(property ambit-one.scope Description)" = "a container" ]
    limits_"$CGROUP" one
    local cgroup
    cgroup=$(cgroup_of one pids)
    [[ $cgroup == *"/$SCOPE.slice/ambit-one.scope" ]]

    oci update --pids-limit 44 --cpu-quota 25000 one
    [ "$(property ambit-one.scope TasksMax)" = 44 ]
    [ "$(property ambit-one.scope CPUQuotaPerSecUSec)" = 250ms ]
    systemctl "$USER_FLAG" daemon-reload
    [ "$(limit_of one pids.max)" = 44 ]
    [[ $(limit_of one "${QUOTA_FILE[$CGROUP]}") == 25000* ]]

    try_oci exec one /init cat /proc/self/cgroup
    [ "$(grep -vc ':/$' <<<"$output")" -eq 0 ] || { show; false; }
    oci pause one
    [[ $(limit_of one "${FREEZER_FILE[$CGROUP]}") == "${FROZEN[$CGROUP]}" ]]
    oci resume one
    oci delete --force one
    run find /sys/fs/cgroup -name 'ambit-one*'
    expect_output ""
    [ "$(property ambit-one.scope LoadState)" = not-found ]
}

@test "v1 without a cgroup namespace: the container is shown its own cgroups, not the host's" {
    [ "$CGROUP" = v1 ] || skip "for cgroup v1"
    change '.linux.namespaces |= map(select(.type != "cgroup")) | .linux.resources.pids.limit = 33'
    start_container six
    try_oci exec six /init cat /sys/fs/cgroup/pids/pids.max
    expect_output 33 # the host's root cgroup has no such file
}

@test "the cgroupfs manager: first and later processes leave the caller's unit in every hierarchy" {
    local unit pid
    unit=$(sed -n 's/.*name=systemd:\|^0::.*\///p' /proc/self/cgroup | tail -1)
    [ -n "$unit" ]
    oci run -d --bundle "$BUNDLE" seven </dev/null >"$TEST_DIR/out" 2>&1 3>&- ||
        { cat "$TEST_DIR/out"; return 1; }
    oci exec -d --pid-file "$TEST_DIR/pid" seven /init sleep 100 </dev/null >/dev/null 2>&1 3>&-
    for pid in "$(oci state seven | jq .pid)" "$(cat "$TEST_DIR/pid")"; do
        run grep -F "$unit" "/proc/$pid/cgroup"
        expect_output ""
    done
}

@test "devices of the list work beside systemd's own filter, others do not" {
    [ "$SCOPE" = system ] || skip "an ordinary user has no device rules"
    start_container two
    oci exec two /init write /dev/null x
    try_oci exec --cap CAP_MKNOD two /init mknod /dev/kmsg c 1 11
    try_oci exec two /init open /dev/kmsg
    [ "$status" -ne 0 ]
    [ "$(property ambit-two.scope DevicePolicy)" = strict ]
}

@test "a restored container is in a scope with its limits and device rules, the number of processes too" {
    [ "$SCOPE" = system ] || skip "criu wants root"
    [ "$CGROUP" = v2 ] || skip "for cgroup v2"
    require criu check -- "criu does not work with this kernel"
    change '.linux.resources.pids.limit = 1 | .linux.resources.memory.limit = 67108864'
    oci --systemd-cgroup run -d --bundle "$BUNDLE" eight </dev/null >/dev/null 2>&1 3>&- # criu takes no file of the host's
    oci checkpoint --image-path "$TEST_DIR/images" eight
    oci --systemd-cgroup restore --detach --bundle "$BUNDLE" --image-path "$TEST_DIR/images" eight \
        </dev/null >"$TEST_DIR/said" 2>&1 3>&- || { cat "$TEST_DIR/said"; false; }
    [ "$(property ambit-eight.scope ActiveState)" = active ]
    [ "$(limit_of eight pids.max)" = 1 ]
    [ "$(limit_of eight memory.max)" = 67108864 ]
    oci update --pids-limit 9 eight
    try_oci exec --cap CAP_MKNOD eight /init mknod /dev/kmsg c 1 11
    try_oci exec eight /init open /dev/kmsg
    [ "$status" -ne 0 ]
}

@test "a failed start leaves no scope; a name that is taken is said" {
    change '.process.args = ["/missing"]'
    try_oci --systemd-cgroup run --bundle "$BUNDLE" three
    expect_status 1
    await 5 eval '[ "$(property ambit-three.scope LoadState)" = not-found ]'
    cp "$TEST_DIR/plain.json" "$BUNDLE/config.json"
    change '.linux.cgroupsPath = ":ambit:four"'
    start_container four
    try_oci --systemd-cgroup run -d --bundle "$BUNDLE" five
    expect_status 1
    grep -q 'linux.cgroupsPath: systemd, ambit-four.scope: ' <<<"$errors"
    [ "$(oci list -q)" = four ]
}
