#!/usr/bin/env bats
# timeout: 120
# Class G: checkpoint archives of strangers. CVE-2026-53489 (links among an archive's files, which
# are followed when the log is written), CVE-2026-95837 (processes with other rights than the
# configuration's). In criu's place is a program that "restores" whatever a test wants.

load ../integration/lib
load bundle

setup_file() {
    prepare_store
    make_bundle "$TEST_DIR/box" '.process.capabilities = {} | .process.noNewPrivileges = true |
        .process.user = {uid: 1000, gid: 1000}'
    cat >"$TEST_DIR/criu" <<'END'
#!/bin/bash
exec >/dev/null 2>&1
until [ "$1" = --pidfile ]; do shift; done
top=${0%/*}
# Unlike criu's, its processes come from a runtime, which wants the cgroup for itself.
path=$(jq -r .linux.cgroupsPath "$top/box/config.json")
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    for pid in $(cat "$hierarchy$path/cgroup.procs"); do
        echo "$pid" >"$hierarchy/cgroup.procs"
    done
done
"$PROGRAMS/ambit-oci" --root "$top/archive" run --detach --bundle "$top/evil" --pid-file "$2" evil </dev/null
kill -STOP "$(cat "$2")"
END
    chmod +x "$TEST_DIR/criu"
}

teardown() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/archive" delete --force evil
    remove_all
}

restore() { # JQ-FILTER: how the archive's processes differ from the configuration
    rm -rf "$TEST_DIR/images" "$TEST_DIR/evil"
    mkdir "$TEST_DIR/images" "$TEST_DIR/evil"
    jq ".root.path = \"$TEST_DIR/box/rootfs\" | $1" "$TEST_DIR/box/config.json" >"$TEST_DIR/evil/config.json"
    restore_images
}

restore_images() { # [OPTION...]
    try_oci --criu "$TEST_DIR/criu" restore --detach --bundle "$TEST_DIR/box" \
        --image-path "$TEST_DIR/images" "$@" box </dev/null 3>&-
}

remove_evil() {
    "$PROGRAMS/ambit-oci" --root "$TEST_DIR/archive" delete --force evil
    [ -z "$(oci list -q)" ]
}

@test "processes of an archive do not run with other rights than the configuration's" {
    local kind
    restore .
    expect_status 0
    oci delete --force box
    remove_evil
    for kind in network ipc cgroup pid; do
        restore "del(.linux.namespaces[] | select(.type == \"$kind\"))"
        expect_error 1 "linux.namespaces: process [0-9]+ of the archive is in the host's ${kind/work/} namespace"
        remove_evil
    done
    restore '.process.user.uid = 0'
    expect_error 1 'process.user: process [0-9]+ of the archive is another user'
    remove_evil
    restore '.process.user.additionalGids = [0]'
    expect_error 1 'process.user: .* in other groups'
    remove_evil
    restore '.process.capabilities = {bounding: ["CAP_KILL"]}'
    expect_error 1 'process.capabilities: process [0-9]+ of the archive has more'
}

@test "no process of an archive is outside the configured cgroup" {
    restore '.linux.cgroupsPath += "-elsewhere"'
    expect_error 1 'linux.cgroupsPath: process [0-9]+ of the archive is not in the configured cgroup'
}

@test "a link among an archive's files is neither written through nor read" {
    mkdir -p "$TEST_DIR/images/before" "$TEST_DIR/work"
    echo precious >"$TEST_DIR/precious"
    ln -s "$TEST_DIR/precious" "$TEST_DIR/images/ambit-criu.log"
    restore_images
    expect_error 1 'ambit-criu.log: a symbolic link instead of a file'
    mv "$TEST_DIR/images/ambit-criu.log" "$TEST_DIR/work"
    restore_images --work-path "$TEST_DIR/work"
    expect_error 1 'work/ambit-criu.log: a symbolic link instead of a file'
    ln -s before "$TEST_DIR/images/parent"
    ln -s /etc/shadow "$TEST_DIR/images/before/pages-1.img"
    restore_images
    expect_error 1 'pages-1.img: a symbolic link instead of a file'
    [ "$(cat "$TEST_DIR/precious")" = precious ]
    rm "$TEST_DIR/images/before/pages-1.img"
    mkfifo "$TEST_DIR/images/before/pages-1.img"
    restore_images
    expect_error 1 'pages-1.img: a device or FIFO instead of a file'
}
