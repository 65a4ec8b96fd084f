#!/usr/bin/env bats
# Pods with a user namespace of their own (`hostUsers: false`), as containerd and CRI-O ask for them:
# one container makes or joins the namespaces, the others join its (config-linux.md#namespaces).

load lib
load oci

MAPS='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

setup() {
    HOLDER=
}

teardown() {
    delete_all
    [ -z "$HOLDER" ] || kill "$HOLDER"
}

# A process in new namespaces that nobody uses yet: $HOLDER.
hold() { # OPTION-OF-UNSHARE...
    unshare "$@" sleep 1000 3>&- &
    HOLDER=$!
    await 10 grep -qx sleep "/proc/$HOLDER/comm"
}

pid_of() { # CONTAINER
    oci state "$1" | jq .pid
}

join() { # PID TYPE...: a filter; user comes with the mapping that it has
    local pid=$1 type filter=$MAPS
    shift
    for type in "$@"; do
        filter+=" | .linux.namespaces |= map(select(.type != \"$type\")) +
            [{type: \"$type\", path: \"/proc/$pid/ns/${type/network/net}\"}]"
        [ "$type" != uts ] || filter+=' | del(.hostname)'
    done
    echo "$filter"
}

up() { # NAME FILTER...: a container that sleeps
    configure "${@:2}" ".linux.cgroupsPath += \"-$1\"" '.process.args = ["/init", "sleep", "1000"]'
    oci run --detach --bundle "$BUNDLE" "$1" </dev/null >"$TEST_DIR/out" 2>&1 3>&- ||
        { cat "$TEST_DIR/out"; return 1; }
}

sandbox() { # FILTER...
    up sandbox '.linux.namespaces += [{type: "user"}]' "$MAPS" "$@"
}

namespace_in() { # CONTAINER TYPE
    oci exec "$1" /init readlink "/proc/self/ns/$2"
}

@test "its containers have the sandbox's namespaces, their own processes, and rule over both" {
    local kind
    sandbox '.hostname = "pod"' '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "7"}'
    up member "$(join "$(pid_of sandbox)" network ipc uts user)"
    for kind in user net ipc uts; do
        [ "$(namespace_in member $kind)" = "$(namespace_in sandbox $kind)" ]
    done
    [ "$(namespace_in member pid)" != "$(namespace_in sandbox pid)" ]
    run oci exec member /init cat /proc/self/uid_map /proc/sys/net/ipv4/ip_unprivileged_port_start , hostname , \
        stat /dev/null , cat /proc/self/mountinfo
    expect_status 0
    expect_match '^ *0 +100000 +65536$'
    expect_line 7
    expect_line pod
    expect_match '^/dev/null .*uid=0 gid=0 '
    expect_match ' / /sys ro,.* - sysfs '
    expect_match ' / /dev/mqueue rw,.* - mqueue '
}

@test "shared processes" {
    sandbox .
    up member "$(join "$(pid_of sandbox)" pid network ipc uts user)"
    run oci exec member /init ls /proc , readlink /proc/self/ns/user
    expect_line 1
    expect_line "$(oci exec sandbox /init readlink /proc/1/ns/user)"
    oci kill sandbox KILL
    stopped() { [ "$(oci state member | jq -r .status)" = stopped ]; }
    await 10 stopped
}

# What CNI plugins made first is the host's: no sysfs of it can be mounted from the user namespace.
@test "a network that the host made" {
    local filter name
    hold --net
    filter=".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$HOLDER/ns/net\" else . end)"
    sandbox "$filter"
    up member "$(join "$(pid_of sandbox)" network ipc uts user)"
    up other "$(join "$(pid_of sandbox)" ipc uts user) | $filter"
    for name in sandbox member other; do
        [ "$(namespace_in "$name" net)" = "$(readlink "/proc/$HOLDER/ns/net")" ]
        run oci exec $name /init cat /proc/self/mountinfo , write /sys/kernel/profiling 0
        expect_match ' / /sys ro,.* - sysfs '
        expect_match 'Read-only file system'
    done
}

@test "the host's network and processes: without what the host has mounted below /sys and /proc" {
    local none='.linux.namespaces |= map(select(.type != "network" and .type != "pid"))'
    sandbox "$none"
    up member "$(join "$(pid_of sandbox)" ipc uts user) | $none"
    [ "$(namespace_in member net)" = "$(readlink /proc/self/ns/net)" ]
    [ "$(namespace_in member user)" = "$(namespace_in sandbox user)" ]
    run oci exec member /init cat /proc/self/mountinfo
    expect_match ' / /sys ro,.* - sysfs '
    expect_match ' / /proc .* - proc '
    ! grep -E ' - (debugfs|tracefs|securityfs|bpf|autofs|binfmt_misc) ' <<<"$output" || false
}

@test "namespaces that were all made beforehand, and a mapping that only they know" {
    local filter name
    hold --user --net --ipc --uts
    echo '0 100000 65536' | tee "/proc/$HOLDER/uid_map" >"/proc/$HOLDER/gid_map"
    filter=$(join "$HOLDER" network ipc uts user)
    up sandbox "$filter"
    up member "$filter" 'del(.linux.uidMappings, .linux.gidMappings)'
    for name in sandbox member; do
        [ "$(namespace_in $name net)" = "$(readlink "/proc/$HOLDER/ns/net")" ]
        run oci exec $name /init cat /proc/self/mountinfo , stat /dev/null
        expect_match ' / /sys ro,.* - sysfs '
        expect_match '^/dev/null .*uid=0 gid=0 '
    done
}

@test "volumes have their files' owners, by their own mapping or the container's" {
    local members options volume
    mkdir -p "$TEST_DIR/volume" "$BUNDLE/rootfs/data"
    touch "$TEST_DIR/volume/file"
    chown 7:8 "$TEST_DIR/volume/file"
    sandbox .
    for volume in '"rbind"|'"${MAPS//.linux./.mounts[-1].}" '"rbind", "idmap"|.' '"rbind", "ridmap"|.'; do
        options=${volume%%|*} members=${volume#*|}
        up member "$(join "$(pid_of sandbox)" network ipc uts user)" \
            ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$TEST_DIR/volume\", options: [$options]}] | $members"
        run oci exec member /init stat /data/file , touch /data/new
        expect_status 0
        expect_match 'uid=7 gid=8'
        [ "$(stat -c %u "$TEST_DIR/volume/new")" = 0 ]
        rm "$TEST_DIR/volume/new"
        oci delete --force member
    done
    rm -r "$TEST_DIR/volume"
}

@test "clocks of its own in a user namespace that is another's" {
    require test -e /proc/self/ns/time -- "this kernel has no time namespaces"
    sandbox .
    up member "$(join "$(pid_of sandbox)" user)" '.linux.namespaces += [{type: "time"}]' \
        '.linux.timeOffsets = {monotonic: {secs: 5000}}'
    run oci exec member /init cat /proc/self/timens_offsets
    expect_match '^monotonic +5000 +0$'
}
