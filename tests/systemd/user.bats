#!/usr/bin/env bats
# An ordinary user with a systemd of his own, and subordinate ids: ambit-oci, and podman with it.
# timeout: 120

load lib

for_user_on() { # v1|v2
    [ "$SCOPE" = user ] || skip "for an ordinary user"
    [ "$CGROUP" = "$1" ] || skip "for cgroup $1"
}

@test "the systemd manager: a scope of the user's own systemd, with limits" {
    for_user_on v2
    change '.linux.resources.pids.limit = 33 | .linux.resources.memory.limit = 67108864'
    start_container one
    [ "$(property ambit-one.scope TasksMax)" = 33 ]
    local cgroup
    cgroup=$(cgroup_of one pids)
    [[ $cgroup == */user@*.service/user.slice/ambit-one.scope ]]
    [ "$(cat "$cgroup/pids.max")" = 33 ]
    [ "$(cat "$cgroup/memory.max")" = 67108864 ]
    try_oci exec one /init cat /proc/self/cgroup
    expect_line "0::/"
}

@test "the cgroupfs manager: beside his own cgroup, in the part that is delegated" {
    for_user_on v2
    change '.linux.resources.pids.limit = 33'
    oci run -d --bundle "$BUNDLE" "ambit-two" </dev/null >"$TEST_DIR/out" 2>&1 3>&- || { cat "$TEST_DIR/out"; false; }
    [ "$(limit_of ambit-two pids.max)" = 33 ]
}

@test "v1 delegates no controllers: a limit is an error, without one there is no cgroup" {
    for_user_on v1
    local manager
    for manager in cgroupfs systemd; do
        cp "$TEST_DIR/plain.json" "$BUNDLE/config.json"
        change '.process.args = ["/init", "pid"]'
        try_oci --cgroup-manager "$manager" run --bundle "$BUNDLE" "ambit-$manager"
        expect_status 0
        change '.linux.resources.pids.limit = 33'
        try_oci --cgroup-manager "$manager" run --bundle "$BUNDLE" "ambit-$manager"
        expect_error 1 'create cgroup /sys/fs/cgroup/pids/.*: Permission denied'
    done
    [ "$(oci list -q)" = "" ]
}

@test "a range of ids through newuidmap" {
    [ "$SCOPE" = user ] || skip "for an ordinary user"
    local first
    first=$(sed -n "s/^$(id -un):\([0-9]*\):.*/\1/p" /etc/subuid)
    change '.process.args = ["/init", "id"] | .process.user = {uid: 5, gid: 6}
        | .linux.uidMappings += [{containerID: 1, hostID: '"$first"', size: 1000}]
        | .linux.gidMappings += [{containerID: 1, hostID: '"$first"', size: 1000}]'
    try_oci run --bundle "$BUNDLE" three
    expect_line "uid=5 euid=5 gid=6 egid=6 groups="
}

@test "podman with ambit-oci as its runtime" {
    require command -v podman -- "podman is not installed"
    local manager podman
    for manager in systemd cgroupfs; do
        podman=(podman --root "$TEST_DIR/podman" --runroot "$TEST_DIR/run" --cgroup-manager "$manager"
            --runtime "$PROGRAMS/ambit-oci" --events-backend file)
        run "${podman[@]}" run --rm --network none --pids-limit 50 --ulimit nofile=1024:1024 \
            --ulimit nproc=1000:1000 --rootfs "$BUNDLE/rootfs" /init id , cat /proc/self/cgroup
        [ "$status" -eq 0 ] || { echo "$manager: $output"; false; }
        expect_match "uid=0 euid=0"
    done
    # An ordinary user's podman leaves a process that holds his namespaces: this ends it.
    "${podman[@]}" system migrate
}
