#!/usr/bin/env bats
# A container's cgroup is a scope of systemd, of the system's or of an ordinary user's own.
# timeout: 60

load lib

@test "limits are properties of the scope and values of its files; update, daemon-reload, delete" {
    change '.linux.cgroupsPath = ":ambit:one"
        | .linux.resources.memory = {limit: 67108864, reservation: 33554432}
        | .linux.resources.cpu = {quota: 50000, period: 100000, shares: 512}
        | .linux.resources.pids.limit = 33
        | .linux.resources.unified = {"memory.high": "60000000", "memory.oom.group": "1"}
        | .annotations = {"org.systemd.property.TimeoutStopSec": "5",
                          "org.systemd.property.Description": "'"'a container'"'"}'
    start_container one
    [ "$(property ambit-one.scope Slice)" = "$SCOPE.slice" ]
    [ "$(property ambit-one.scope Delegate)" = yes ]
    [ "$(property ambit-one.scope MemoryMax)" = 67108864 ]
    [ "$(property ambit-one.scope MemoryLow)" = 33554432 ]
    [ "$(property ambit-one.scope MemoryHigh)" = 60000000 ]
    [ "$(property ambit-one.scope CPUQuotaPerSecUSec)" = 500ms ]
    [ "$(property ambit-one.scope CPUWeight)" = 59 ]
    [ "$(property ambit-one.scope TasksMax)" = 33 ]
    [ "$(property ambit-one.scope TimeoutStopUSec)" = 5s ]
    [ "$(property ambit-one.scope Description)" = "a container" ]
    local cgroup
    cgroup=$(cgroup_of one)
    [[ $cgroup == *"/$SCOPE.slice/ambit-one.scope" ]]
    [ "$(cat "$cgroup/memory.max")" = 67108864 ]
    [ "$(cat "$cgroup/memory.oom.group")" = 1 ]
    [ "$(cat "$cgroup/cpu.max")" = "50000 100000" ]

    oci update --pids-limit 44 --cpu-quota 25000 one
    [ "$(property ambit-one.scope TasksMax)" = 44 ]
    [ "$(property ambit-one.scope CPUQuotaPerSecUSec)" = 250ms ]
    systemctl "$USER_FLAG" daemon-reload
    [ "$(cat "$cgroup/pids.max")" = 44 ]
    [ "$(cat "$cgroup/cpu.max")" = "25000 100000" ]

    try_oci exec one /init cat /proc/self/cgroup
    expect_line "0::/"
    oci pause one
    [ "$(cat "$cgroup/cgroup.freeze")" = 1 ]
    oci resume one
    oci delete --force one
    [ ! -e "$cgroup" ]
    [ "$(property ambit-one.scope LoadState)" = not-found ]
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
